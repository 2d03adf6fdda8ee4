import { authorizationCodeGrant, ResponseBodyError, randomPKCECodeVerifier, WWWAuthenticateChallengeError } from 'openid-client';
import { UpstreamError, type UpstreamFinding } from '../domain/federation/upstream.ts';
import type { UpstreamProvider } from '../domain/federation/upstream-provider.ts';
import { ASSERTION_ALGORITHMS } from '../domain/keys/signing-algorithms.ts';
import type { Clock } from '../lib/clock.ts';
import { type ClientProofs, clientAuthentication } from './client-authentication.ts';
import { type Connection, configure, openConnection } from './connections.ts';
import { withoutIdToken } from './exchange.ts';
import { printable } from './fault-words.ts';
import type { OutboundRules } from './guarded-fetch.ts';
import { SKEW_SECONDS } from './id-token.ts';
import type { Discovery, Metadata } from './metadata.ts';
import { PROVIDER_KINDS } from './provider-kinds.ts';
import { upstreamFault } from './upstream-faults.ts';

/** It is a trial, with a breaker of its own. */
const NOT_COUNTED = { asked: () => undefined, rests: () => undefined };

const WRONG_CODE = ['invalid_grant', 'bad_verification_code'];
const WRONG_CLIENT = ['invalid_client', 'unauthorized_client', 'incorrect_client_credentials'];

const finding = (what: string, fine: boolean, message: string): UpstreamFinding => ({ what, fine, message });

/** Everything that can be known of a provider without a sign-in, asked anew. Later steps need the earlier ones. */
export async function examine(
  provider: UpstreamProvider,
  deps: ClientProofs & { readonly rules: OutboundRules },
): Promise<readonly UpstreamFinding[]> {
  const connection = openConnection(provider, { ...deps, meter: NOT_COUNTED });
  let discovery: Discovery;
  try {
    discovery = await connection.discovery();
  } catch (error) {
    return [failed('discovery', error)];
  }
  const { metadata } = discovery;
  const about = PROVIDER_KINDS[provider.preset].api
    ? [finding('discovery', true, `${provider.issuer} has no discovery document; its addresses are known.`)]
    : [
        finding('discovery', true, `The discovery document of ${metadata.issuer} was found, and is its own.`),
        ...clockOf(discovery, deps.clock),
        await keysOf(connection),
        ...promisesOf(metadata, provider),
        ...refreshOf(metadata, provider),
      ];
  return [...about, await clientOf(provider, metadata, connection, deps)];
}

/** @throws what is not of the provider */
function failed(what: string, error: unknown): UpstreamFinding {
  const fault = upstreamFault(error);
  if (fault instanceof UpstreamError) return finding(what, false, fault.detail);
  throw fault;
}

function clockOf({ date }: Discovery, clock: Clock): readonly UpstreamFinding[] {
  if (!date) return [];
  const seconds = Math.round((clock().getTime() - date.getTime()) / 1000);
  const fine = Math.abs(seconds) <= SKEW_SECONDS;
  const message = fine
    ? 'Its clock and ours agree.'
    : `Its clock is ${Math.abs(seconds)} seconds ${seconds > 0 ? 'behind' : 'ahead of'} ours; more than ${SKEW_SECONDS} are too many. Set the one that is wrong.`;
  return [finding('clock', fine, message)];
}

async function keysOf({ keys }: Connection): Promise<UpstreamFinding> {
  try {
    const count = await keys.count();
    return finding(
      'keys',
      count > 0,
      count > 0 ? `It publishes ${count} ${count === 1 ? 'key' : 'keys'}.` : 'It publishes no key, so no token of its can be believed.',
    );
  } catch (error) {
    return failed('keys', error);
  }
}

/** What the document says that does not go together with our settings. Where it says nothing, nothing is said. */
function promisesOf(metadata: Metadata, { authentication, scopes }: UpstreamProvider): readonly UpstreamFinding[] {
  const {
    token_endpoint_auth_methods_supported: methods,
    id_token_signing_alg_values_supported: algorithms,
    scopes_supported: known,
  } = metadata;
  const unknown = known ? scopes.filter((scope) => !known.includes(scope)) : [];
  return [
    ...(scopes.includes('openid')
      ? []
      : [finding('scopes', false, 'Without the scope openid it gives no ID token. Add it to the scopes.')]),
    ...(unknown.length > 0
      ? [finding('scopes', false, `It does not offer ${unknown.map(printable).join(', ')}. Take it out of the scopes.`)]
      : []),
    ...(algorithms && !ASSERTION_ALGORITHMS.some((each) => algorithms.includes(each))
      ? [finding('algorithms', false, `It signs with none of ${ASSERTION_ALGORITHMS.join(', ')}.`)]
      : []),
    ...(methods && !methods.includes(authentication)
      ? [
          finding(
            'authentication',
            false,
            `It does not take ${authentication}, but ${methods.map(printable).join(', ')}. Set authentication to one of those.`,
          ),
        ]
      : []),
  ];
}

/** Tokens that are kept are of little use when they cannot be refreshed. */
function refreshOf({ scopes_supported: known }: Metadata, { preset, keepsTokens, scopes }: UpstreamProvider): readonly UpstreamFinding[] {
  if (!keepsTokens || PROVIDER_KINDS[preset].offline || scopes.includes('offline_access')) return [];
  return known?.includes('offline_access') === false
    ? [finding('tokens', true, 'Whether it gives tokens that can be refreshed shows at a sign-in: it does not offer offline_access.')]
    : [finding('tokens', false, 'Its tokens are kept, and cannot be refreshed: add offline_access to the scopes.')];
}

/** Asks for tokens with a code that nobody issued. Whoever knows the client says that the code is wrong, and others that the client is. */
async function clientOf(
  provider: UpstreamProvider,
  metadata: Metadata,
  { fetch }: Connection,
  proofs: ClientProofs,
): Promise<UpstreamFinding> {
  const callback = new URL('https://localhost/?code=gatehouse-provider-test');
  try {
    const auth = await clientAuthentication(provider, metadata, proofs);
    const config = configure(
      { ...metadata, authorization_response_iss_parameter_supported: false },
      provider,
      auth,
      withoutIdToken(fetch).fetch,
    );
    await authorizationCodeGrant(config, callback, { pkceCodeVerifier: randomPKCECodeVerifier() });
    return finding('client', false, 'It gave tokens for a code that nobody issued. Do not trust it.');
  } catch (error) {
    return judgeClient(provider, error);
  }
}

function judgeClient({ clientId }: UpstreamProvider, error: unknown): UpstreamFinding {
  const said =
    error instanceof ResponseBodyError ? error.error : error instanceof WWWAuthenticateChallengeError ? 'invalid_client' : undefined;
  if (said === undefined) return failed('client', error);
  if (WRONG_CODE.includes(said)) return finding('client', true, `It knows the client ${clientId} and takes our proof.`);
  const mend = WRONG_CLIENT.includes(said)
    ? 'Check client_id, client_secret and authentication.'
    : 'Whether it takes our proof shows at a sign-in.';
  const words = error instanceof ResponseBodyError ? (error.error_description ?? '') : '';
  const answer = [said, words].map(printable).filter(Boolean).join(': ');
  return finding('client', false, `Asked about the client ${clientId} it answered “${answer}”. ${mend}`);
}
