import { randomUUID } from 'node:crypto';
import type { House } from '../src/compose.ts';
import type { Account } from '../src/domain/accounts/account.ts';
import type { IssuedClient } from '../src/domain/clients/client-service.ts';
import type { TenantId } from '../src/domain/tenants/tenant.ts';
import { systemClock } from '../src/lib/clock.ts';
import { sha256 } from '../src/lib/digest.ts';
import { randomToken } from '../src/lib/random.ts';
import { CookieBrowser } from '../test/support/cookie-browser.ts';
import { openTestHouse } from '../test/support/open-test-house.ts';
import { protocolClient, tokensOf } from '../test/support/protocol-client.ts';
import { CALLBACK } from '../test/support/relying-party.ts';
import { ORIGIN, PASSWORD } from '../test/support/start-server.ts';
import type { Preparation } from './targets.ts';

type Environment = Readonly<Record<string, string>>;

const TOKENS_PER_SIGN_IN = 8;

/** How many writes are under way at once while the store is filled. */
const BATCH = 500;

export interface PreparedHouse {
  readonly issuer: string;
  readonly service: IssuedClient;
  readonly app: IssuedClient;
  readonly people: readonly Account[];
}

/** A tenant, a service, an application and people with PASSWORD, through the services. */
export async function prepareHouse(env: Environment, { people }: Preparation): Promise<PreparedHouse> {
  await using house = await openTestHouse(env);
  const { id: tenantId } = await house.tenants.ensure(house.config.firstTenant, ORIGIN);
  const scope = 'read:interactions';
  const service = await house.clients.create({ tenantId, type: 'service', metadata: { client_name: 'Service', scope } }, ORIGIN);
  const metadata = { client_name: 'App', scope, redirect_uris: [CALLBACK], refresh_without_offline_access: true };
  const app = await house.clients.create({ tenantId, type: 'web', metadata }, ORIGIN);
  return { issuer: house.config.issuer, service, app, people: await addPeople(house, tenantId, people) };
}

/** Judging and hashing a password takes half a second: the first person's serves for all. */
async function addPeople({ accounts, storage }: House, tenantId: TenantId, count: number): Promise<readonly Account[]> {
  const add = (index: number, password?: string) =>
    accounts.create({ tenantId, email: `person${index}@example.com`, role: 'viewer', password }, ORIGIN);
  const first = await add(0, PASSWORD);
  const others = Array.from({ length: count - 1 }, async (_, index) => {
    const account = await add(index + 1);
    await storage.accounts.update(tenantId, account.id, (old) => ({ ...old, passwordHash: first.passwordHash }));
    return account;
  });
  return [first, ...(await Promise.all(others))];
}

/** Tokens as people get them: password, consent, code. A browser that is signed in gets several. */
export async function signInOften({ issuer, app, people }: PreparedHouse, { connections, accessTokens }: Preparation) {
  const client = await protocolClient({ issuer }, app);
  // Without openid there is no ID token to sign, which neither side's chain has.
  const refreshTokens = await obtain(connections, 'read:interactions', 'refresh_token');
  return { refreshTokens, accessTokens: await obtain(accessTokens, 'openid profile email read:interactions', 'access_token') };

  async function obtain(count: number, scope: string, field: string): Promise<readonly string[]> {
    const tokens: string[] = [];
    let browser = new CookieBrowser();
    while (tokens.length < count) {
      const person = people[Math.floor(tokens.length / TOKENS_PER_SIGN_IN) % people.length];
      if (tokens.length % TOKENS_PER_SIGN_IN === 0) browser = new CookieBrowser();
      const answer = await tokensOf(client, { identifier: person?.email ?? '' }, { browser, parameters: { scope } });
      tokens.push(String(answer[field]));
    }
    return tokens;
  }
}

/**
 * Puts copies of a sign-in's grant, access token and refresh token into the store until it holds so many live tokens, past HTTP: each sign-in has its
 * own grant and its own keys, so that the indexes are as large as with real ones.
 */
export async function fillWithLiveTokens(
  { storage: { artifacts } }: House,
  { people, app }: PreparedHouse,
  liveTokens: number,
): Promise<void> {
  const [person] = people;
  if (!person) throw new Error('there is nobody to copy the tokens of');
  const sampleOf = async (kind: string) => {
    const [sample] = await artifacts.list(kind, 'accountId', person.id);
    if (!sample) throw new Error(`there is no ${kind} to copy`);
    return sample.artifact;
  };
  const [grant, access, refresh] = await Promise.all([sampleOf('Grant'), sampleOf('AccessToken'), sampleOf('RefreshToken')]);
  const expiresAt = new Date(systemClock().getTime() + 86_400_000);
  const signIn = async () => {
    const accountId = randomUUID();
    const grantId = randomToken();
    const owner = { accountId, grantId, clientId: app.client.id };
    const copy = (sample: typeof grant) => ({ ...sample, ...owner, payload: { ...sample.payload, accountId, grantId } });
    await Promise.all([
      artifacts.put('Grant', grantId, { ...copy(grant), grantId: undefined }, expiresAt),
      artifacts.put('AccessToken', sha256(randomToken()), copy(access), expiresAt),
      artifacts.put('RefreshToken', sha256(randomToken()), { ...copy(refresh), consumedAt: undefined }, expiresAt),
    ]);
  };
  for (let made = 0; made < liveTokens; made += 2 * BATCH)
    await Promise.all(Array.from({ length: Math.min(BATCH, Math.ceil((liveTokens - made) / 2)) }, signIn));
}
