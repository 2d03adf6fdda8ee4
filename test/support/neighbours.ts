import type { Account } from '../../src/domain/accounts/account.ts';
import type { ProviderSettings } from '../../src/domain/federation/provider-settings.ts';
import { CookieBrowser, type Page } from './cookie-browser.ts';
import { type ProtocolClient, protocolClient } from './protocol-client.ts';
import { CALLBACK } from './relying-party.ts';
import { ORIGIN, PASSWORD, startServer, type TestServer } from './start-server.ts';

export interface Neighbours extends AsyncDisposable {
  /** Where people sign in with the other. */
  readonly here: TestServer;
  readonly there: TestServer;
  /** An application of here. */
  readonly client: ProtocolClient;
  /** Makes `there` a provider of here, under an id of its own. */
  addProvider(settings: Partial<ProviderSettings> & { readonly id: string }): Promise<void>;
}

const REACHING_EACH_OTHER = { GATEHOUSE_OUTBOUND__ALLOW_PRIVATE: '["localhost"]' };

/** Two servers of which one is the other's upstream provider, both real. */
export async function startNeighbours(env: Readonly<Record<string, string>> = {}): Promise<Neighbours> {
  const there = await startServer(REACHING_EACH_OTHER);
  const here = await startServer({ ...REACHING_EACH_OTHER, ...env });
  return {
    here,
    there,
    client: await protocolClient(here, await here.addClient('web', { redirect_uris: [CALLBACK] })),
    async addProvider(settings) {
      const address = `${here.issuer}/federation/${settings.id}`;
      const metadata = {
        client_name: 'Here',
        redirect_uris: [`${address}/callback`],
        post_logout_redirect_uris: [`${address}/signed-out`],
        backchannel_logout_uri: `${address}/logout`,
        backchannel_logout_session_required: true,
      };
      const { client, secret } = await there.addClient('web', metadata);
      const known = { preset: 'oidc', name: 'Neighbour', issuer: there.issuer, client_id: client.id, client_secret: secret } as const;
      await here.house.providers.create({ ...known, ...settings }, ORIGIN);
    },
    async [Symbol.asyncDispose]() {
      await here[Symbol.asyncDispose]();
      await there[Symbol.asyncDispose]();
    },
  };
}

/** A browser as two: on one machine cookies know no ports. */
export interface Traveller {
  readonly here: CookieBrowser;
  readonly there: CookieBrowser;
}

export const traveller = (): Traveller => ({ here: new CookieBrowser(), there: new CookieBrowser() });

/** As far as the sign-in page of here. */
export async function arrive(
  { client }: Neighbours,
  { here }: Traveller,
  parameters: Readonly<Record<string, string>> = {},
): Promise<Page> {
  return await client.request(here, { scope: 'openid', ...parameters });
}

/** The address that brings the answer of there back, once the person has signed in there. */
export async function answerOf(address: string, person: Pick<Account, 'email'>, { there }: Traveller): Promise<string> {
  let page = await there.open(address);
  if (page.html.includes('name="password"')) page = await there.submit(page, '/password', { identifier: person.email, password: PASSWORD });
  if (page.html.includes('name="decision"')) page = await there.submit(page, '/consent', { decision: 'allow' });
  return page.url;
}

/** By the button, there and back again: the page of here that comes then. */
export async function signInBy(
  neighbours: Neighbours,
  provider: string,
  person: Pick<Account, 'email'>,
  browsers = traveller(),
): Promise<Page> {
  const away = await browsers.here.submit(await arrive(neighbours, browsers), '/upstream', { provider });
  return await browsers.here.open(await answerOf(away.url, person, browsers));
}
