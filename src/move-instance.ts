import { createHash } from 'node:crypto';
import { isDeepStrictEqual } from 'node:util';
import type { House } from './compose.ts';
import { AlreadyExistsError } from './domain/errors.ts';
import type { Licence } from './domain/licences/licence.ts';
import type { Page } from './domain/page.ts';
import { OperatorError } from './lib/operator-error.ts';
import type { Storage } from './storage/storage.ts';

/** Entries read in one go, and how many of them are written at once. */
const PAGE = 500;
const WRITES_AT_ONCE = 32;

/** What expires sooner may do so between two looks, so verification leaves it out. Milliseconds. */
const VERIFIED_FROM_MS = 10 * 60_000;

export interface Progress {
  readonly kind: string;
  readonly done: number;
  readonly total: number;
}

/** How many entries of each kind were moved, by name. */
export type Moved = Readonly<Record<string, number>>;

class MoveRefusedError extends OperatorError {
  override readonly name = 'MoveRefusedError';
  readonly code = 'move_refused';
}

/** One kind of thing that is moved. Writing may be repeated: what is there already stays. */
interface MovedKind {
  readonly name: string;
  readonly copy: (from: Storage, to: Storage, onCopied: (count: number) => void) => Promise<void>;
  /** For the progress: an entry that comes in two pages counts twice. */
  readonly count: (of: Storage) => Promise<number>;
  readonly fingerprint: (of: Storage, expiringAfter: Date) => Promise<Fingerprint>;
}

interface Fingerprint {
  readonly count: number;
  /** The sum of the entries' digests: the same in any order. */
  readonly sum: bigint;
}

/** In this order: people refer to tenants, factors to people. The audit log comes last, so that one that is there shows a finished move. */
const MOVED_KINDS: readonly MovedKind[] = [
  movedKind({
    name: 'tenants',
    read: (storage) => one(() => storage.tenants.list()),
    write: (storage, tenant) => unlessThere(storage.tenants.create(tenant)),
  }),
  movedKind({
    name: 'accounts',
    read: (storage) => byId((page) => storage.accounts.list(undefined, page)),
    write: (storage, account) => unlessThere(storage.accounts.create(account)),
  }),
  movedKind({
    name: 'licences',
    read: licencesOf,
    write: (storage, licence) => unlessThere(storage.licences.create(licence)),
    staysWhenExpired: true,
  }),
  movedKind({
    name: 'authenticator apps',
    read: (storage) => storage.holdings.factors(PAGE),
    write: async (storage, { tenantId, factor, recoveryDigests }) => {
      await storage.mfa.enrol(tenantId, factor, recoveryDigests);
    },
    normal: (entry) => ({ ...entry, recoveryDigests: entry.recoveryDigests.toSorted() }),
  }),
  movedKind({
    name: 'sign-in providers',
    read: (storage) => one(() => storage.providers.list()),
    write: (storage, provider) => unlessThere(storage.providers.create(provider)),
  }),
  movedKind({
    name: 'identities at providers',
    read: (storage) => storage.holdings.identities(PAGE),
    write: (storage, identity) => unlessThere(storage.identities.create(identity)),
  }),
  movedKind({
    name: 'tokens of providers',
    read: (storage) => storage.holdings.upstreamTokens(PAGE),
    write: (storage, { identity, tokens }) => storage.upstreamTokens.keep(identity.id, tokens),
  }),
  movedKind({ name: 'one-time links', read: (storage) => storage.holdings.links(PAGE), write: (storage, link) => storage.links.put(link) }),
  movedKind({
    name: 'applications',
    read: (storage) => byId((page) => storage.clients.list(undefined, page)),
    write: (storage, client) => unlessThere(storage.clients.create(client)),
  }),
  movedKind({
    name: 'signing keys',
    read: (storage) => one(() => storage.keys.list()),
    write: (storage, key) => unlessThere(storage.keys.add(key)),
  }),
  movedKind({
    name: 'sessions, grants and tokens',
    read: (storage) => storage.holdings.artifacts(PAGE),
    write: (storage, { kind, id, artifact, expiresAt }) => storage.artifacts.put(kind, id, artifact, expiresAt),
  }),
  {
    name: 'audit entries',
    async copy(from, to, onCopied) {
      for await (const events of from.holdings.auditEvents(PAGE)) {
        await to.holdings.restoreAuditEvents(events);
        onCopied(events.length);
      }
    },
    count: (storage) => countOf(storage.holdings.auditEvents(PAGE)),
    fingerprint: (storage) => fingerprintOf(storage.holdings.auditEvents(PAGE)),
  },
];

/**
 * Moves everything an instance holds to another store, and makes sure that it arrived. Nothing may use either store meanwhile. When it was
 * interrupted, doing it again goes on: what has arrived stays. The old store is left as it was.
 * @throws MoveRefusedError when the target is in use, or the two differ in the end
 */
export async function moveInstance({ from, to }: { from: House; to: House }, onProgress: (progress: Progress) => void): Promise<Moved> {
  await refuseUnfit(from, to);
  const moved: Record<string, number> = {};
  for (const { name, copy, count } of MOVED_KINDS) {
    const total = await count(from.storage);
    let done = 0;
    onProgress({ kind: name, done, total });
    await copy(from.storage, to.storage, (copied) => {
      done += copied;
      onProgress({ kind: name, done, total });
    });
    moved[name] = done;
  }
  await verify(from, to);
  return moved;
}

