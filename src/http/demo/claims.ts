import { decodeProtectedHeader, type JWTPayload } from 'jose';
import type { DecodedToken, Explained } from '../demo-data.ts';
import { READ, WRITE } from './credentials.ts';

type Meaning = string | ((value: unknown, now: Date) => string | undefined);

const PROOFS: Readonly<Record<string, string>> = { pwd: 'password', otp: 'authenticator' };

function ago(value: unknown, now: Date): string {
  const minutes = Math.floor((now.getTime() / 1000 - Number(value)) / 60);
  if (minutes < 1) return 'Less than a minute ago';
  return minutes === 1 ? '1 minute ago' : `${minutes} minutes ago`;
}

function proofs(value: unknown): string | undefined {
  const names = Array.isArray(value) ? value.flatMap((name) => PROOFS[String(name)] ?? []) : [];
  const text = names.join(' and ');
  return text && text.charAt(0).toUpperCase() + text.slice(1);
}

const levels = (value: unknown) => (value === 'aal2' ? 'Two proofs' : 'One proof');

/** In the order they are shown; claims without an entry follow. */
const ID_TOKEN: Readonly<Record<string, Meaning | undefined>> = {
  iss: 'Who says so',
  sub: 'Stable id, never reused',
  aud: 'This app and no other',
  name: undefined,
  preferred_username: undefined,
  email: undefined,
  email_verified: undefined,
  role: 'What they are in their organisation',
  tenant_id: 'Their organisation',
  amr: proofs,
  acr: levels,
  auth_time: ago,
  nonce: 'Ties the token to this sign-in',
  iat: 'When it was issued',
  exp: (value, now) =>
    Number(value) * 1000 < now.getTime() ? 'Past, and that is fine: it was read once' : 'The app reads it once, at sign-in',
  updated_at: 'When the profile last changed',
};

const ACCESS_TOKEN: Readonly<Record<string, Meaning | undefined>> = {
  typ: 'So that an ID token can’t pass for it',
  iss: 'Who issued it',
  aud: 'The API it opens',
  sub: 'In whose name',
  client_id: 'Which app holds it',
  scope: scopesGot,
  role: 'Decides which scopes they can hand to an app',
  tenant_id: 'Their organisation',
  email: undefined,
  amr: proofs,
  acr: levels,
  auth_time: ago,
  jti: 'Can be revoked by this id',
  iat: 'When it was issued',
  exp: 'Then the app has to refresh it',
};

function scopesGot(value: unknown): string {
  const missing = [READ, WRITE].filter((scope) => !String(value).split(' ').includes(scope));
  return missing.length === 0
    ? 'All that the app asked for'
    : `It asked for ${missing.join(' and ')} too, more than this role can hand over`;
}

const TIMES = new Set(['iat', 'exp', 'auth_time', 'updated_at', 'nbf']);

function shown(name: string, value: unknown): string {
  if (TIMES.has(name)) return `${new Date(Number(value) * 1000).toISOString().slice(11, 19)} UTC`;
  return Array.isArray(value) ? value.join(', ') : String(value);
}

function explain(claims: JWTPayload, meanings: Readonly<Record<string, Meaning | undefined>>, now: Date): readonly Explained[] {
  const names = [...Object.keys(meanings), ...Object.keys(claims).filter((name) => !(name in meanings))];
  return names
    .filter((name) => claims[name] !== undefined)
    .map((name) => {
      const meaning = meanings[name];
      const value = claims[name];
      return { name, value: shown(name, value), meaning: typeof meaning === 'function' ? meaning(value, now) : meaning };
    });
}

const expiryOf = ({ exp = 0 }: JWTPayload) => new Date(exp * 1000);

export function explainIdToken(raw: string, claims: JWTPayload, now: Date): DecodedToken {
  return { raw, claims: explain(claims, ID_TOKEN, now), expiresAt: expiryOf(claims) };
}

export function explainAccessToken(raw: string, claims: JWTPayload, now: Date): DecodedToken {
  const { typ } = decodeProtectedHeader(raw);
  return { raw, claims: explain({ ...(typ && { typ }), ...claims }, ACCESS_TOKEN, now), expiresAt: expiryOf(claims) };
}
