import type { Artifact } from '../../domain/tokens/artifact-store.ts';

/** The fields of a record's hash that hold strings of their own, as they are. */
const STRINGS = ['grantId', 'accountId', 'clientId', 'uid', 'userCode'] as const;

/** Keeps the names of entries apart from the hash's own fields. */
const ENTRY = 'entry:';

/** A hash as it was read. */
type Fields = Readonly<Record<string, string>>;

/** Names and values in turn, as HSET takes them. @param expiresAt in milliseconds since the epoch, '' for never */
export function toRecord(artifact: Artifact, expiresAt: string): readonly string[] {
  const fields = ['expiresAt', expiresAt, 'payload', JSON.stringify(artifact.payload)];
  for (const name of STRINGS) {
    const value = artifact[name];
    if (value !== undefined) fields.push(name, value);
  }
  if (artifact.members !== undefined) fields.push('group', artifact.members.group);
  if (artifact.consumedAt !== undefined) fields.push('consumedAt', String(artifact.consumedAt));
  return fields;
}

/** @param answer of HGETALL */
export function toFields(answer: unknown): Fields {
  return Object.fromEntries(pairs(answer));
}

export function isLive({ expiresAt }: Fields, now: Date): boolean {
  return expiresAt !== undefined && (expiresAt === '' || Number(expiresAt) > now.getTime());
}

export function expiryIn({ expiresAt }: Fields): Date | undefined {
  return expiresAt ? new Date(Number(expiresAt)) : undefined;
}

export function toArtifact(fields: Fields, members: Artifact['members']): Artifact {
  return {
    payload: JSON.parse(fields.payload ?? '{}'),
    grantId: fields.grantId,
    accountId: fields.accountId,
    clientId: fields.clientId,
    uid: fields.uid,
    userCode: fields.userCode,
    consumedAt: fields.consumedAt === undefined ? undefined : Number(fields.consumedAt),
    members,
  };
}

/** Names and values in turn, as HSET takes them. */
export function toEntries({ entries }: NonNullable<Artifact['members']>): readonly string[] {
  return Object.entries(entries).flatMap(([name, value]) => [ENTRY + name, JSON.stringify(value)]);
}

/** @param answer of HGETALL for the group's hash */
export function toMembers(group: string, answer: unknown): NonNullable<Artifact['members']> {
  const entries = pairs(answer)
    .filter(([name]) => name.startsWith(ENTRY))
    .map(([name, value]) => [name.slice(ENTRY.length), JSON.parse(value)]);
  return { group, entries: Object.fromEntries(entries) };
}

/** Of names and values in turn. */
export function pairs(answer: unknown): readonly (readonly [string, string])[] {
  const flat = answer as readonly string[];
  const found: [string, string][] = [];
  for (let n = 0; n + 1 < flat.length; n += 2) found.push([String(flat[n]), String(flat[n + 1])]);
  return found;
}
