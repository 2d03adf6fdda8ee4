import { setTimeout as delay } from 'node:timers/promises';
import { storeUnavailable } from '../store-unavailable.ts';
import type { Connection, Primary } from './connection.ts';
import { createLoadedGeneration, type FenceDeps, type LoadedGeneration, markOf, serverName } from './loaded-generation.ts';

/** How long another process has for loading the scripts of the generation it has begun. */
const LOADING_TAKES_MS = 500;
const LOOK_AGAIN_MS = 25;

/** The servers, provided that none of them would forget what it has acknowledged. */
export async function requireSuitedPrimaries(connection: Connection): Promise<readonly Primary[]> {
  const primaries = await connection.inspect();
  const unsuited = primaries.find(({ report }) => report.unsuited)?.report.unsuited;
  if (unsuited) throw storeUnavailable(`Redis: ${unsuited.detail}`);
  return primaries;
}

/**
 * Finds or begins a generation of which the servers have lost nothing, and loads its scripts. `failed` is the one whose script was missing.
 * The servers are asked first: what is begun later than that is younger than the connections to them.
 */
export async function findOrBeginGeneration(deps: FenceDeps, failed: LoadedGeneration): Promise<LoadedGeneration> {
  const primaries = await requireSuitedPrimaries(deps.connection);
  const server = serverName(deps, primaries);
  const current = await deps.generations.current();
  const loading = failed.begunElsewhere || current !== failed.generation;
  const kept = (await isMarked(deps, current, primaries)) || (loading && (await becomesMarked(deps, current, primaries)));
  const goesOn = kept || (await hasLostNothing(deps, current, primaries));
  const generation = goesOn ? current : await deps.generations.next(current);
  const loaded = createLoadedGeneration(deps, { generation, server, begunElsewhere: false });
  await load(loaded, primaries);
  if (!goesOn) await leaveWitness(deps, generation, primaries);
  return loaded;
}

/** Whether the scripts of the generation have been loaded on every server, and not been forgotten since. */
async function isMarked(deps: FenceDeps, generation: number, primaries: readonly Primary[]): Promise<boolean> {
  const mark = markOf(deps, generation, serverName(deps, primaries));
  const answers = await Promise.all(primaries.map(({ server }) => server.script('EXISTS', mark)));
  return answers.every((answer) => Array.isArray(answer) && answer[0] === 1);
}

/** Another process has begun the generation; it is about to load the scripts, unless it has come to grief. */
async function becomesMarked(deps: FenceDeps, generation: number, primaries: readonly Primary[]): Promise<boolean> {
  for (let waited = 0; waited < LOADING_TAKES_MS; waited += LOOK_AGAIN_MS) {
    await delay(LOOK_AGAIN_MS);
    if (await isMarked(deps, generation, primaries)) return true;
  }
  return false;
}

/**
 * Like most of our scripts it writes twice, which the append-only file holds as a transaction. A server that reads the file as a user who may do
 * nothing drops transactions without a word (redis#14541): what is lost then is this too.
 */
const WITNESS = `#!lua flags=allow-oom
redis.call('HSET', KEYS[1], 'one', ARGV[1])
redis.call('HSET', KEYS[1], 'other', ARGV[1])`;

const witnessOf = ({ keyPrefix }: FenceDeps) => `${keyPrefix}witness`;

/** Leaves what has to be there after a restart that lost nothing, on a server that promises to lose nothing from the generation's beginning on. */
async function leaveWitness(deps: FenceDeps, generation: number, primaries: readonly Primary[]): Promise<void> {
  if (await losesNothing(deps, primaries)) await primaries[0]?.server.eval(WITNESS, 1, witnessOf(deps), generation);
}

/** Takes the witness away as soon as the server no longer promises: what it acknowledges from now on may be lost. */
export async function dismissWitness(deps: FenceDeps, primaries: readonly Primary[]): Promise<void> {
  if (deps.topology === 'single' && !(await losesNothing(deps, primaries))) await primaries[0]?.server.del(witnessOf(deps));
}

async function hasLostNothing(deps: FenceDeps, generation: number, primaries: readonly Primary[]): Promise<boolean> {
  if (!(await losesNothing(deps, primaries))) return false;
  const witness = (await primaries[0]?.server.hmget(witnessOf(deps), 'one', 'other')) ?? [null];
  return witness.every((value) => value === String(generation));
}

/** Whether a restart of this server, as it is set up now, would lose nothing that it has acknowledged. */
async function losesNothing({ topology }: FenceDeps, [primary]: readonly Primary[]): Promise<boolean> {
  if (topology !== 'single' || !primary?.report.appendsOnly) return false;
  try {
    const sync = await primary.server.config('GET', 'appendfsync');
    const pause = await primary.server.config('GET', 'no-appendfsync-on-rewrite');
    return settingOf(sync) === 'always' && settingOf(pause) === 'no';
  } catch {
    // Not every user may read the configuration; then nothing is promised.
    return false;
  }
}

function settingOf(setting: unknown): unknown {
  return Array.isArray(setting) ? setting[1] : undefined;
}

/** @throws StoreUnavailableError when a server has been lost since it was asked, or the driver's error when no server took them */
async function load(loaded: LoadedGeneration, primaries: readonly Primary[]): Promise<void> {
  const loads = await Promise.allSettled(
    primaries.map(async ({ server, socket }) => {
      if (server.stream !== socket || server.status !== 'ready' || !socket.writable) throw storeUnavailable('Redis: connection lost');
      const pipeline = server.pipeline();
      for (const text of loaded.texts.values()) pipeline.script('LOAD', text);
      const failed = (await pipeline.exec())?.find(([error]) => error);
      if (failed) throw failed[0];
    }),
  );
  const lost = loads.find((each) => each.status === 'rejected');
  if (lost && loads.every((each) => each.status === 'rejected')) throw lost.reason;
}
