import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { testProvider } from '../../src/domain/federation/test-provider.ts';
import { CookieBrowser, formsOf, type Page } from '../support/cookie-browser.ts';
import { DOCTOR, type LemonLdap, startLemonldap, whyNoLemonldap } from '../support/lemonldap.ts';
import { type Traveller, traveller } from '../support/neighbours.ts';
import { type ProtocolClient, protocolClient } from '../support/protocol-client.ts';
import { CALLBACK } from '../support/relying-party.ts';
import { ORIGIN, startServer, type TestServer } from '../support/start-server.ts';

describe('a provider that others wrote: LemonLDAP::NG', { skip: whyNoLemonldap() ?? false }, () => {
  let here: TestServer;
  let there: LemonLdap;
  let client: ProtocolClient;
  before(async () => {
    here = await startServer({ GATEHOUSE_OUTBOUND__ALLOW_PRIVATE: '["localhost"]' });
    there = await startLemonldap(`${here.issuer}/federation/lemonldap`);
    const policy = { creation: 'everybody', ends_session: true } as const;
    const known = { id: 'lemonldap', preset: 'oidc', name: 'LemonLDAP', issuer: there.issuer, ...there.client } as const;
    await here.house.providers.create({ ...known, ...policy }, ORIGIN);
    client = await protocolClient(here, await here.addClient('web', { redirect_uris: [CALLBACK] }));
  });
  after(async () => {
    await there?.[Symbol.asyncDispose]();
    await here?.[Symbol.asyncDispose]();
  });

  /** By the button of the sign-in page: what stands there. */
  async function leave(browsers: Traveller): Promise<Page> {
    const away = await browsers.here.submit(await client.request(browsers.here, { scope: 'openid' }), '/upstream', {
      provider: 'lemonldap',
    });
    assert.ok(away.url.startsWith(there.issuer), away.html);
    return await browsers.there.open(away.url);
  }

  const signInThere = (page: Page, { there: browser }: Traveller, password: string = DOCTOR.password) =>
    browser.submit(page, '#', { user: DOCTOR.uid, password });

  /** Its two buttons send the same value, with a dash before it for a no. */
  async function answer(page: Page, { there: browser }: Traveller, dash: '' | '-' = ''): Promise<Page> {
    const confirm = formsOf(page)[0]?.hidden.confirm;
    assert.ok(confirm, page.html);
    return await browser.submit(page, '#', { confirm: `${dash}${confirm}` });
  }

  const comeBack = ({ url }: Page, browsers: Traveller) => browsers.here.open(url);

  it('is found in order before anybody signs in', async () => {
    const findings = await testProvider(await here.house.providers.resolve('lemonldap'), here.house);
    assert.deepEqual(
      findings.map(({ what, fine, message }) => [what, fine || message]),
      ['discovery', 'clock', 'keys', 'client'].map((what) => [what, true]),
    );
  });

  it('lets its people in after a wrong password and a no, as one account by issuer and subject, and out at both', async () => {
    const browsers = traveller();
    const mistaken = await signInThere(await leave(browsers), browsers, 'of another regeneration');
    assert.match(mistaken.html, /role="alert"[\s\S]*name="password"/);
    const refused = await comeBack(await answer(await signInThere(mistaken, browsers), browsers, '-'), browsers);
    assert.match(refused.html, /LemonLDAP ended the sign-in/);
    const came = await comeBack(await answer(await leave(browsers), browsers), browsers);
    assert.ok((await browsers.here.submit(came, '/consent', { decision: 'allow' })).url.startsWith(CALLBACK));
    const account = await here.house.accounts.resolve(DOCTOR.email);
    assert.deepEqual([account.displayName, account.username, account.emailVerified], [DOCTOR.name, DOCTOR.uid, false]);
    const identities = () => here.house.storage.identities.list(account.tenantId, account.id);
    assert.deepEqual(
      (await identities()).map(({ issuer, subject }) => [issuer, subject]),
      [[there.issuer, DOCTOR.uid]],
    );

    const returning = { here: new CookieBrowser(), there: browsers.there };
    const known = await leave(returning);
    assert.ok(known.url.startsWith(here.issuer), 'it asks nothing again');
    assert.ok((await comeBack(known, returning)).url.startsWith(CALLBACK));

    const elsewhere = traveller();
    const signedIn = await comeBack(await signInThere(await leave(elsewhere), elsewhere), elsewhere);
    assert.ok(signedIn.url.startsWith(CALLBACK));
    assert.equal((await identities()).length, 1);
    const out = await elsewhere.here.submit(await elsewhere.here.open(`${here.issuer}/oauth/logout`), '/confirm', { logout: 'yes' });
    const left = await elsewhere.there.open(out.url);
    assert.equal(new URL(left.url).pathname, '/federation/lemonldap/signed-out');
    assert.match((await comeBack(left, elsewhere)).url, /\/oauth\/logout\/success$/);
    assert.match((await leave(elsewhere)).html, /name="password"/, 'it asks again, as we do');
  });
});
