import { hash } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import { storeUnavailable } from '../gate.ts';
import type { Generations } from '../mongo/open-mongo.ts';
import type { Connection, Primary } from './connection.ts';
import { isMissingScript } from './redis-errors.ts';

/** A Lua script over exactly one key, KEYS[1], so that it runs on any node of a cluster. */
export interface Script {
  readonly body: string;
  /** `keeps`: stores something, refused when the memory is full. `frees`: reads or removes. */
  readonly memory: 'keeps' | 'frees';
  /** Whether its key is still believed in the next generation: right where forgetting is worse than remembering a little wrong. */
  readonly outlives?: boolean;
}

/** Runs a script on the key of that name. @throws the driver's error */
export type Call = (script: Script, key: string, ...args: readonly (string | number)[]) => Promise<unknown>;

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
 * generation on the other nodes, until it confirms what counts: within CONFIRM_AFTER_MS, and never later than TRUST_FOR_MS.
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

export interface FenceDeps {
  readonly connection: Connection;
  readonly generations: Generations;
  readonly topology: 'single' | 'sentinel' | 'cluster';
  readonly keyPrefix: string;
  /** Everything that will be called. */
  readonly scripts: readonly Script[];
}

/** One generation on one server, or on one cluster. */
interface View {
  readonly generation: number;
  readonly server: string;
  /** Another process has begun it while this one was running, and may be loading its scripts just now. */
  readonly news: boolean;
  readonly texts: ReadonlyMap<Script, string>;
  readonly call: Call;
}

const CONFIRM_AFTER_MS = 1000;
const TRUST_FOR_MS = 5000;

/** How long another process has for loading the scripts of the generation it has begun. */
const LOADING_TAKES_MS = 500;
const LOOK_AGAIN_MS = 25;

/** Loaded last and the same in every release: it tells a server that has forgotten its scripts from one that never had those of this release. */
const MARK: Script = { body: 'return 1', memory: 'frees' };

export function createFence(deps: FenceDeps): Fence {
  let view: View | undefined;
  let confirmedAt = Number.NEGATIVE_INFINITY;
  let triedAt = Number.NEGATIVE_INFINITY;
  let lossesThen = 0;
  let confirming: Promise<View> | undefined;
  let renewing: Promise<View> | undefined;

  const adopt = (found: View, losses: number): View => {
    confirmedAt = performance.now();
    lossesThen = losses;
    if (view?.generation !== found.generation || view.server !== found.server) view = found;
    return view;
  };

  const askWhatCounts = async (): Promise<View> => {
    const before = view;
    const losses = deps.connection.losses();
    const primaries = await suited(deps.connection);
    const generation = await deps.generations.current();
    // A renewal that was faster knows better.
    if (view !== undefined && view !== before) return view;
    const news = view !== undefined && view.generation !== generation;
    return adopt(createView(deps, { generation, server: serverName(deps, primaries), news }), losses);
  };

  const confirm = (): Promise<View> => {
    triedAt = performance.now();
    confirming ??= askWhatCounts().finally(() => {
      confirming = undefined;
    });
    return confirming;
  };

  const trusted = (): View | Promise<View> => {
    const now = performance.now();
    if (view === undefined || now - confirmedAt > TRUST_FOR_MS || deps.connection.losses() !== lossesThen) return confirm();
    // Callers do not wait for this one; when it fails, and goes on failing, they hear of it above.
    if (now - Math.max(confirmedAt, triedAt) > CONFIRM_AFTER_MS) confirm().catch(() => undefined);
    return view;
  };

  const renew = (failed: View): View | Promise<View> => {
    if (view !== undefined && view !== failed) return view;
    const losses = deps.connection.losses();
    renewing ??= findWhole(deps, failed)
      .then((found) => adopt(found, losses))
      .finally(() => {
        renewing = undefined;
      });
    return renewing;
  };

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
      const { generation } = await confirm();
      yield* scanKeys(deps, `${deps.keyPrefix}${generation}:`, beginning, limit);
      if ((await confirm()).generation !== generation) throw storeUnavailable('Redis: it was restarted just now');
    },
  };
}

