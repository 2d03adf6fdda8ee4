import { UpstreamError } from '../domain/federation/upstream.ts';
import type { ClaimPaths } from '../domain/federation/upstream-provider.ts';
import type { Json, JsonObject } from '../lib/json.ts';

const MOST_BYTES = 65_536;
const DEEPEST = 16;

/** Names by which an object could reach into others. */
const FORBIDDEN = ['__proto__', 'constructor', 'prototype'];

/** What somebody else wrote as claims, without members of those names. @throws UpstreamError `invalid` when it is no object, or is too much */
export function safeClaims(value: unknown): JsonObject {
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    throw new UpstreamError('Its claims are not an object.', { kind: 'invalid' });
  const claims = safeValue(value as JsonObject, 0) as JsonObject;
  if (Buffer.byteLength(JSON.stringify(claims)) > MOST_BYTES)
    throw new UpstreamError(`Its claims are more than ${MOST_BYTES} bytes.`, { kind: 'invalid' });
  return claims;
}

function safeValue(value: Json | undefined, depth: number): Json | undefined {
  if (typeof value !== 'object' || value === null) return value;
  if (depth > DEEPEST) throw new UpstreamError(`Its claims are nested more than ${DEEPEST} deep.`, { kind: 'invalid' });
  if (Array.isArray(value)) return value.map((each: Json) => safeValue(each, depth + 1) ?? null);
  const members = Object.entries(value as JsonObject).filter(([name]) => !FORBIDDEN.includes(name));
  return Object.fromEntries(members.map(([name, each]) => [name, safeValue(each, depth + 1)]));
}

/** The member of the claims that a path begins at. */
const memberOf = (path: string, claims: JsonObject) => (Object.hasOwn(claims, path) ? path : (path.split('.')[0] ?? path));

/** Whether some value that is looked for is not in these claims. */
export function lacksSome(claims: JsonObject, paths: ClaimPaths): boolean {
  return Object.values(paths).some((path: string | undefined) => path !== undefined && !Object.hasOwn(claims, memberOf(path, claims)));
}

/** Userinfo adds to the ID token. Whether an address is verified is believed only from where the address is from. */
export function joinClaims(idToken: JsonObject, userinfo: JsonObject, { email, emailVerified }: ClaimPaths): JsonObject {
  const joined = { ...userinfo, ...idToken };
  if (email === undefined || emailVerified === undefined) return joined;
  const address = memberOf(email, joined);
  const verified = memberOf(emailVerified, joined);
  const sources = [idToken, userinfo].map((claims) => Object.hasOwn(claims, address) && claims[address] === joined[address]);
  const believed = [idToken, userinfo].find((claims, index) => sources[index] && Object.hasOwn(claims, verified));
  const { [verified]: _other, ...rest } = joined;
  return believed ? { ...rest, [verified]: believed[verified] } : rest;
}
