import { AlreadyExistsError } from '../../src/domain/errors.ts';
import { identityId } from '../../src/domain/federation/identity.ts';
import type { Storage } from '../../src/storage/storage.ts';
import {
  linkDigest,
  numberedAccount,
  sampleAccount,
  sampleChallenge,
  sampleClient,
  sampleEvent,
  sampleFactor,
  sampleIdentity,
  sampleKey,
  sampleProvider,
  sampleTokens,
} from './samples.ts';

export const FAR_FUTURE = new Date('2100-01-01T00:00:00Z');

/** One call of one of the racing processes. */
interface Turn {
  readonly storage: Storage;
  /** Calls of the same round want the same thing. */
  readonly round: number;
  /** No other call in any process has this name. */
  readonly name: string;
}

type Race = (turn: Turn) => Promise<boolean | number>;

const { tenantId: tenant, id: account } = sampleAccount();
const now = () => new Date();

/** The only ways into an account of each round. */
const LAST_TWO = ['one', 'other'];
const ways = (round: number) => LAST_TWO.map((which) => identityId(`${which}-${round}`));
const federated = (round: number) => numberedAccount(1000 + round, { passwordHash: undefined });

/** What several processes do at once. Named, because a function cannot be sent to another process. */
export const races = {
  consume: ({ storage, round }) => storage.artifacts.consume('AuthorizationCode', `code-${round}`),
  putOnce: ({ storage, round, name }) => storage.artifacts.putOnce('ReplayDetection', `jti-${round}`, { payload: { name } }, FAR_FUTURE),
  putOnceOverExpired: ({ storage, round }) => storage.artifacts.putOnce('ReplayDetection', `old-${round}`, { payload: {} }, FAR_FUTURE),
  putMembers: async ({ storage, name }) => {
    const members = { group: 'race', entries: { [name]: 'x' } };
    await storage.artifacts.put('Session', 'session', { payload: {}, members }, FAR_FUTURE);
    return true;
  },
  enrol: ({ storage, round, name }) =>
    storage.mfa.enrol(tenant, sampleFactor({ accountId: numberedAccount(round).id, sealedSecret: name }), [`${name}-1`, `${name}-2`]),
  acceptStep: ({ storage, round }) => storage.mfa.acceptStep(tenant, account, sampleFactor().lastStep + 1 + round),
  useRecoveryCode: ({ storage, round }) => storage.mfa.useRecoveryCode(tenant, account, `recovery-${round}`),
  takeLink: ({ storage, round }) => storage.links.take(linkDigest(`link-${round}`), now()),
  countTry: ({ storage, round }) => storage.challenges.countTry(`tries-${round}`, now()),
  removeChallenge: ({ storage, round }) => storage.challenges.remove(`remove-${round}`),
  hit: async ({ storage, round }) => {
    const rule = { limit: 5, windowSeconds: 3600, blockSeconds: 3600 };
    const { count, allowed } = await storage.counters.hit(`race-${round}`, rule, now());
    return allowed ? count : -count;
  },
  updateAccount: async ({ storage }) => {
    const changed = await storage.accounts.update(tenant, account, (old) => ({ ...old, credentialVersion: old.credentialVersion + 1 }));
    return changed?.credentialVersion ?? false;
  },
  updateClient: async ({ storage, name }) => {
    const changed = await storage.clients.update(tenant, sampleClient().id, (old) => ({ ...old, scopes: [...old.scopes, name] }));
    return changed?.scopes.length ?? false;
  },
  updateProvider: async ({ storage, name }) => {
    const changed = await storage.providers.update(sampleProvider().id, (old) => ({ ...old, scopes: [...old.scopes, name] }));
    return changed?.scopes.length ?? false;
  },
  linkIdentity: ({ storage, round, name }) =>
    unlessTaken(
      storage.identities.create(
        sampleIdentity({ id: identityId(name), accountId: numberedAccount(round).id, subject: `subject-${round}` }),
      ),
    ),
  unlinkIdentity: async ({ storage, round, name }) => {
    const [which] = name.startsWith('p0') ? LAST_TWO : LAST_TWO.toReversed();
    const removed = await storage.identities.remove(tenant, federated(round).id, identityId(`${which}-${round}`), ways(round));
    return removed === 'removed';
  },
  swapTokens: ({ storage, round, name }) =>
    storage.upstreamTokens.swap(identityId(`one-${round}`), sampleTokens(), sampleTokens({ sealed: name })),
  createAccount: ({ storage, round, name }) =>
    unlessTaken(
      storage.accounts.create(numberedAccount(0, { id: accountNamed(name), username: undefined, email: `race${round}@example.com` })),
    ),
  addKey: ({ storage, round, name }) => unlessTaken(storage.keys.add(sampleKey({ kid: name, alg: round % 2 === 0 ? 'ES256' : 'RS256' }))),
  audit: async ({ storage, name }) => {
    await storage.audit.append(sampleEvent({ requestId: name }));
    return true;
  },
} satisfies Record<string, Race>;

export type RaceName = keyof typeof races;

/** What the races run for, for so many rounds. */
export async function prepareRaces(storage: Storage, rounds: number): Promise<void> {
  const all = Array.from({ length: rounds }, (_, round) => round);
  await storage.mfa.enrol(
    tenant,
    sampleFactor(),
    all.map((round) => `recovery-${round}`),
  );
  await storage.clients.create(sampleClient({ scopes: [] }));
  await storage.providers.create(sampleProvider({ scopes: [] }));
  for (const round of all) {
    const person = numberedAccount(round);
    await storage.accounts.create(person);
    await storage.accounts.create(federated(round));
    for (const which of LAST_TWO)
      await storage.identities.create(
        sampleIdentity({ id: identityId(`${which}-${round}`), subject: `${which}-${round}`, accountId: federated(round).id }),
      );
    await storage.upstreamTokens.keep(identityId(`one-${round}`), sampleTokens());
    await storage.links.put({ digest: linkDigest(`link-${round}`), purpose: 'set-password', accountId: person.id, expiresAt: FAR_FUTURE });
    await storage.artifacts.put('AuthorizationCode', `code-${round}`, { payload: {} }, FAR_FUTURE);
    await storage.artifacts.put('ReplayDetection', `old-${round}`, { payload: {} }, new Date(0));
    await storage.challenges.put(sampleChallenge({ id: `tries-${round}`, expiresAt: FAR_FUTURE }));
    await storage.challenges.put(sampleChallenge({ id: `remove-${round}`, expiresAt: FAR_FUTURE }));
  }
}

function accountNamed(name: string) {
  return numberedAccount(0, {}).id.replace('0000', name) as typeof account;
}

async function unlessTaken(write: Promise<void>): Promise<boolean> {
  try {
    await write;
    return true;
  } catch (error) {
    if (error instanceof AlreadyExistsError) return false;
    throw error;
  }
}
