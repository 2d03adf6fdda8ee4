import { storeUnavailable } from '../store-unavailable.ts';
import type { Connection } from './connection.ts';
import { dismissWitness, findOrBeginGeneration, requireSuitedPrimaries } from './generation-renewal.ts';
import { type Call, createLoadedGeneration, type FenceDeps, type LoadedGeneration, serverName } from './loaded-generation.ts';
import { isMissingScript } from './redis-errors.ts';

/**
 * What every data command passes: EVALSHA of a script whose text names the generation of the keys and the server it was loaded on.
 *
 * A server forgets its scripts when it is restarted, and a replica never had them. So a missing script says that the server may have lost writes:
 * the mark of a used code, a revocation. Then the next generation begins, in MongoDB, and no key of the one before is believed; people sign in again.
 * The one exception is a lone server that syncs each write to its append-only file: it has lost nothing.
 *
 * Two rules keep a generation whole:
 * - Its scripts are loaded over a connection that is older than the generation, or where they have been loaded before and not been forgotten since.
 *   Both say that the server holds all that was ever written in it.
 * - The text names the server's replication id, which changes at each promotion: a primary that was demoted, lost writes to its successor and
 *   came back still has its scripts, but not those.
 *
 * In a cluster the id is left out, for a slot may move at any time. When one node has been restarted, a process that has not met it goes on in the old
 * generation on the other nodes, until it confirms what counts: within CONFIRM_AFTER_MS, and never later than TRUST_FOR_MS. And two failovers of
 * one shard, there and back, go unnoticed when no process has called the successor in between.
 */
export interface Fence {
  /** Gives `work` calls that are all of one generation. It may run twice, so each of its calls can be made again. @throws StoreUnavailableError */
  run<T>(work: (call: Call) => Promise<T>): Promise<T>;
  /** Asks the servers and MongoDB what counts now. @throws StoreUnavailableError */
  confirm(): Promise<void>;
  /** The names of all keys that begin so, in pages, each name at least once. @throws StoreUnavailableError, also when a generation ends meanwhile */
  scan(beginning: string, limit: number): AsyncIterable<readonly string[]>;
}

export type Run = Fence['run'];

const CONFIRM_AFTER_MS = 1000;
const TRUST_FOR_MS = 5000;

export function createFence(deps: FenceDeps): Fence {
  const { trusted, confirm, renew } = createTrust(deps);

  return {
    async run(work) {
      const current = await trusted();
      try {
        return await work(current.call);
      } catch (error) {
        if (!isMissingScript(error)) throw error;
      }
      const renewed = await renew(current);
      try {
        return await work(renewed.call);
      } catch (error) {
        throw isMissingScript(error) ? storeUnavailable('Redis: it was restarted just now', error) : error;
      }
    },
    async confirm() {
      await confirm();
    },
    async *scan(beginning, limit) {
      const { generation, space } = await confirm();
      yield* scanKeys(deps.connection, space, beginning, limit);
      if ((await confirm()).generation !== generation) throw storeUnavailable('Redis: it was restarted just now');
    },
  };
}

/** Keeps what this process works with: which generation counts, on which server. */
function createTrust(deps: FenceDeps) {
  let loaded: LoadedGeneration | undefined;
  let confirmedAt = Number.NEGATIVE_INFINITY;
  let triedAt = Number.NEGATIVE_INFINITY;
  let lossesThen = 0;
  let confirming: Promise<LoadedGeneration> | undefined;
  let renewing: Promise<LoadedGeneration> | undefined;

  const adopt = (found: LoadedGeneration, losses: number): LoadedGeneration => {
    confirmedAt = performance.now();
    lossesThen = losses;
    if (loaded?.generation !== found.generation || loaded.server !== found.server) loaded = found;
    return loaded;
  };

  const askWhatCounts = async (): Promise<LoadedGeneration> => {
    const before = loaded;
    const losses = deps.connection.losses();
    const primaries = await requireSuitedPrimaries(deps.connection);
    await dismissWitness(deps, primaries);
    const generation = await deps.generations.current();
    // A renewal that was faster knows better.
    if (loaded !== undefined && loaded !== before) return loaded;
    const begunElsewhere = loaded !== undefined && loaded.generation !== generation;
    return adopt(createLoadedGeneration(deps, { generation, server: serverName(deps, primaries), begunElsewhere }), losses);
  };

  const confirm = (): Promise<LoadedGeneration> => {
    triedAt = performance.now();
    confirming ??= askWhatCounts().finally(() => {
      confirming = undefined;
    });
    return confirming;
  };

  const trusted = (): LoadedGeneration | Promise<LoadedGeneration> => {
    const now = performance.now();
    if (loaded === undefined || now - confirmedAt > TRUST_FOR_MS || deps.connection.losses() !== lossesThen) return confirm();
    // Callers do not wait for this one; when it fails, and goes on failing, they hear of it above.
    if (now - Math.max(confirmedAt, triedAt) > CONFIRM_AFTER_MS) confirm().catch(() => undefined);
    return loaded;
  };

  const renew = (failed: LoadedGeneration): LoadedGeneration | Promise<LoadedGeneration> => {
    if (loaded !== undefined && loaded !== failed) return loaded;
    const losses = deps.connection.losses();
    renewing ??= findOrBeginGeneration(deps, failed)
      .then((found) => adopt(found, losses))
      .finally(() => {
        renewing = undefined;
      });
    return renewing;
  };

  return { trusted, confirm, renew };
}

async function* scanKeys(connection: Connection, space: string, beginning: string, limit: number): AsyncGenerator<readonly string[]> {
  const pattern = `${(space + beginning).replaceAll(/[\\*?[\]]/g, '\\$&')}*`;
  for (const { server } of await connection.inspect()) {
    let cursor = '0';
    do {
      const [next, keys] = await server.scan(cursor, 'MATCH', pattern, 'COUNT', limit);
      yield keys.map((key) => key.slice(space.length));
      cursor = next;
    } while (cursor !== '0');
  }
}
