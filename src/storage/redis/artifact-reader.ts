import type { Clock } from '../../lib/clock.ts';
import type { StoredArtifact } from '../holdings.ts';
import { type ArtifactKey, membersKey, recordKey } from './artifact-keys.ts';
import { expiryIn, isLive, toArtifact, toFields, toMembers } from './artifact-record.ts';
import { READ } from './artifact-scripts.ts';
import type { Call } from './loaded-generation.ts';

/** How many records are read at once. */
const READS_AT_ONCE = 100;

/** Reads one; undefined when it is not there or has expired. */
export type ReadArtifact = (call: Call, key: ArtifactKey) => Promise<StoredArtifact | undefined>;

export function createArtifactReader(clock: Clock): ReadArtifact {
  return async (call, { kind, id }) => {
    const fields = toFields(await call(READ, recordKey({ kind, id })));
    if (!isLive(fields, clock())) return undefined;
    const { group } = fields;
    const members = group === undefined ? undefined : toMembers(group, await call(READ, membersKey(kind, group)));
    return { kind, id, artifact: toArtifact(fields, members), expiresAt: expiryIn(fields) };
  };
}

/** Those that are there, in the order of the keys. */
export async function readAll(read: ReadArtifact, call: Call, keys: readonly ArtifactKey[]): Promise<readonly StoredArtifact[]> {
  const found: StoredArtifact[] = [];
  for (let n = 0; n < keys.length; n += READS_AT_ONCE) {
    const some = await Promise.all(keys.slice(n, n + READS_AT_ONCE).map((key) => read(call, key)));
    found.push(...some.filter((each) => each !== undefined));
  }
  return found;
}
