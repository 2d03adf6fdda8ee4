import { z } from 'zod';
import { THEIR_TENANT } from '../domain/federation/issuers.ts';
import { UpstreamError } from '../domain/federation/upstream.ts';
import type { UpstreamProvider } from '../domain/federation/upstream-provider.ts';
import { printable } from './fault-words.ts';
import { addressProblem, type GuardedFetch, type OutboundRules } from './guarded-fetch.ts';
import { PROVIDER_KINDS, type ProviderKind } from './provider-kinds.ts';

const address = z.url().max(2048);
const names = z.array(z.string()).max(1000).exactOptional();

/** What we use of a discovery document (OpenID Connect Discovery 3, RFC 8414 2). */
const discoverySchema = z.object({
  issuer: z.string().max(2048),
  authorization_endpoint: address,
  token_endpoint: address,
  jwks_uri: address,
  userinfo_endpoint: address.exactOptional(),
  end_session_endpoint: address.exactOptional(),
  /** RFC 9126 */
  pushed_authorization_request_endpoint: address.exactOptional(),
  /** RFC 9207 */
  authorization_response_iss_parameter_supported: z.boolean().exactOptional(),
  scopes_supported: names,
  token_endpoint_auth_methods_supported: names,
  id_token_signing_alg_values_supported: names,
});

/** Of a provider without OpenID Connect there are the issuer and two endpoints alone. */
export type Metadata = Partial<z.infer<typeof discoverySchema>> &
  Pick<z.infer<typeof discoverySchema>, 'issuer' | 'authorization_endpoint' | 'token_endpoint'>;

export interface Discovery {
  readonly metadata: Metadata;
  /** Its clock when it answered, where it told. */
  readonly date: Date | undefined;
}

/** @throws UpstreamError */
export async function discover({ preset, issuer }: UpstreamProvider, fetch: GuardedFetch, rules: OutboundRules): Promise<Discovery> {
  const kind = PROVIDER_KINDS[preset];
  if (kind.api) return { metadata: { issuer, ...endpointsOf(issuer, kind.api) }, date: undefined };
  const from = discoveryAddress(issuer, kind);
  const response = await fetch(from, { headers: { accept: 'application/json' } });
  if (response.status !== 200)
    throw new UpstreamError(`${from} answered ${response.status}. Check the issuer: its discovery document has to be there.`, {
      kind: 'invalid',
    });
  const metadata = parseMetadata(await response.text(), from);
  if (metadata.issuer !== issuer)
    throw new UpstreamError(
      `The document at ${from} is of the issuer “${printable(metadata.issuer)}”, and the provider is configured with “${issuer}”. They have to be the same to the letter.`,
      { kind: 'invalid' },
    );
  for (const [name, value] of Object.entries(metadata)) {
    const problem = typeof value === 'string' && name !== 'issuer' ? addressProblem(new URL(value), rules) : undefined;
    if (problem) throw new UpstreamError(`The discovery document at ${from} will not do: ${name}: ${problem}`, { kind: 'invalid' });
  }
  const date = new Date(response.headers.get('date') ?? '');
  return { metadata, date: Number.isNaN(date.getTime()) ? undefined : date };
}

function discoveryAddress(issuer: string, { anyTenant = THEIR_TENANT }: ProviderKind): string {
  return `${issuer.replace(THEIR_TENANT, anyTenant).replace(/\/$/, '')}/.well-known/openid-configuration`;
}

function parseMetadata(text: string, from: string): Metadata {
  const parsed = discoverySchema.safeParse(parseJson(text, from));
  if (parsed.success) return parsed.data;
  const path = parsed.error.issues[0]?.path.join('.');
  throw new UpstreamError(`The discovery document at ${from} has no ${path || 'members'} that will do.`, { kind: 'invalid' });
}

/** @throws UpstreamError */
export function parseJson(text: string, from: string): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw new UpstreamError(`What ${from} answered is not JSON.`, { kind: 'invalid', cause });
  }
}

function endpointsOf(issuer: string, { authorization, token }: NonNullable<ProviderKind['api']>) {
  return { authorization_endpoint: `${issuer}${authorization}`, token_endpoint: `${issuer}${token}` };
}
