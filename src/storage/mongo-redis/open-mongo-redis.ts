import { StoreUnavailableError } from '../../domain/errors.ts';
import type { ArtifactStore } from '../../domain/tokens/artifact-store.ts';
import type { Clock } from '../../lib/clock.ts';
import type { Generations } from '../generations.ts';
import type { Holdings } from '../holdings.ts';
import { type MongoOptions, type MongoStores, openMongo } from '../mongo/open-mongo.ts';
import { openRedis, type RedisOptions, type RedisStores } from '../redis/open-redis.ts';
import type { Storage } from '../storage.ts';
import { storeUnavailable } from '../store-unavailable.ts';

export interface MongoRedisOptions {
  readonly mongodb: Omit<MongoOptions, 'clock'>;
  readonly redis: Omit<RedisOptions, 'clock' | 'generations'>;
  readonly clock: Clock;
}

/**
 * Artifacts that must outlive a cache: what people would miss, tokens that live for weeks among it; ReplayDetection, which says that something
 * was used up; SignInPlace, without which nobody is warned of a stranger. Every other kind expires, and losing it makes people start again.
 */
const DURABLE: ReadonlySet<string> = new Set([
  'Grant',
  'RefreshToken',
  'Consent',
  'ReplayDetection',
  'PrivateToken',
  'PrivateTokenUse',
  'CloudRefreshToken',
  'SignInPlace',
]);

/**
 * Every port, on MongoDB and Redis together; any number of processes on any number of machines share them.
 * @throws StorageUnusableError when one of them cannot serve as a store; nothing is left open
 */
export async function openMongoRedis({ mongodb, redis, clock }: MongoRedisOptions): Promise<Storage> {
  const durable = await openMongo({ ...mongodb, clock });
  try {
    const generations = watch(durable.generations);
    const expiring = await openRedis({ ...redis, generations, clock });
    return join({ durable, expiring, ping: () => ping(durable, expiring, generations.isAwaited) });
  } catch (error) {
    await durable[Symbol.asyncDispose]();
    throw error;
  }
}

function join({ durable, expiring, ping }: { durable: MongoStores; expiring: RedisStores; ping: Storage['ping'] }): Storage {
  const { tenants, accounts, links, mfa, clients, keys, licences, providers, identities, upstreamTokens, audit } = durable;
  const { challenges, counters, rates } = expiring;
  return {
    tenants,
    accounts,
    links,
    mfa,
    clients,
    keys,
    licences,
    providers,
    identities,
    upstreamTokens,
    audit,
    challenges,
    counters,
    rates,
    artifacts: joinArtifacts(durable.artifacts, expiring),
    holdings: joinHoldings(durable.holdings, expiring.holdings),
    ping,
    // Both delete by themselves what has expired.
    sweep: async () => 0,
    async [Symbol.asyncDispose]() {
      await Promise.all([expiring[Symbol.asyncDispose](), durable[Symbol.asyncDispose]()]);
    },
  };
}

function joinArtifacts(durable: ArtifactStore, { artifacts: expiring, probeWrite }: RedisStores): ArtifactStore {
  const storeOf = (kind: string) => (DURABLE.has(kind) ? durable : expiring);
  return {
    put: (kind, ...values) => storeOf(kind).put(kind, ...values),
    putOnce: (kind, ...values) => storeOf(kind).putOnce(kind, ...values),
    find: (kind, id) => storeOf(kind).find(kind, id),
    findBy: (kind, ...values) => storeOf(kind).findBy(kind, ...values),
    list: (kind, ...values) => storeOf(kind).list(kind, ...values),
    async consume(kind, id) {
      if (!DURABLE.has(kind)) return await expiring.consume(kind, id);
      // What a refresh token is used up for goes to Redis: when that fails the client tries again, and must not be taken for a thief.
      await probeWrite();
      return await durable.consume(kind, id);
    },
    remove: (kind, id) => storeOf(kind).remove(kind, id),
    async removeBy(index, value, kinds) {
      let removed = 0;
      // The durable ones first: new tokens come from them.
      for (const store of [durable, expiring]) {
        const here = kinds?.filter((kind) => storeOf(kind) === store);
        if (here?.length !== 0) removed += await store.removeBy(index, value, here);
      }
      return removed;
    },
  };
}

function joinHoldings(durable: Holdings, expiring: Pick<Holdings, 'artifacts'>): Holdings {
  return {
    factors: (limit) => durable.factors(limit),
    identities: (limit) => durable.identities(limit),
    upstreamTokens: (limit) => durable.upstreamTokens(limit),
    links: (limit) => durable.links(limit),
    async *artifacts(limit) {
      yield* durable.artifacts(limit);
      yield* expiring.artifacts(limit);
    },
    auditEvents: (limit) => durable.auditEvents(limit),
    restoreAuditEvents: (events) => durable.restoreAuditEvents(events),
  };
}

/** Asks both at once. Redis is not blamed where it is MongoDB that keeps it from answering. */
async function ping(durable: MongoStores, expiring: RedisStores, isAwaited: () => boolean): Promise<void> {
  const redis = expiring.ping().catch((error: unknown) => {
    throw isAwaited() ? storeUnavailable('MongoDB: no answer in time', error) : error;
  });
  const answers = await Promise.allSettled([durable.ping(), redis]);
  const [first, second] = answers.filter((answer) => answer.status === 'rejected').map(({ reason }) => reason as unknown);
  if (first === undefined) return;
  if (second === undefined || detailOf(second).startsWith('MongoDB:')) throw first;
  throw storeUnavailable(`${detailOf(first)}; ${detailOf(second)}`, new AggregateError([first, second]));
}

/** Knows whether Redis is waiting to hear from MongoDB what counts. */
function watch(generations: Generations): Generations & { isAwaited(): boolean } {
  let awaited = 0;
  const counted = async (asking: Promise<number>) => {
    awaited += 1;
    try {
      return await asking;
    } finally {
      awaited -= 1;
    }
  };
  return {
    current: () => counted(generations.current()),
    next: (old) => counted(generations.next(old)),
    isAwaited: () => awaited > 0,
  };
}

function detailOf(fault: unknown): string {
  return (fault instanceof StoreUnavailableError && fault.detail) || 'a store does not answer';
}
