import type Provider from 'oidc-provider';
import type { KoaContextWithOIDC } from 'oidc-provider';
import type { Account } from '../domain/accounts/account.ts';
import type { Visits } from '../domain/federation/visits.ts';
import { epochSeconds } from '../lib/clock.ts';
import { sha256 } from '../lib/digest.ts';
import { type AdapterDeps, createAdapterFactory, endGrant } from './adapter.ts';
import type { ClientSession } from './tell-clients.ts';

/** Of a session: what decides how long it may last, and the visit it hangs on. */
export interface SessionTerm {
  readonly accountId?: string | undefined;
  /** When the session began, in seconds since the epoch; `loginTs` is when the person proved who they are, elsewhere perhaps. */
  readonly begunAt?: number | undefined;
  readonly loginTs?: number | undefined;
  /** Not to be kept when the browser closes. */
  readonly transient?: boolean | undefined;
  /** From another provider; the session is over when that is. */
  readonly visit?: string | undefined;
}

/** Seconds. */
export interface SessionLifetimes {
  readonly session_idle: number;
  readonly session_absolute: number;
  readonly remembered_session: number;
}

/** Seconds until the session ends when it is not used, and until it ends in any case, which is below 1 once it has. */
export function termOf(session: SessionTerm, lifetimes: SessionLifetimes, now: number): { readonly idle: number; readonly left: number } {
  const remembered = session.accountId !== undefined && session.transient !== true;
  const absolute = remembered ? lifetimes.remembered_session : lifetimes.session_absolute;
  return {
    idle: remembered ? lifetimes.remembered_session : lifetimes.session_idle,
    left: (session.begunAt ?? session.loginTs ?? now) + absolute - now,
  };
}

const VERSION = 'credentialVersion';
const VISIT = 'visit';
const BEGUN = 'begunAt';
const ENDED = 'EndedSession';

/** The engine's session with the fields we add to it. */
interface KeptSession {
  readonly uid: string;
  readonly accountId?: string | undefined;
  [VERSION]?: unknown;
  [VISIT]?: string | undefined;
  [BEGUN]?: number | undefined;
  transient?: boolean | undefined;
}

/** Whether a session that a look-up has just found is one of this person, with the credentials they have now. */
export function isOf(session: Pick<KeptSession, 'accountId' | typeof VERSION>, { id, credentialVersion }: Account): boolean {
  return session.accountId === id && session[VERSION] === credentialVersion;
}

interface SessionModel {
  readonly IN_PAYLOAD: readonly string[];
  readonly prototype: { destroy(): Promise<void>; readonly uid: string };
  find(...query: unknown[]): Promise<KeptSession | undefined>;
  findByUid(...query: unknown[]): Promise<KeptSession | undefined>;
}

/**
 * When a session is over although the engine would go on with it. The engine stores a session at the end of each request that used it, so one
 * that ended in the meantime comes back, and a sign-in page may wait with an old one. What ended is therefore written down:
 * each session keeps the credential version it began under, and a session that was signed out of leaves its uid behind. One that hangs on a visit
 * from another provider is over when there is no such visit any more.
 */
export interface Sessions {
  /** Adds the rules to an engine: whatever looks a session up, its cookie or a token that is bound to it, finds none that has ended. */
  install(provider: Provider): void;
  /** Whether the session of this request, if there is one, still stands for this person. A sign-in that ends with this request begins it. */
  isCurrent(ctx: KoaContextWithOIDC, person: Account): Promise<boolean>;
  /** The session with this uid, which a waiting interaction names, if it still stands for this person. */
  findLive(provider: Provider, uid: string, person: Account): Promise<SessionTerm | undefined>;
  /** Ends the sessions that hang on a visit, with all they gave to clients but what was to outlast them (offline_access). Resolves to what they gave. */
  endVisit(visit: string): Promise<readonly ClientSession[]>;
}

export interface SessionsDeps extends AdapterDeps {
  readonly visits: Pick<Visits, 'stands'>;
  /** Seconds after which every session is over anyway. */
  readonly longest: number;
}

export function createSessions(deps: SessionsDeps): Sessions {
  const { artifacts, visits, clock, longest } = deps;
  const stored = createAdapterFactory(deps)('Session');
  const signedOut = async (uid: string) => (await artifacts.find(ENDED, sha256(uid))) !== undefined;
  const ended = async ({ uid, [VISIT]: visit }: KeptSession) =>
    (await signedOut(uid)) || (visit !== undefined && !(await visits.stands(visit)));

  /** Asked for to outlast a session; that a client may refresh without asking is not that (OpenID Connect Back-Channel Logout 2.7). */
  async function isOffline(grantId: string): Promise<boolean> {
    const { openid } = (await artifacts.find('Grant', grantId))?.payload ?? {};
    const scope = typeof openid === 'object' && openid !== null && 'scope' in openid ? openid.scope : '';
    return String(scope).split(' ').includes('offline_access');
  }

  return {
    install(provider) {
      const model = provider.Session as unknown as SessionModel;
      const fields = [...model.IN_PAYLOAD, VERSION, VISIT, BEGUN];
      Object.defineProperty(model, 'IN_PAYLOAD', { get: () => fields });
      const { destroy } = model.prototype;
      model.prototype.destroy = async function end(this: SessionModel['prototype']) {
        await artifacts.put(ENDED, sha256(this.uid), { payload: {} }, new Date(clock().getTime() + longest * 1000));
        await destroy.call(this);
      };
      for (const way of ['find', 'findByUid'] as const) {
        const original = model[way];
        model[way] = async function findUnended(this: SessionModel, ...query: unknown[]) {
          const session = await original.apply(this, query);
          return session && (await ended(session)) ? undefined : session;
        };
      }
    },

    async isCurrent(ctx, person) {
      const session = ctx.oidc.session as unknown as KeptSession | undefined;
      if (!session) return true;
      const login = ctx.oidc.result?.login;
      if (login) {
        session[VERSION] = login[VERSION];
        session[VISIT] = typeof login[VISIT] === 'string' ? login[VISIT] : undefined;
        session[BEGUN] = epochSeconds(clock());
        // The engine keeps the first answer to "keep me signed in"; the last one counts.
        session.transient = login.remember === false ? true : undefined;
      }
      const visit = session[VISIT];
      // A sign-in may wait between its pages and here while its visit ends. The session stays, for the page that comes next, and is nobody's.
      if (visit !== undefined && !(await visits.stands(visit))) {
        session[VISIT] = undefined;
        session[VERSION] = undefined;
      }
      return session[VERSION] === person.credentialVersion;
    },

    async findLive(provider, uid, person) {
      const session = (await provider.Session.findByUid(uid)) as unknown as (KeptSession & SessionTerm) | undefined;
      return session && isOf(session, person) ? session : undefined;
    },

    async endVisit(visit) {
      const over: ClientSession[] = [];
      for (const { id, artifact } of await artifacts.list('Session', 'grantId', visit)) {
        const { accountId = '', authorizations = {} } = (await stored.findByUid(artifact.uid ?? '')) ?? {};
        for (const [clientId, { sid, grantId, persistsLogout }] of Object.entries(authorizations)) {
          if (grantId && !(persistsLogout && (await isOffline(grantId)))) await endGrant(artifacts, grantId);
          over.push({ clientId, accountId, sid });
        }
        await artifacts.remove('Session', id);
      }
      return over;
    },
  };
}
