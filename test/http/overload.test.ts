import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { CookieBrowser } from '../support/cookie-browser.ts';
import { get, protocolClient } from '../support/protocol-client.ts';
import { CALLBACK } from '../support/relying-party.ts';
import { PASSWORD, startServer } from '../support/start-server.ts';

const ROOMY = JSON.stringify({ limit: 100_000, window: 60, block: 60 });
const AT_ONCE = 200;

describe('more sign-ins than can be hashed', () => {
  it('[security 102] are turned away with Retry-After, while the rest goes on', async () => {
    await using server = await startServer({
      GATEHOUSE_PASSWORDS__BCRYPT_COST: '8',
      GATEHOUSE_PASSWORDS__WORKERS: '1',
      GATEHOUSE_PASSWORDS__QUEUE: '8',
      GATEHOUSE_LIMITS__LOGIN_ADDRESS: ROOMY,
      GATEHOUSE_LIMITS__LOGIN_ACCOUNT: ROOMY,
    });
    const person = await server.addAccount();
    const service = await protocolClient(server, await server.addClient('service', { scope: 'read:users' }));
    const client = await protocolClient(server, await server.addClient('web', { redirect_uris: [CALLBACK] }));
    const browser = new CookieBrowser();
    const page = await client.request(browser, { scope: 'openid' });
    const fail = (index: number) =>
      browser.submit(page, '/password', {
        identifier: index % 2 ? person.email : `nobody${index}@example.com`,
        password: 'not-the-password',
      });

    const flood = Array.from({ length: AT_ONCE }, (_, index) => fail(index));
    await Promise.race(flood);
    const health = await get(`${server.issuer}/healthz`);
    const token = await service.token({ grant_type: 'client_credentials' });
    const answers = await Promise.all(flood);

    assert.equal(health.status, 200);
    assert.equal(token.status, 200);
    const turnedAway = answers.filter(({ status }) => status === 503);
    assert.ok(turnedAway.length > 0);
    for (const { status, headers } of answers) {
      assert.ok([401, 503].includes(status), String(status));
      if (status === 503) assert.match(headers.get('retry-after') ?? '', /^\d+$/);
    }

    const after = await Promise.all([fail(0), fail(1)]);
    assert.deepEqual(
      after.map(({ status }) => status),
      [401, 401],
      'names that nobody has are served again, too',
    );
    const good = await browser.submit(page, '/password', { identifier: person.email, password: PASSWORD });
    assert.ok(good.html.includes('value="allow"'));
  });

  it('[security 102] the very first sign-ins after a start may be a flood', async () => {
    await using server = await startServer({
      GATEHOUSE_PASSWORDS__WORKERS: '1',
      GATEHOUSE_PASSWORDS__QUEUE: '1',
      GATEHOUSE_LIMITS__LOGIN_ADDRESS: ROOMY,
      GATEHOUSE_LIMITS__LOGIN_ACCOUNT: ROOMY,
    });
    const client = await protocolClient(server, await server.addClient('web', { redirect_uris: [CALLBACK] }));
    const browser = new CookieBrowser();
    const page = await client.request(browser, { scope: 'openid' });
    const fail = () => browser.submit(page, '/password', { identifier: 'nobody@example.com', password: 'not-the-password' });
    await Promise.all(Array.from({ length: 20 }, fail));
    assert.equal((await fail()).status, 401);
  });
});
