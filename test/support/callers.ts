import type { Account } from '../../src/domain/accounts/account.ts';
import type { HouseTokenKind } from '../../src/domain/tokens/house-token.ts';
import { protocolClient, tokensOf } from './protocol-client.ts';
import { CALLBACK } from './relying-party.ts';
import { call } from './rest-client.ts';
import { ORIGIN, type TestServer } from './start-server.ts';

/** Whoever calls, in every way a token can be good, bad or somebody else's. */
export interface Caller {
  readonly name: string;
  /** What the Authorization header holds for the next call. Undefined: there is no header. */
  readonly authorization: () => Promise<string | undefined>;
  /** Undefined: nobody. */
  readonly account: Account | undefined;
}

/** A house token of theirs, fresh each time: some routes end the token they are called with. */
export async function issueToken(
  { house, clock }: TestServer,
  account: Account,
  kind: HouseTokenKind = 'LoginToken',
  seconds = 3600,
): Promise<string> {
  const expiresAt = new Date(clock.now().getTime() + seconds * 1000);
  const issued = await house.houseTokens.issue({
    kind,
    account,
    expiresAt,
    secondFactor: false,
    ...(kind === 'PrivateToken' && { name: 'Sweep' }),
  });
  if (!issued) throw new Error(`no ${kind} for ${account.email}`);
  return issued.value;
}

const nobody = (name: string, value: string | undefined): Caller => ({ name, account: undefined, authorization: async () => value });

/** Tokens that no route takes, and none at all. */
export async function unknownCallers(server: TestServer): Promise<readonly Caller[]> {
  const { house, clock } = server;
  const person = await server.addAccount({ role: 'admin' });
  const expired = await issueToken(server, person, 'LoginToken', 60);
  clock.advance(120);
  const good = await issueToken(server, person);
  const revoked = await issueToken(server, person);
  const found = await house.houseTokens.find('LoginToken', revoked);
  if (!found) throw new Error('the token is not there');
  await house.houseTokens.end(found);
  const gone = await server.addAccount({ role: 'admin' });
  const ofDisabled = await issueToken(server, gone);
  await house.accounts.setDisabled(gone, true, ORIGIN);
  return [
    nobody('no token', undefined),
    nobody('malformed', 'Bearer'),
    nobody('not a token', 'Bearer eyJhbGciOiJub25lIn0.e30.'),
    nobody('another scheme', `Basic ${good}`),
    nobody('expired', `Bearer ${expired}`),
    nobody('tampered', `Bearer ${tampered(good)}`),
    nobody('revoked', `Bearer ${revoked}`),
    nobody('of a disabled person', `Bearer ${ofDisabled}`),
  ];
}

/** The same claims but for the role, under the old signature. */
function tampered(token: string): string {
  const [header = '', payload = '', signature = ''] = token.split('.');
  const claims = { ...JSON.parse(Buffer.from(payload, 'base64url').toString()), role: 'admin', sub: 'somebody-else' };
  return [header, Buffer.from(JSON.stringify(claims)).toString('base64url'), signature].join('.');
}

/** What a person or a service is, for whoever foretells how they are met. */
export interface KnownCaller extends Caller {
  readonly role: 'viewer' | 'operator' | 'admin' | undefined;
  readonly kind: 'own' | 'private' | 'oauth' | 'service';
  readonly scopes: readonly string[];
}

export async function knownCallers(server: TestServer): Promise<readonly KnownCaller[]> {
  const { house, tenant } = server;
  const people = {
    viewer: await server.addAccount({ role: 'viewer' }),
    operator: await server.addAccount({ role: 'operator' }),
    admin: await server.addAccount({ role: 'admin' }),
  };
  const top = await server.addAccount({ role: 'admin', superAdministrator: true });
  const other = await house.tenants.create({ slug: 'other', name: 'Other' }, ORIGIN);
  const foreign = await server.addAccount({ tenantId: other.id, role: 'admin' });
  const own = (name: string, account: Account): KnownCaller => ({
    name,
    account,
    role: account.role,
    kind: 'own',
    scopes: [],
    authorization: async () => `Bearer ${await issueToken(server, account)}`,
  });
  const catalogue = house.catalogue.map(({ name }) => name);
  const app = await protocolClient(server, await server.addClient('web', { redirect_uris: [CALLBACK] }));
  const oauth = await Promise.all(
    catalogue.map(async (scope): Promise<KnownCaller> => {
      const { access_token: token } = await tokensOf(app, { identifier: people.admin.email }, { parameters: { scope: `openid ${scope}` } });
      return {
        name: `an application with ${scope}, for the admin`,
        account: people.admin,
        role: 'admin',
        kind: 'oauth',
        scopes: [scope],
        authorization: async () => `Bearer ${token}`,
      };
    }),
  );
  const services = await Promise.all(
    catalogue.map(async (scope): Promise<KnownCaller> => {
      const { client, secret } = await house.clients.create(
        { tenantId: tenant.id, type: 'service', metadata: { client_name: scope, scope } },
        ORIGIN,
      );
      const body = { grant_type: 'client_credentials', client_id: client.id, client_secret: secret };
      const token = (await call(server, { path: '/oauth/token', body })).json.access_token;
      return {
        name: `a service with ${scope}`,
        account: undefined,
        role: undefined,
        kind: 'service',
        scopes: [scope],
        authorization: async () => `Bearer ${token}`,
      };
    }),
  );
  return [
    own('viewer', people.viewer),
    own('operator', people.operator),
    own('admin', people.admin),
    own('super-administrator', top),
    own('admin of another tenant', foreign),
    ...(['viewer', 'admin'] as const).map(
      (role): KnownCaller => ({
        ...own(`private token of the ${role}`, people[role]),
        kind: 'private',
        authorization: async () => `Bearer ${await issueToken(server, people[role], 'PrivateToken')}`,
      }),
    ),
    ...oauth,
    ...services,
  ];
}
