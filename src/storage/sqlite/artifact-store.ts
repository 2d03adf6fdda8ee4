import type { Artifact, ArtifactIndexes, ArtifactStore, NameIndex, OwnerIndex } from '../../domain/tokens/artifact-store.ts';
import { type Clock, epochSeconds } from '../../lib/clock.ts';
import type { JsonObject } from '../../lib/json.ts';
import type { Connection, Statement, Values } from './connection.ts';

export interface ArtifactRow {
  readonly id: string;
  readonly payload: string;
  readonly grant_id: string | null;
  readonly account_id: string | null;
  readonly client_id: string | null;
  readonly uid: string | null;
  readonly user_code: string | null;
  readonly member_group: string | null;
  readonly consumed_at: number | null;
  readonly entries: string | null;
}

interface Entry {
  readonly id: string;
  readonly artifact: Artifact;
}

interface MembersRow {
  readonly entries: string;
  readonly expires_at: number | null;
}

/** What a statement that stores an artifact is given: its row, and the time. */
type ArtifactValues = ReturnType<typeof fromArtifact>;

const COLUMN: Readonly<Record<keyof ArtifactIndexes, string>> = {
  grantId: 'grant_id',
  accountId: 'account_id',
  clientId: 'client_id',
  uid: 'uid',
  userCode: 'user_code',
};

/** Removals by index go in bites of this size, so that neither the event loop nor another process waits for a long one. */
const REMOVALS_PER_COMMIT = 50;

const INSERT = `
INSERT INTO artifacts (kind, id, payload, grant_id, account_id, client_id, uid, user_code, member_group, consumed_at, expires_at)
VALUES (:kind, :id, :payload, :grant_id, :account_id, :client_id, :uid, :user_code, :member_group, :consumed_at, :expires_at)
ON CONFLICT (kind, id) DO UPDATE SET payload = excluded.payload, grant_id = excluded.grant_id, account_id = excluded.account_id,
  client_id = excluded.client_id, uid = excluded.uid, user_code = excluded.user_code, member_group = excluded.member_group,
  expires_at = excluded.expires_at`;

/** What has expired is as good as absent: its mark and its place in the way of putOnce are gone with it. */
const PUT = `${INSERT},
  consumed_at = iif(artifacts.expires_at <= :now, excluded.consumed_at, coalesce(artifacts.consumed_at, excluded.consumed_at))`;

const PUT_ONCE = `${INSERT}, consumed_at = excluded.consumed_at WHERE artifacts.expires_at <= :now`;

export const LIVE = '(a.expires_at IS NULL OR a.expires_at > :now)';

/** @param more further columns, each followed by a comma */
export const selectArtifact = (more = '') => `
SELECT ${more}a.id, a.payload, a.grant_id, a.account_id, a.client_id, a.uid, a.user_code, a.member_group, a.consumed_at, m.entries
FROM artifacts a LEFT JOIN artifact_members m ON m.kind = a.kind AND m.member_group = a.member_group`;

const SELECT = selectArtifact();

export function createArtifactStore(connection: Connection, clock: Clock): ArtifactStore {
  const now = () => clock().getTime();
  const put = connection.statement(PUT);
  const putOnce = connection.statement(PUT_ONCE);
  const find = connection.statement<ArtifactRow>(`${SELECT} WHERE a.kind = :kind AND a.id = :id AND ${LIVE}`);
  const consume = connection.statement(
    `UPDATE artifacts AS a SET consumed_at = :seconds WHERE kind = :kind AND id = :id AND consumed_at IS NULL AND ${LIVE}`,
  );
  const remove = connection.statement('DELETE FROM artifacts WHERE kind = :kind AND id = :id');
  const byName = nameStatements(connection);
  const byOwner = ownerStatements(connection);
  const mergeMembers = memberMerge(connection);

  const store = (statement: Statement<unknown>, values: ArtifactValues, members: Artifact['members']): Promise<number> => {
    if (members === undefined) return connection.change(statement, values);
    return connection.transaction(() => {
      const stored = statement.run(values);
      if (stored === 1) mergeMembers(values, members);
      return stored;
    });
  };
  const one = (statement: Statement<ArtifactRow>, values: Values): Entry | undefined => {
    const row = statement.get(values);
    return row ? toEntry(row) : undefined;
  };

  return {
    async put(kind, id, artifact, expiresAt) {
      const values = fromArtifact({ kind, id, expiresAt }, artifact, now());
      await store(put, values, artifact.members);
    },
    async putOnce(kind, id, artifact, expiresAt) {
      const values = fromArtifact({ kind, id, expiresAt }, artifact, now());
      return (await store(putOnce, values, artifact.members)) === 1;
    },
    find: (kind, id) => connection.read(() => one(find, { kind, id, now: now() })?.artifact),
    findBy: (kind, index, value) => connection.read(() => one(byName[index], { kind, value, now: now() })),
    list: (kind, index, value) => connection.read(() => byOwner[index].all.all({ kind, value, now: now() }).map(toEntry)),
    async consume(kind, id) {
      const at = clock();
      return (await connection.change(consume, { kind, id, now: at.getTime(), seconds: epochSeconds(at) })) === 1;
    },
    async remove(kind, id) {
      await connection.change(remove, { kind, id });
    },
    async removeBy(index, value, kinds) {
      const values = kinds === undefined ? { value } : { value, kinds: JSON.stringify(kinds) };
      const statement = kinds === undefined ? byOwner[index].remove : byOwner[index].removeKinds;
      let removed = 0;
      for (;;) {
        const count = await connection.change(statement, values);
        removed += count;
        if (count < REMOVALS_PER_COMMIT) return removed;
      }
    },
  };
}

