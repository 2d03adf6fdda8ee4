import assert from 'node:assert/strict';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { newTotpSecret } from '../../src/domain/mfa/totp.ts';
import { codeAt, toNextStep } from '../support/authenticator.ts';
import { CookieBrowser } from '../support/cookie-browser.ts';
import { protocolClient } from '../support/protocol-client.ts';
import { authorizationRequest, CALLBACK } from '../support/relying-party.ts';
import { ORIGIN, PASSWORD, startServer } from '../support/start-server.ts';

describe('what lies in the data folder', () => {
  it('[security 106] holds no secret that could be used as it is', async () => {
    await using server = await startServer();
    const client = await protocolClient(server, await server.addClient('web', { redirect_uris: [CALLBACK] }));
    const account = await server.addAccount();
    const totp = newTotpSecret();
    const outcome = await server.house.mfa.enrol(account, totp, await codeAt(server, totp), ORIGIN);
    const [recovery] = 'codes' in outcome ? outcome.codes : assert.fail(outcome.kind);
    toNextStep(server);
    const link = await server.house.accounts.createPasswordLink(account, ORIGIN);
    const browser = new CookieBrowser();
    const request = await authorizationRequest(client.config);
    let page = await browser.open(request.url);
    page = await browser.submit(page, '/password', { identifier: account.email, password: PASSWORD });
    page = await browser.submit(page, '/totp', { code: await codeAt(server, totp) });
    const session = browser.cookies.get('gatehouse_session|/')?.value;
    const interaction = new URL(page.url).pathname.split('/').at(-1);
    page = await browser.submit(page, '/consent', { decision: 'allow' });
    const code = new URL(page.url).searchParams.get('code');
    const tokens = (await client.exchange({ code: code ?? '', request, callback: new URL(page.url) })).json;
    const admin = await server.addAccount({ role: 'admin' });
    const enrolling = new CookieBrowser();
    const offer = await enrolling.submit(await client.request(enrolling), '/password', { identifier: admin.email, password: PASSWORD });
    const offered = /id="key"[^>]*>([A-Z2-7 ]+)</.exec(offer.html)?.[1]?.replaceAll(' ', '');
    const signingKeys = await server.house.keys.load(ORIGIN);

    const secrets: Record<string, unknown> = {
      password: PASSWORD,
      'client secret': client.issued.secret,
      'TOTP secret': totp,
      'TOTP secret on offer': offered,
      'recovery code': recovery,
      'password link': link,
      'session id': session,
      'later session id': browser.cookies.get('gatehouse_session|/')?.value,
      'interaction id': interaction,
      code,
      'refresh token': tokens.refresh_token,
      'access token': String(tokens.access_token).split('.')[2],
      ...Object.fromEntries(signingKeys.map(({ d, alg }) => [`private key ${alg}`, d])),
    };
    const folder = server.house.config.data_dir;
    const names = (await readdir(folder)).filter((name) => name !== 'master.key');
    assert.ok(names.some((name) => name.endsWith('.db')));
    for (const name of names) {
      const bytes = await readFile(join(folder, name));
      for (const [what, secret] of Object.entries(secrets)) {
        assert.ok(typeof secret === 'string' && secret.length >= 20, what);
        assert.ok(!bytes.includes(secret), `${what} in ${name}`);
      }
    }
    const all = Buffer.concat(await Promise.all(names.map((name) => readFile(join(folder, name)))));
    assert.ok(all.includes(account.email), 'the search finds what is there');
  });
});
