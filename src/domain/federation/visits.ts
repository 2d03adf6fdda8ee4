import { randomUUID } from 'node:crypto';
import type { Clock } from '../../lib/clock.ts';
import { sha256 } from '../../lib/digest.ts';
import type { Keyring } from '../../lib/keyring.ts';
import type { AccountId } from '../accounts/account.ts';
import type { ArtifactStore } from '../tokens/artifact-store.ts';
import type { ProviderId } from './upstream-provider.ts';

const KIND = 'UpstreamVisit';

/** A UUID that never leaves the house. */
export type VisitId = string;

/** Somebody is signed in here because a provider vouched for them. Their session, or the family of their tokens, hangs on it and is over with it. */
export interface Visit {
  readonly id: VisitId;
  readonly provider: ProviderId;
  readonly issuer: string;
  readonly subject: string;
  /** Their session there (OpenID Connect Back-Channel Logout 2.1), where the provider told. */
  readonly sid: string | undefined;
  readonly accountId: AccountId;
  /** To sign them out there; kept only for that. */
  readonly idToken: string | undefined;
}

export interface Visits {
  /** @param signIn what names the sign-in here that it is part of, until that is done; an earlier visit of the same is over */
  begin(visit: Omit<Visit, 'id'>, signIn: string): Promise<VisitId>;
  /** The sign-in goes on under another name. */
  goOn(id: VisitId, signIn: string): Promise<void>;
  ofSignIn(signIn: string): Promise<Visit | undefined>;
  find(id: VisitId): Promise<Visit | undefined>;
  ofAccount(account: AccountId): Promise<readonly Visit[]>;
  ofSession(issuer: string, sid: string): Promise<readonly Visit[]>;
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
  const recordOf = (id: VisitId) => `${KIND} ${id}`;
  const open = (id: VisitId, sealed: unknown) => JSON.parse(keyring.open(String(sealed), recordOf(id))) as Visit;

  async function put(visit: Visit, signIn: string): Promise<void> {
    const { id, issuer, sid, accountId } = visit;
    const payload = { sealed: keyring.seal(JSON.stringify(visit), recordOf(id)) };
    const indexes = { accountId, uid: sha256(signIn), grantId: sid === undefined ? undefined : sessionName(issuer, sid) };
    await artifacts.put(KIND, id, { payload, ...indexes }, new Date(clock().getTime() + longest * 1000));
  }

  async function find(id: VisitId): Promise<Visit | undefined> {
    const artifact = await artifacts.find(KIND, id);
    return artifact && open(id, artifact.payload.sealed);
  }

  async function ofSignIn(signIn: string): Promise<Visit | undefined> {
    const found = await artifacts.findBy(KIND, 'uid', sha256(signIn));
    return found && open(found.id, found.artifact.payload.sealed);
  }

  const list = async (index: 'accountId' | 'grantId', value: string) =>
    (await artifacts.list(KIND, index, value)).map(({ id, artifact }) => open(id, artifact.payload.sealed));

  return {
    async begin(visit, signIn) {
      const earlier = await ofSignIn(signIn);
      if (earlier) await artifacts.remove(KIND, earlier.id);
      const id = randomUUID();
      await put({ ...visit, id }, signIn);
      return id;
    },
    async goOn(id, signIn) {
      const visit = await find(id);
      if (visit) await put(visit, signIn);
    },
    ofSignIn,
    find,
    ofAccount: (account) => list('accountId', account),
    ofSession: (issuer, sid) => list('grantId', sessionName(issuer, sid)),
    end: (id) => artifacts.remove(KIND, id),
  };
}

const sessionName = (issuer: string, sid: string) => sha256(JSON.stringify([issuer, sid]));
