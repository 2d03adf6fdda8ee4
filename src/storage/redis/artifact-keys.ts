import type { NameIndex, OwnerIndex } from '../../domain/tokens/artifact-store.ts';

/** Names one artifact. No kind has a space in its name. */
export interface ArtifactKey {
  readonly kind: string;
  readonly id: string;
}

/** Begins the names of the keys of records. */
export const RECORDS = 'artifact:';

export const recordKey = (key: ArtifactKey) => RECORDS + memberOf(key);

export const membersKey = (kind: string, group: string) => `members:${kind} ${group}`;

export const indexKey = (index: OwnerIndex | NameIndex, value: string) => `${index}:${value}`;

/** An artifact in an index. */
export const memberOf = ({ kind, id }: ArtifactKey) => `${kind} ${id}`;

export function fromMember(member: string): ArtifactKey {
  const space = member.indexOf(' ');
  return { kind: member.slice(0, space), id: member.slice(space + 1) };
}
