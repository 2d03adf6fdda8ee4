import type { Artifact, ArtifactStore, NameIndex, OwnerIndex } from '../../domain/tokens/artifact-store.ts';
import { type Clock, epochSeconds } from '../../lib/clock.ts';
import { type ArtifactKey, fromMember, indexKey, memberOf, membersKey, recordKey } from './artifact-keys.ts';
import { type ReadArtifact, readAll } from './artifact-reader.ts';
import { pairs, toEntries, toRecord } from './artifact-record.ts';
import * as scripts from './artifact-scripts.ts';
import { type Expiry, expiryOf } from './expiry.ts';
import type { Run } from './fence.ts';
import type { Call, Script } from './loaded-generation.ts';

export interface ArtifactStoreDeps {
  readonly run: Run;
  readonly read: ReadArtifact;
  readonly clock: Clock;
  /** Whether calls of the same turn run in the order in which they were made: on one server they do, in a cluster they do not. */
  readonly inOrder: boolean;
}

/** What is about to be stored. */
interface Draft extends ArtifactKey {
  readonly artifact: Artifact;
  readonly expiry: Expiry;
  /** Milliseconds since the epoch. */
  readonly now: number;
}

const OWNERS: readonly OwnerIndex[] = ['grantId', 'accountId', 'clientId'];
const NAMES: readonly NameIndex[] = ['uid', 'userCode'];

export function createArtifactStore(deps: ArtifactStoreDeps): ArtifactStore {
  return { ...readers(deps), ...writers(deps) };
}

function readers({ run, read }: ArtifactStoreDeps): Pick<ArtifactStore, 'find' | 'findBy' | 'list'> {
  /** What an index names may have expired, or carry another value by now. */
  const readCarrying = async (call: Call, keys: readonly ArtifactKey[], index: OwnerIndex | NameIndex, value: string) =>
    (await readAll(read, call, keys)).filter(({ artifact }) => artifact[index] === value).map(({ id, artifact }) => ({ id, artifact }));

  return {
    find: (kind, id) => run(async (call) => (await read(call, { kind, id }))?.artifact),
    findBy: (kind, index, value) =>
      run(async (call) => {
        const named = (await call(scripts.NAMED, indexKey(index, value))) as readonly string[];
        const keys = named.map(fromMember).filter((key) => key.kind === kind);
        // A session that changes its id is there twice for a moment: the newer one is meant.
        return (await readCarrying(call, keys, index, value))[0];
      }),
    list: (kind, index, value) =>
      run(async (call) => {
        const keys = new Map<string, ArtifactKey>();
        for await (const some of scanOwner(call, index, value)) for (const key of some) if (key.kind === kind) keys.set(key.id, key);
        return readCarrying(call, [...keys.values()], index, value);
      }),
  };
}

function writers({ run, clock, inOrder }: ArtifactStoreDeps): Omit<ArtifactStore, 'find' | 'findBy' | 'list'> {
  const draftOf = (kind: string, id: string, artifact: Artifact, expiresAt: Date | undefined): Draft => {
    const now = clock();
    return { kind, id, artifact, expiry: expiryOf(expiresAt, now), now: now.getTime() };
  };

  /** What belongs to a record is stored before it: no record is ever without its entries in the indexes. */
  const store = async (call: Call, script: Script, draft: Draft, before: readonly Promise<unknown>[]): Promise<boolean> => {
    const prepared = Promise.all(before);
    if (!inOrder) await prepared;
    const stored = call(script, recordKey(draft), draft.now, draft.expiry.ttl, ...toRecord(draft.artifact, draft.expiry.at));
    const [answer] = await Promise.all([stored, prepared]);
    return answer === 1;
  };

  return {
    put: (kind, id, artifact, expiresAt) =>
      run(async (call) => {
        const draft = draftOf(kind, id, artifact, expiresAt);
        await store(call, scripts.PUT, draft, [...addToIndexes(call, draft), mergeMembers(call, draft)]);
      }),
    putOnce: (kind, id, artifact, expiresAt) =>
      run(async (call) => {
        const draft = draftOf(kind, id, artifact, expiresAt);
        const won = await store(call, scripts.PUT_ONCE, draft, addToIndexes(call, draft));
        if (won) await mergeMembers(call, draft);
        return won;
      }),
    consume: (kind, id) =>
      run(async (call) => {
        const now = clock();
        return (await call(scripts.CONSUME, recordKey({ kind, id }), now.getTime(), epochSeconds(now))) === 1;
      }),
    remove: (kind, id) =>
      run(async (call) => {
        await call(scripts.REMOVE, recordKey({ kind, id }));
      }),
    removeBy: (index, value, kinds) =>
      run(async (call) => {
        let removed = 0;
        for await (const some of scanOwner(call, index, value)) {
          const meant = some.filter(({ kind }) => kinds === undefined || kinds.includes(kind));
          // The entries stay: one may have been added anew by a put that is about to store its record.
          const counts = await Promise.all(meant.map((key) => call(scripts.REMOVE_CARRYING, recordKey(key), index, value)));
          removed += counts.filter((count) => count === 1).length;
        }
        return removed;
      }),
  };
}

function addToIndexes(call: Call, draft: Draft): readonly Promise<unknown>[] {
  const { artifact, expiry, now } = draft;
  if (expiry.ttl === '0') return [];
  const added: Promise<unknown>[] = [];
  for (const index of OWNERS) {
    const value = artifact[index];
    if (value === undefined) continue;
    added.push(call(scripts.ADD_TO_OWNER, indexKey(index, value), now, memberOf(draft), expiry.at || '+inf', expiry.ttl));
  }
  for (const index of NAMES) {
    const value = artifact[index];
    if (value !== undefined) added.push(call(scripts.ADD_TO_NAME, indexKey(index, value), memberOf(draft), expiry.ttl));
  }
  return added;
}

/** Members have a hash of their own per group, because several artifacts in turn (a session under its changing ids) share it. */
async function mergeMembers(call: Call, { kind, artifact, expiry, now }: Draft): Promise<void> {
  const { members } = artifact;
  if (members === undefined) return;
  await call(scripts.MERGE_MEMBERS, membersKey(kind, members.group), now, expiry.at, expiry.ttl, ...toEntries(members));
}

async function* scanOwner(call: Call, index: OwnerIndex, value: string): AsyncGenerator<readonly ArtifactKey[]> {
  let cursor = '0';
  do {
    const [next, entries] = (await call(scripts.SCAN_OWNER, indexKey(index, value), cursor)) as readonly [string, unknown];
    yield pairs(entries).map(([member]) => fromMember(member));
    cursor = next;
  } while (cursor !== '0');
}
