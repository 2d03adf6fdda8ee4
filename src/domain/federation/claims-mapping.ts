import type { Json, JsonObject } from '../../lib/json.ts';
import { ROLES, type Role } from '../policy/roles.ts';
import type { ClaimPaths, RoleRule } from './upstream-provider.ts';

/** What a provider tells of a person, in our terms. Nothing in it is believed beyond what the provider is trusted for. */
export interface UpstreamProfile {
  readonly email: string | undefined;
  /** True only where the provider says so outright. */
  readonly emailVerified: boolean;
  readonly username: string | undefined;
  readonly name: string | undefined;
  /** At most 1,000. */
  readonly groups: readonly string[];
  /** Undefined where no claim tells roles; `none` where one should and nothing in it means a role here. */
  readonly role: Role | 'none' | undefined;
  /** Slug or id. */
  readonly tenant: string | undefined;
}

const MOST = 1000;
const LONGEST = 320;

/** What these claims become; the same for a sign-in and for whoever tries a mapping out. */
export function mapClaims(claims: JsonObject, paths: ClaimPaths, roles: RoleRule): UpstreamProfile {
  const text = (path: string | undefined) => textOf(valueAt(claims, path));
  const verified = valueAt(claims, paths.emailVerified);
  return {
    email: text(paths.email),
    // Apple sends it as a string.
    emailVerified: verified === true || verified === 'true',
    username: text(paths.username),
    name: text(paths.name),
    groups: textsOf(valueAt(claims, paths.groups)),
    role: paths.role === undefined ? undefined : roleOf(textsOf(valueAt(claims, paths.role)), roles),
    tenant: text(paths.tenant),
  };
}

/** What lists call somebody of a provider. @param subject what there always is */
export function labelOf({ email, username }: UpstreamProfile, subject: string): string {
  return email ?? username ?? subject;
}

/** The strongest role that one of these values means. */
function roleOf(values: readonly string[], { map, fallback }: RoleRule): Role | 'none' {
  const fitting = ROLES.toReversed().find((role) => map[role]?.some((value) => values.includes(value)));
  return fitting ?? fallback ?? 'none';
}

/** A whole name first: some are addresses, with dots in them. */
function valueAt(claims: JsonObject, path: string | undefined): Json | undefined {
  if (path === undefined) return undefined;
  if (Object.hasOwn(claims, path)) return claims[path];
  let value: Json | undefined = claims;
  for (const name of path.split('.')) {
    if (typeof value !== 'object' || value === null || Array.isArray(value) || !Object.hasOwn(value, name)) return undefined;
    value = (value as JsonObject)[name];
  }
  return value;
}

function textOf(value: Json | undefined): string | undefined {
  if (typeof value !== 'string') return undefined;
  const text = value.normalize('NFC').trim();
  return text.length > 0 && text.length <= LONGEST ? text : undefined;
}

function textsOf(value: Json | undefined): readonly string[] {
  const values: readonly unknown[] = Array.isArray(value) ? value : [value];
  return values.slice(0, MOST).flatMap((each) => (typeof each === 'string' && each.length <= LONGEST ? [each] : []));
}
