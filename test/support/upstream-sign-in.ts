import { randomBytes, randomUUID } from 'node:crypto';
import { exportJWK, generateKeyPair } from 'jose';
import { PRESET_DEFAULTS } from '../../src/domain/federation/presets.ts';
import { type Upstream, UpstreamError, type UpstreamExpectation, type UpstreamIdentity } from '../../src/domain/federation/upstream.ts';
import { providerId, type UpstreamProvider } from '../../src/domain/federation/upstream-provider.ts';
import type { KeyService } from '../../src/domain/keys/key-service.ts';
import { createUpstream } from '../../src/upstream/create-upstream.ts';
import { createTestClock, type TestClock } from './test-clock.ts';
import type { TestProvider } from './test-provider.ts';

const { privateKey } = await generateKeyPair('ES256', { extractable: true });
const OUR_KEY = { ...(await exportJWK(privateKey)), kid: 'ours', alg: 'ES256', use: 'sig' };

export interface UpstreamUnderTest {
  readonly upstream: Upstream;
  readonly clock: TestClock;
}

interface Surroundings {
  readonly allowPrivate?: readonly string[];
  readonly secret?: string;
  readonly keys?: Pick<KeyService, 'open'>;
  readonly timeoutMs?: number;
}

export function openUpstream({
  allowPrivate = ['localhost'],
  secret = 'hush',
  keys,
  timeoutMs = 10_000,
}: Surroundings = {}): UpstreamUnderTest {
  const clock = createTestClock();
  const upstream = createUpstream({
    secretOf: () => secret,
    keys: keys ?? { open: async () => [OUR_KEY] },
    clock: clock.now,
    meter: { asked: () => undefined, rests: () => undefined },
    rules: { allowPrivate, timeoutMs, maxBytes: 65_536 },
  });
  return { upstream, clock };
}

/** A provider as it would be stored, of an OpenID provider unless told otherwise. */
export function providerAt(issuer: string, changes: Partial<UpstreamProvider> = {}): UpstreamProvider {
  const { preset = 'oidc' } = changes;
  const { authentication, scopes, claims } = PRESET_DEFAULTS[preset];
  return {
    id: providerId('neighbour'),
    tenantId: undefined,
    name: 'Neighbour',
    preset,
    issuer,
    clientId: 'gatehouse',
    authentication,
    sealedSecret: undefined,
    scopes,
    claims,
    roles: { map: {}, fallback: 'viewer' },
    creation: 'everybody',
    creationDomains: [],
    trustedDomains: [],
    homeDomains: [],
    secondFactor: 'ask',
    endsSession: false,
    keepsTokens: false,
    disabled: false,
    configured: false,
    createdAt: new Date(0),
    updatedAt: new Date(0),
    ...changes,
  };
}

export const REDIRECT = 'https://gatehouse.example.com/federation/neighbour/callback';

export interface Departed {
  readonly url: URL;
  readonly expected: UpstreamExpectation & { readonly redirectUri: string };
}

export async function depart(
  upstream: Upstream,
  provider: UpstreamProvider,
  asked: Pick<UpstreamExpectation, 'maxAge' | 'promptedAt'> = {},
): Promise<Departed> {
  const made = { state: randomUUID(), nonce: randomUUID(), codeVerifier: randomBytes(32).toString('base64url') };
  const expected = { ...made, ...asked, redirectUri: REDIRECT };
  return { url: await upstream.authorizationUrl(provider, REDIRECT, expected), expected };
}

/** A whole sign-in. @param change what happens to the address that the browser brings back */
export async function signInThere(
  { upstream }: Pick<UpstreamUnderTest, 'upstream'>,
  provider: UpstreamProvider,
  there: TestProvider,
  change: (callback: URL) => void = () => {},
): Promise<UpstreamIdentity> {
  const { url, expected } = await depart(upstream, provider);
  const callback = there.authorize(url);
  change(callback);
  return await upstream.redeem(provider, callback, expected);
}

/** For assert.rejects. */
export const fails = (kind: UpstreamError['kind'], words: RegExp) => (error: unknown) => {
  if (!(error instanceof UpstreamError)) throw error;
  if (error.kind === kind && words.test(error.detail)) return true;
  throw new Error(`expected ${kind} ${words}, and it is ${error.message}`, { cause: error });
};
