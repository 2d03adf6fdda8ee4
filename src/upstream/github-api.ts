import { type Configuration, fetchProtectedResource } from 'openid-client';
import { z } from 'zod';
import { UpstreamError } from '../domain/federation/upstream.ts';
import type { JsonObject } from '../lib/json.ts';
import { safeClaims } from './claims.ts';
import { parseJson } from './metadata.ts';
import type { ProviderKind } from './provider-kinds.ts';

const userSchema = z.looseObject({ id: z.int().positive() });
const emailsSchema = z.array(z.object({ email: z.string(), primary: z.boolean(), verified: z.boolean() }));

/** Who has an access token, by the API: the number of the account is its subject, and its primary address counts when it is verified. @throws UpstreamError */
export async function fetchProfile(
  config: Configuration,
  accessToken: string,
  { issuer, api }: { readonly issuer: string; readonly api: NonNullable<ProviderKind['api']> },
): Promise<{ readonly subject: string; readonly claims: JsonObject }> {
  const base = api.base[issuer] ?? `${issuer}${api.otherBase}`;
  const ask = (path: string) =>
    fetchProtectedResource(config, accessToken, new URL(`${base}${path}`), 'GET', null, new Headers({ accept: 'application/json' }));
  const user = userSchema.safeParse(await read(await ask(api.user), api.user));
  if (!user.success) throw new UpstreamError(`What ${api.user} answered has no id that is a number.`, { kind: 'invalid' });
  const { email: _published, ...rest } = safeClaims(user.data);
  const email = await primaryAddress(await ask(api.emails), api.emails);
  return { subject: String(user.data.id), claims: { ...rest, ...(email !== undefined && { email, email_verified: true }) } };
}

async function primaryAddress(response: Response, path: string): Promise<string | undefined> {
  // The person, or the scopes, do not let us see them.
  if (response.status === 403 || response.status === 404) return undefined;
  const emails = emailsSchema.safeParse(await read(response, path));
  if (!emails.success) throw new UpstreamError(`What ${path} answered is not a list of addresses.`, { kind: 'invalid' });
  return emails.data.find(({ primary, verified }) => primary && verified)?.email;
}

async function read(response: Response, path: string): Promise<unknown> {
  if (response.status !== 200) throw new UpstreamError(`${path} answered ${response.status}.`, { kind: 'invalid' });
  return parseJson(await response.text(), path);
}
