import type { ArtifactStore } from '../../domain/tokens/artifact-store.ts';
import type { Clock } from '../../lib/clock.ts';
import { storeUnavailable } from '../gate.ts';
import type { Holdings } from '../holdings.ts';
import { type MongoOptions, type MongoStores, openMongo } from '../mongo/open-mongo.ts';
import { openRedis, type RedisOptions, type RedisStores } from '../redis/open-redis.ts';
import type { Storage } from '../storage.ts';

export interface MongoRedisOptions {
  readonly mongodb: Omit<MongoOptions, 'clock'>;
  readonly redis: Omit<RedisOptions, 'clock' | 'generations'>;
  readonly clock: Clock;
}

/** Artifacts that must outlive a cache. Every other kind expires, and losing it makes people start again. */
const DURABLE: ReadonlySet<string> = new Set(['Grant', 'RefreshToken', 'Consent']);

/**
 * Every port, on MongoDB and Redis together; any number of processes on any number of machines share them.
 * @throws StorageUnusableError when one of them cannot serve as a store; nothing is left open
 */
export async function openMongoRedis({ mongodb, redis, clock }: MongoRedisOptions): Promise<Storage> {
  const durable = await openMongo({ ...mongodb, clock });
  try {
    return join(durable, await openRedis({ ...redis, generations: durable.generations, clock }));
  } catch (error) {
    await durable[Symbol.asyncDispose]();
    throw error;
  }
}

function join(durable: MongoStores, expiring: RedisStores): Storage {
  const { tenants, accounts, links, mfa, clients, keys, audit } = durable;
  const { challenges, counters } = expiring;
  return {
    tenants,
    accounts,
    links,
    mfa,
    clients,
    keys,
    audit,
    challenges,
    counters,
    artifacts: joinArtifacts(durable.artifacts, expiring.artifacts),
    holdings: joinHoldings(durable.holdings, expiring.holdings),
    async ping() {
      const answers = await Promise.allSettled([durable.ping(), expiring.ping()]);
      const faults = answers.filter((answer) => answer.status === 'rejected').map(({ reason }) => reason as unknown);
      if (faults.length > 1) throw storeUnavailable(faults.map(detailOf).join('; '), new AggregateError(faults));
      if (faults.length === 1) throw faults[0];
    },
    // Both delete by themselves what has expired.
    sweep: async () => 0,
    async [Symbol.asyncDispose]() {
      await Promise.all([expiring[Symbol.asyncDispose](), durable[Symbol.asyncDispose]()]);
    },
  };
}

function joinArtifacts(durable: ArtifactStore, expiring: ArtifactStore): ArtifactStore {
  const storeOf = (kind: string) => (DURABLE.has(kind) ? durable : expiring);
  return {
    put: (kind, ...values) => storeOf(kind).put(kind, ...values),
    putOnce: (kind, ...values) => storeOf(kind).putOnce(kind, ...values),
    find: (kind, id) => storeOf(kind).find(kind, id),
    findBy: (kind, ...values) => storeOf(kind).findBy(kind, ...values),
    list: (kind, ...values) => storeOf(kind).list(kind, ...values),
    consume: (kind, id) => storeOf(kind).consume(kind, id),
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
    links: (limit) => durable.links(limit),
    async *artifacts(limit) {
      yield* durable.artifacts(limit);
      yield* expiring.artifacts(limit);
    },
    auditEvents: (limit) => durable.auditEvents(limit),
    restoreAuditEvents: (events) => durable.restoreAuditEvents(events),
  };
}

const detailOf = (fault: unknown) => (fault instanceof Error && 'detail' in fault ? String(fault.detail) : 'a store does not answer');
