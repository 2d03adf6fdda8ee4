import { hash } from 'node:crypto';
import type { Generations } from '../generations.ts';
import type { Connection, Primary } from './connection.ts';

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

export interface FenceDeps {
  readonly connection: Connection;
  readonly generations: Generations;
  readonly topology: 'single' | 'sentinel' | 'cluster';
  readonly keyPrefix: string;
  readonly database: number;
  /** Everything that will be called. */
  readonly scripts: readonly Script[];
}

/** One generation on one server, or on one cluster. */
export interface LoadedGeneration {
  readonly generation: number;
  readonly server: string;
  /** Another process has begun it while this one was running, and may be loading its scripts just now. */
  readonly begunElsewhere: boolean;
  /** Begins the keys of this generation. */
  readonly space: string;
  readonly texts: ReadonlyMap<Script, string>;
  readonly call: Call;
}

/** Loaded last and the same in every release: it tells a server that has forgotten its scripts from one that never had those of this release. */
const MARK: Script = { body: 'return 1', memory: 'frees' };

/** The same for all processes, as long as the server is neither restarted nor promoted. */
export function serverName({ topology }: FenceDeps, [primary]: readonly Primary[]): string {
  return topology === 'cluster' || primary === undefined ? 'the cluster' : primary.report.replicationId;
}

export function createLoadedGeneration(
  deps: FenceDeps,
  of: Pick<LoadedGeneration, 'generation' | 'server' | 'begunElsewhere'>,
): LoadedGeneration {
  const { generation, server } = of;
  const { connection, keyPrefix } = deps;
  const texts = new Map([...deps.scripts, MARK].map((script) => [script, textOf(script, deps, generation, server)]));
  const digests = new Map([...texts].map(([script, text]) => [script, digestOf(text)]));
  const space = `${keyPrefix}${generation}:`;
  const call: Call = (script, key, ...args) => {
    const digest = digests.get(script);
    if (digest === undefined) throw new Error('a script that is not among those of the fence');
    return connection.evaluate(digest, (script.outlives ? keyPrefix : space) + key, args);
  };
  return { ...of, space, texts, call };
}

/** The digest of a script that says no more than that the scripts of this generation have been loaded there. */
export function markOf(deps: FenceDeps, generation: number, server: string): string {
  return digestOf(textOf(MARK, deps, generation, server));
}

/**
 * Scripts are the server's, not the database's; so two houses on one server, in two databases or under two prefixes, have different ones.
 * With flags a script is refused by a replica as a whole, even one that only reads: what a demoted primary knows is out of date.
 */
function textOf({ body, memory }: Script, { keyPrefix, database }: FenceDeps, generation: number, server: string): string {
  const flags = memory === 'frees' ? 'allow-oom' : '';
  return `#!lua flags=${flags}\n-- generation ${generation} of ${JSON.stringify(keyPrefix)} in database ${database} of ${server}\n${body}`;
}

function digestOf(text: string): string {
  return hash('sha1', text);
}
