import type { AddressInfo } from 'node:net';
import { exportJWK, generateKeyPair } from 'jose';
import Provider, { type Configuration } from 'oidc-provider';
import { createMapAdapter } from './map-adapter.ts';
import type { Fixture } from './scenarios.ts';

/**
 * What Gatehouse is measured against: oidc-provider as its documentation shows it, on a Map, with the features that the scenarios need.
 * Tells its parent what was prepared on it, and ends with it.
 */
const API = 'https://api.example.com';
const SCOPE = 'read:interactions';
const SERVICE = { id: 'service', secret: 'a-secret-of-the-service-of-32-characters' };
const APP = { id: 'app', secret: 'a-secret-of-the-application-of-32-characters' };

async function privateJwk(alg: 'ES256' | 'RS256') {
  const { privateKey } = await generateKeyPair(alg, { extractable: true });
  return { ...(await exportJWK(privateKey)), alg, use: 'sig' };
}

const configuration: Configuration = {
  adapter: createMapAdapter(),
  jwks: { keys: [await privateJwk('ES256'), await privateJwk('RS256')] as NonNullable<Configuration['jwks']>['keys'] },
  clients: [
    { client_id: SERVICE.id, client_secret: SERVICE.secret, grant_types: ['client_credentials'], redirect_uris: [], response_types: [] },
    {
      client_id: APP.id,
      client_secret: APP.secret,
      grant_types: ['authorization_code', 'refresh_token'],
      redirect_uris: ['https://app.example.com/callback'],
    },
  ],
  cookies: { keys: ['a-key-that-signs-cookies'] },
  claims: { openid: ['sub'], profile: ['name'], email: ['email', 'email_verified'] },
  findAccount: (_ctx, sub) => ({
    accountId: sub,
    claims: async () => ({ sub, name: 'A Person', email: 'person@example.com', email_verified: true }),
  }),
  rotateRefreshToken: true,
  ttl: { AccessToken: 36_000, ClientCredentials: 36_000, RefreshToken: 36_000, Grant: 36_000 },
  features: {
    devInteractions: { enabled: false },
    clientCredentials: { enabled: true },
    introspection: { enabled: true, allowedPolicy: (_ctx, client, token) => token.clientId === client.clientId },
    revocation: { enabled: true },
    resourceIndicators: {
      enabled: true,
      // Only for a resource does it make JWTs, and userinfo takes none that is for one: those tokens are opaque.
      defaultResource: () => API,
      useGrantedResource: () => true,
      getResourceServerInfo: () => ({ scope: SCOPE, audience: API, accessTokenFormat: 'jwt', jwt: { sign: { alg: 'ES256' } } }),
    },
  },
};

/** Saves what sign-ins would have left, through the engine's own models. */
async function prepare(provider: Provider, { chains, tokens }: { chains: number; tokens: number }) {
  const client = await provider.Client.find(APP.id);
  if (!client) throw new Error('the client is not there');
  const common = { client, accountId: 'person', gty: 'authorization_code', claims: {} };
  const newGrant = async () => {
    const grant = new provider.Grant({ accountId: common.accountId, clientId: APP.id });
    grant.addOIDCScope('openid profile email');
    grant.addResourceScope(API, SCOPE);
    return { ...common, grantId: await grant.save() };
  };
  const refreshTokens = Array.from({ length: chains }, async () =>
    new provider.RefreshToken({ ...(await newGrant()), scope: SCOPE, resource: API }).save(),
  );
  const accessTokens = Array.from({ length: tokens }, async () =>
    new provider.AccessToken({ ...(await newGrant()), scope: 'openid profile email' }).save(),
  );
  return { refreshTokens: await Promise.all(refreshTokens), accessTokens: await Promise.all(accessTokens) };
}

const [chains = 1, tokens = 1] = process.argv.slice(2).map(Number);
const provider = new Provider('http://localhost', configuration);
const server = provider.listen(0, 'localhost', async () => {
  const fixture: Fixture = {
    origin: `http://localhost:${(server.address() as AddressInfo).port}`,
    paths: {
      token: '/token',
      introspection: '/token/introspection',
      userinfo: '/me',
      jwks: '/jwks',
      discovery: '/.well-known/openid-configuration',
    },
    service: SERVICE,
    app: APP,
    ...(await prepare(provider, { chains, tokens })),
  };
  process.send?.(fixture);
});
process.once('disconnect', () => process.exit());