async function refuseUnfit(from: House, to: House): Promise<void> {
  if (isDeepStrictEqual(from.config.storage, to.config.storage) && from.config.data_dir === to.config.data_dir)
    throw new MoveRefusedError('Both configurations name the same store. Give --to one that names another.');
  if (!from.keyring.derive('migration').equals(to.keyring.derive('migration')))
    throw new MoveRefusedError(
      'The two configurations have different master keys: what is stored encrypted could not be read any more. Set secrets.master_key of the target to that of the source (of a generated one: the content of data_dir/master.key).',
    );
  const known = new Set((await from.storage.tenants.list()).map(({ id }) => id));
  if (known.size === 0)
    throw new MoveRefusedError('The source holds nothing: there is no tenant in it. Look whether --config names the right one.');
  const others = (await to.storage.tenants.list()).filter(({ id }) => !known.has(id));
  if (others.length > 0)
    throw new MoveRefusedError(`The target holds another instance already (tenant ${others[0]?.slug}). Move into an empty store.`);
  const [newest] = await to.storage.audit.list({ limit: 1 });
  if (!newest) return;
  const [same] = await from.storage.audit.list({ before: newest.sequence + 1, limit: 1 });
  if (!isDeepStrictEqual(same, newest))
    throw new MoveRefusedError(
      'The target was moved to and used since: moving again would bring back what was ended there. Start Gatehouse on the target, or empty it first.',
    );
}

/** What a store holds, by kind, in whatever order: the same when nothing was added, changed or removed. */
export async function fingerprintsOf(storage: Storage): Promise<Readonly<Record<string, string>>> {
  const prints: Record<string, string> = {};
  for (const { name, fingerprint } of MOVED_KINDS) {
    const { count, sum } = await fingerprint(storage, new Date(0));
    prints[name] = `${count} ${sum.toString(16)}`;
  }
  return prints;
}

async function verify(from: House, to: House): Promise<void> {
  const expiringAfter = new Date(from.clock().getTime() + VERIFIED_FROM_MS);
  for (const { name, fingerprint } of MOVED_KINDS) {
    const [wanted, found] = [await fingerprint(from.storage, expiringAfter), await fingerprint(to.storage, expiringAfter)];
    if (wanted.count === found.count && wanted.sum === found.sum) continue;
    throw new MoveRefusedError(
      `The ${name} differ: ${wanted.count} in the source, ${found.count} in the target${wanted.count === found.count ? ', not all alike' : ''}. ` +
        'Something used one of the stores meanwhile: stop every Gatehouse, empty the target, and move again.',
    );
  }
}

function movedKind<Entry extends object>(options: {
  readonly name: string;
  readonly read: (storage: Storage) => AsyncIterable<readonly Entry[]>;
  readonly write: (storage: Storage, entry: Entry) => Promise<void>;
  /** What is the same entry gives the same value. */
  readonly normal?: (entry: Entry) => unknown;
  /** Nothing deletes it when its time is over, so verification leaves none out. */
  readonly staysWhenExpired?: boolean;
}): MovedKind {
  const { name, read, write, normal, staysWhenExpired = false } = options;
  return {
    name,
    async copy(from, to, onCopied) {
      for await (const entries of read(from)) {
        for (let start = 0; start < entries.length; start += WRITES_AT_ONCE)
          await Promise.all(entries.slice(start, start + WRITES_AT_ONCE).map((entry) => write(to, entry)));
        onCopied(entries.length);
      }
    },
    count: (storage) => countOf(read(storage)),
    fingerprint: (storage, expiringAfter) => fingerprintOf(read(storage), normal, staysWhenExpired ? undefined : expiringAfter),
  };
}

async function countOf(pages: AsyncIterable<readonly unknown[]>): Promise<number> {
  let count = 0;
  for await (const entries of pages) count += entries.length;
  return count;
}

async function fingerprintOf<Entry extends object>(
  pages: AsyncIterable<readonly Entry[]>,
  normal: (entry: Entry) => unknown = (entry) => entry,
  expiringAfter = new Date(0),
): Promise<Fingerprint> {
  let count = 0;
  let sum = 0n;
  for await (const entries of pages) {
    for (const entry of entries) {
      if ('expiresAt' in entry && entry.expiresAt instanceof Date && entry.expiresAt <= expiringAfter) continue;
      count += 1;
      sum += BigInt(
        `0x${createHash('sha256')
          .update(JSON.stringify(normal(entry), inOrder))
          .digest('hex')}`,
      );
    }
  }
  return { count, sum };
}

/** Two objects with the same properties become the same text. */
function inOrder(_key: string, value: unknown): unknown {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return value;
  return Object.fromEntries(Object.entries(value).toSorted(([a], [b]) => (a < b ? -1 : 1)));
}

async function* one<Entry>(list: () => Promise<readonly Entry[]>): AsyncIterable<readonly Entry[]> {
  yield await list();
}

async function* byId<Entry extends { readonly id: string }>(
  list: (page: Page) => Promise<readonly Entry[]>,
): AsyncIterable<readonly Entry[]> {
  let after: string | undefined;
  for (;;) {
    const entries = await list({ after, limit: PAGE });
    if (entries.length === 0) return;
    yield entries;
    after = entries.at(-1)?.id;
  }
}

async function* licencesOf(storage: Storage): AsyncIterable<readonly Licence[]> {
  for (const { id } of await storage.tenants.list()) {
    for (let offset = 0; ; offset += PAGE) {
      const licences = await storage.licences.list(id, { orderBy: [], offset, limit: PAGE });
      if (licences.length === 0) break;
      yield licences;
    }
  }
}

async function unlessThere(create: Promise<void>): Promise<void> {
  try {
    await create;
  } catch (error) {
    if (!(error instanceof AlreadyExistsError)) throw error;
  }
}