function nameStatements(connection: Connection): Readonly<Record<NameIndex, Statement<ArtifactRow>>> {
  // A session that changes its id is there twice for a moment: the newer one is meant.
  const newest = (index: NameIndex) =>
    connection.statement<ArtifactRow>(
      `${SELECT} WHERE a.${COLUMN[index]} = :value AND a.kind = :kind AND ${LIVE} ORDER BY a.rowid DESC LIMIT 1`,
    );
  return { uid: newest('uid'), userCode: newest('userCode') };
}

function ownerStatements(connection: Connection) {
  const removal = (condition: string) =>
    connection.statement(
      `DELETE FROM artifacts WHERE rowid IN (SELECT rowid FROM artifacts WHERE ${condition} LIMIT ${REMOVALS_PER_COMMIT})`,
    );
  const statementsOf = (index: OwnerIndex) => {
    const where = `${COLUMN[index]} = :value`;
    return {
      all: connection.statement<ArtifactRow>(`${SELECT} WHERE a.${where} AND a.kind = :kind AND ${LIVE} ORDER BY a.rowid`),
      remove: removal(where),
      removeKinds: removal(`${where} AND kind IN (SELECT value FROM json_each(:kinds))`),
    };
  };
  return { grantId: statementsOf('grantId'), accountId: statementsOf('accountId'), clientId: statementsOf('clientId') };
}

/** Members have a row of their own per group, because several artifacts in turn (a session under its changing ids) share it. */
function memberMerge(connection: Connection) {
  const find = connection.statement<MembersRow>(
    `SELECT entries, expires_at FROM artifact_members
     WHERE kind = :kind AND member_group = :group AND (expires_at IS NULL OR expires_at > :now)`,
  );
  const put = connection.statement(
    `INSERT INTO artifact_members (kind, member_group, entries, expires_at) VALUES (:kind, :group, :entries, :expires_at)
     ON CONFLICT (kind, member_group) DO UPDATE SET entries = excluded.entries, expires_at = excluded.expires_at`,
  );

  return (artifact: ArtifactValues, members: NonNullable<Artifact['members']>): void => {
    const { kind, now } = artifact;
    const old = find.get({ kind, group: members.group, now });
    const entries: JsonObject = { ...(old && JSON.parse(old.entries)), ...members.entries };
    put.run({ kind, group: members.group, entries: JSON.stringify(entries), expires_at: later(artifact.expires_at, old) });
  };
}

function later(expiresAt: number | null, old: MembersRow | undefined): number | null {
  if (old === undefined) return expiresAt;
  return expiresAt === null || old.expires_at === null ? null : Math.max(expiresAt, old.expires_at);
}

function fromArtifact(key: { kind: string; id: string; expiresAt: Date | undefined }, artifact: Artifact, now: number) {
  return {
    kind: key.kind,
    id: key.id,
    payload: JSON.stringify(artifact.payload),
    grant_id: artifact.grantId ?? null,
    account_id: artifact.accountId ?? null,
    client_id: artifact.clientId ?? null,
    uid: artifact.uid ?? null,
    user_code: artifact.userCode ?? null,
    member_group: artifact.members?.group ?? null,
    consumed_at: artifact.consumedAt ?? null,
    expires_at: key.expiresAt?.getTime() ?? null,
    now,
  };
}

export function toEntry(row: ArtifactRow): Entry {
  return {
    id: row.id,
    artifact: {
      payload: JSON.parse(row.payload),
      grantId: row.grant_id ?? undefined,
      accountId: row.account_id ?? undefined,
      clientId: row.client_id ?? undefined,
      uid: row.uid ?? undefined,
      userCode: row.user_code ?? undefined,
      consumedAt: row.consumed_at ?? undefined,
      members: row.member_group === null ? undefined : { group: row.member_group, entries: JSON.parse(row.entries ?? '{}') },
    },
  };
}