async function* scanKeys({ connection }: FenceDeps, space: string, beginning: string, limit: number): AsyncGenerator<readonly string[]> {
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

/** The servers, provided that none of them would forget what it has acknowledged. */
async function suited(connection: Connection): Promise<readonly Primary[]> {
  const primaries = await connection.inspect();
  const unsuited = primaries.find(({ report }) => report.unsuited)?.report.unsuited;
  if (unsuited) throw storeUnavailable(`Redis: ${unsuited.detail}`);
  return primaries;
}

/**
 * Finds or begins a generation of which the servers have lost nothing, and loads its scripts. `failed` is the one whose script was missing.
 * The servers are asked first: what is begun later than that is younger than the connections to them.
 */
async function findWhole(deps: FenceDeps, failed: View): Promise<View> {
  const primaries = await suited(deps.connection);
  const server = serverName(deps, primaries);
  const counts = await deps.generations.current();
  const loading = failed.news || counts !== failed.generation;
  const kept = (await isMarked(deps, counts, primaries)) || (loading && (await becomesMarked(deps, counts, primaries)));
  const generation = kept || (await hasLostNothing(deps, primaries)) ? counts : await deps.generations.next(counts);
  const view = createView(deps, { generation, server, news: false });
  await load(view, primaries);
  return view;
}

/** Whether the scripts of the generation have been loaded on every server, and not been forgotten since. */
async function isMarked(deps: FenceDeps, generation: number, primaries: readonly Primary[]): Promise<boolean> {
  const mark = digestOf(textOf(MARK, deps, generation, serverName(deps, primaries)));
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

async function hasLostNothing({ topology }: FenceDeps, [primary]: readonly Primary[]): Promise<boolean> {
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
async function load(view: View, primaries: readonly Primary[]): Promise<void> {
  const loads = await Promise.allSettled(
    primaries.map(async ({ server, socket }) => {
      if (server.stream !== socket || server.status !== 'ready') throw storeUnavailable('Redis: connection lost');
      const pipeline = server.pipeline();
      for (const text of view.texts.values()) pipeline.script('LOAD', text);
      const failed = (await pipeline.exec())?.find(([error]) => error);
      if (failed) throw failed[0];
    }),
  );
  const lost = loads.find((each) => each.status === 'rejected');
  if (lost && loads.every((each) => each.status === 'rejected')) throw lost.reason;
}

function serverName({ topology }: FenceDeps, [primary]: readonly Primary[]): string {
  return topology === 'cluster' || primary === undefined ? 'the cluster' : primary.report.replicationId;
}

function createView(deps: FenceDeps, of: Pick<View, 'generation' | 'server' | 'news'>): View {
  const { generation, server } = of;
  const { connection, keyPrefix } = deps;
  const texts = new Map([...deps.scripts, MARK].map((script) => [script, textOf(script, deps, generation, server)]));
  const digests = new Map([...texts].map(([script, text]) => [script, digestOf(text)]));
  const call: Call = (script, key, ...args) => {
    const space = script.outlives ? keyPrefix : `${keyPrefix}${generation}:`;
    return connection.evaluate(digests.get(script) ?? digestOf(script.body), space + key, args);
  };
  return { ...of, texts, call };
}

/** With flags a script is refused by a replica as a whole, even one that only reads: what a demoted primary knows is out of date. */
function textOf({ body, memory }: Script, { keyPrefix }: FenceDeps, generation: number, server: string): string {
  const flags = memory === 'frees' ? 'allow-oom' : '';
  return `#!lua flags=${flags}\n-- generation ${generation} of ${JSON.stringify(keyPrefix)} on ${server}\n${body}`;
}

function digestOf(text: string): string {
  return hash('sha1', text);
}
