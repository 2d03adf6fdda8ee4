import { randomUUID } from 'node:crypto';
import type { Clock } from '../../lib/clock.ts';
import { sha256 } from '../../lib/digest.ts';
import type { Keyring } from '../../lib/keyring.ts';
import type { AccountId } from '../accounts/account.ts';
import type { TenantId } from '../tenants/tenant.ts';
import type { Artifact, ArtifactStore } from '../tokens/artifact-store.ts';
import type { LogoutNotice } from './upstream.ts';
import type { ProviderId } from './upstream-provider.ts';

const VISIT = 'UpstreamVisit';
const SIGNED_OUT = 'UpstreamSignedOut';

/** As long as an ID token may be older than the logout token that overtook it. */
const REMEMBERED_MS = 10 * 60_000;

/** A UUID; good for nothing by itself. */
export type VisitId = string;

/** Somebody is signed in here because a provider vouched for them. Their session, or the family of their tokens, hangs on it and is over with it. */
export interface Visit {
  readonly id: VisitId;
  readonly provider: ProviderId;
  readonly issuer: string;
  readonly subject: string;
  /** Their session there (OpenID Connect Back-Channel Logout 2.1), where the provider told. */
  readonly sid: string | undefined;
  /** When the provider vouched for them, where it told. Seconds since the epoch. */
  readonly issuedAt: number | undefined;
  /** When they signed in there, where it told. Seconds since the epoch. */
  readonly authTime: number | undefined;
  readonly accountId: AccountId;
  readonly tenantId: TenantId;
  /** To sign them out there; kept only for that. */
  readonly idToken: string | undefined;
}

export interface Visits {
  /**
   * Undefined when the provider has told meanwhile that they signed out there.
   * @param signIn what names the sign-in here that it is part of, until that is done; an earlier visit of the same is over
   */
  begin(visit: Omit<Visit, 'id'>, signIn: string): Promise<VisitId | undefined>;
  ofSignIn(signIn: string): Promise<Visit | undefined>;
  /** Undefined once it is over. */
  find(id: VisitId): Promise<Visit | undefined>;
  /** Whether it is not over. */
  stands(id: VisitId): Promise<boolean>;
  /** Whatever a provider's notice is about, also what began to end before and is still there. A visit that begins at the same time is not missed. */
  affected(notice: Omit<LogoutNotice, 'jti'>): Promise<readonly Visit[]>;
  /** From now on nothing that hangs on it counts; true for the one of many callers who closed it. It can still be found by `affected`, until `end`. */
  close(id: VisitId): Promise<boolean>;
  end(id: VisitId): Promise<void>;
}

/** @param longest seconds after which whatever hangs on a visit is over anyway */
export function createVisits({
  artifacts,
  keyring,
  clock,
  longest,
}: {
  readonly artifacts: ArtifactStore;
  readonly keyring: Keyring;
  readonly clock: Clock;
  readonly longest: number;
}): Visits {
  const recordOf = (id: VisitId) => `${VISIT} ${id}`;
  const open = (id: VisitId, sealed: unknown) => JSON.parse(keyring.open(String(sealed), recordOf(id))) as Visit;
  const inMs = (milliseconds: number) => new Date(clock().getTime() + milliseconds);

  async function put(visit: Visit, signIn: string): Promise<void> {
    const { id, issuer, subject, sid, accountId } = visit;
    const payload = { sealed: keyring.seal(JSON.stringify(visit), recordOf(id)) };
    // What a provider may name when it ends: the session there, or the person there.
    const [grantId, clientId] = [sid && nameOf(issuer, 'sid', sid), nameOf(issuer, 'sub', subject)];
    await artifacts.put(VISIT, id, { payload, accountId, uid: sha256(signIn), grantId, clientId }, inMs(longest * 1000));
  }

  const standing = (artifact: Artifact | undefined) => (artifact?.consumedAt === undefined ? artifact : undefined);

  async function ofSignIn(signIn: string): Promise<Visit | undefined> {
    const found = await artifacts.findBy(VISIT, 'uid', sha256(signIn));
    return found && standing(found.artifact) && open(found.id, found.artifact.payload.sealed);
  }

  const list = async (index: 'clientId' | 'grantId', name: string) =>
    (await artifacts.list(VISIT, index, name)).map(({ id, artifact }) => open(id, artifact.payload.sealed));

  /** When it was last told that this was over; seconds since the epoch. */
  const toldOf = async (name: string) => Number((await artifacts.find(SIGNED_OUT, name))?.payload.at ?? 0);

  async function remember(name: string, at: number): Promise<void> {
    await artifacts.put(SIGNED_OUT, name, { payload: { at: Math.max(at, await toldOf(name)) } }, inMs(REMEMBERED_MS));
  }

  async function wasOvertaken({ issuer, subject, sid, issuedAt = Number.POSITIVE_INFINITY }: Omit<Visit, 'id'>): Promise<boolean> {
    const ofSession = sid === undefined ? nameOf(issuer, 'no sid', subject) : nameOf(issuer, 'sid', sid);
    return issuedAt <= Math.max(await toldOf(nameOf(issuer, 'sub', subject)), await toldOf(ofSession));
  }

  return {
    async begin(draft, signIn) {
      const earlier = await ofSignIn(signIn);
      if (earlier) await artifacts.remove(VISIT, earlier.id);
      const visit = { ...draft, id: randomUUID() };
      await put(visit, signIn);
      // Looked at after the visit is there: a notice that comes later finds it.
      if (!(await wasOvertaken(draft))) return visit.id;
      await artifacts.remove(VISIT, visit.id);
      return undefined;
    },
    ofSignIn,
    async find(id) {
      const artifact = standing(await artifacts.find(VISIT, id));
      return artifact && open(id, artifact.payload.sealed);
    },
    stands: async (id) => standing(await artifacts.find(VISIT, id)) !== undefined,
    async affected({ issuer, subject, sid, issuedAt }) {
      if (sid !== undefined) await remember(nameOf(issuer, 'sid', sid), issuedAt);
      if (subject !== undefined) await remember(nameOf(issuer, sid === undefined ? 'sub' : 'no sid', subject), issuedAt);
      const ofSubject = subject === undefined ? [] : await list('clientId', nameOf(issuer, 'sub', subject));
      if (sid === undefined) return ofSubject;
      const ofSession = (await list('grantId', nameOf(issuer, 'sid', sid))).filter(
        (visit) => subject === undefined || visit.subject === subject,
      );
      // A session that had no name may be the one that is meant.
      return [...ofSession, ...ofSubject.filter((visit) => visit.sid === undefined)];
    },
    close: (id) => artifacts.consume(VISIT, id),
    end: (id) => artifacts.remove(VISIT, id),
  };
}

/** Of somebody's session at a provider, of somebody there, or of somebody there whose session has no name. */
const nameOf = (issuer: string, kind: 'sid' | 'sub' | 'no sid', value: string) => sha256(JSON.stringify([issuer, kind, value]));
