import assert from 'node:assert/strict';
import { after, before, describe, it, mock } from 'node:test';
import { Worker } from 'node:worker_threads';
import { CookieBrowser, formsOf } from '../support/cookie-browser.ts';
import { get, type ProtocolClient, post, protocolClient } from '../support/protocol-client.ts';
import { CALLBACK } from '../support/relying-party.ts';
import { PASSWORD, startServer, type TestServer } from '../support/start-server.ts';

describe('what people and scripts put into the sign-in form', () => {
  let server: TestServer;
  let client: ProtocolClient;
  let hashes = 0;
  const lookedUp: unknown[] = [];
  before(async () => {
    const roomy = JSON.stringify({ limit: 1000, window: 60, block: 60 });
    server = await startServer({ GATEHOUSE_LIMITS__LOGIN_ADDRESS: roomy, GATEHOUSE_LIMITS__LOGIN_ACCOUNT: roomy });
    client = await protocolClient(server, await server.addClient('web', { redirect_uris: [CALLBACK] }));
    const send = Worker.prototype.postMessage;
    mock.method(Worker.prototype, 'postMessage', function counted(this: Worker, job: unknown) {
      hashes += 1;
      send.call(this, job);
    });
    const { accounts } = server.house.storage;
    const findByLogin = accounts.findByLogin.bind(accounts);
    mock.method(accounts, 'findByLogin', (key: Parameters<typeof findByLogin>[0]) => {
      lookedUp.push(key);
      return findByLogin(key);
    });
  });
  after(async () => {
    mock.restoreAll();
    await server[Symbol.asyncDispose]();
  });

  /** The login page of a fresh browser, and how to post to it what no browser would. */
  async function loginPage() {
    const browser = new CookieBrowser();
    const page = await client.request(browser, { scope: 'openid' });
    const form = formsOf(page).find(({ action }) => action.endsWith('/password'));
    assert.ok(form);
    const url = new URL(form.action, page.url).href;
    const headers = { 'sec-fetch-site': 'same-origin' };
    const send = async (body: string, type = 'application/x-www-form-urlencoded') => {
      const response = await browser.request(url, { method: 'POST', body, headers: { ...headers, 'content-type': type } });
      return { status: response.status, html: await response.text() };
    };
    const fields = (values: Record<string, string>) => new URLSearchParams({ ...form.hidden, ...values }).toString();
    return { send, fields, csrf: form.hidden._csrf ?? '' };
  }

  it('[security 57] NUL in a name or a password is a 400', async () => {
    const person = await server.addAccount();
    for (const values of [
      { identifier: `${person.email}\0`, password: PASSWORD },
      { identifier: person.email, password: `${PASSWORD}\0` },
      { identifier: person.email, password: `${PASSWORD}\0extra` },
      { identifier: '\0', password: '\0' },
    ]) {
      const { send, fields } = await loginPage();
      assert.equal((await send(fields(values))).status, 400, JSON.stringify(values));
    }
  });

  it('[security 58] a megabyte of password is a 413 and is not hashed', async () => {
    const { send, fields } = await loginPage();
    hashes = 0;
    assert.equal((await send(fields({ identifier: 'somebody', password: 'x'.repeat(1_000_000) }))).status, 413);
    assert.equal(hashes, 0);
    const long = await send(fields({ identifier: 'somebody', password: 'x'.repeat(10_000) }));
    assert.equal(long.status, 401);
    const longName = await send(fields({ identifier: 'x'.repeat(5000), password: 'x' }));
    assert.equal(longName.status, 400);
    assert.match(longName.html, /Reference/);
  });

  it('[security 59] operators, arrays, numbers and JSON get no further than the form', async () => {
    const { send, fields, csrf } = await loginPage();
    hashes = 0;
    lookedUp.length = 0;
    const token = `_csrf=${encodeURIComponent(csrf)}`;
    for (const body of [
      `${token}&identifier[$ne]=&password[$ne]=`,
      `${token}&identifier[$gt]=&password=x`,
      `${token}&identifier=a&identifier=b&password=x`,
      `${token}&identifier[]=a&password=x`,
      `${token}&identifier=a&password=x&password=y`,
      `${token}&identifier=a`,
      `${token}&password=a`,
      `${token}&identifier=a&password=x&role=admin`,
      `${token}&identifier=a&password=x&remember=yes`,
      `${token}&identifier=a&password=`,
    ])
      assert.equal((await send(body)).status, 400, body);
    const json = JSON.stringify({ _csrf: csrf, identifier: { $ne: null }, password: { $ne: null } });
    assert.equal((await send(json, 'application/json')).status, 400);
    assert.equal((await send(json, 'text/plain')).status, 400);
    assert.equal((await send('', 'multipart/form-data; boundary=x')).status, 400);
    assert.deepEqual([hashes, lookedUp.length], [0, 0]);
    const text = await send(fields({ identifier: '{"$ne":null}', password: '{"$ne":null}' }));
    assert.equal(text.status, 401);
    assert.deepEqual(lookedUp, ['{"$ne":null}'], 'a name is a string and nothing else');
    await send(fields({ identifier: '12345', password: '1' }));
    assert.equal(lookedUp.at(-1), '12345');
  });

  it('[security 60] names of the prototype are refused and change nothing', async () => {
    const { send, csrf } = await loginPage();
    const token = `_csrf=${encodeURIComponent(csrf)}&identifier=a&password=x`;
    for (const extra of [
      '__proto__=polluted',
      '__proto__[polluted]=1',
      'constructor=x',
      'constructor.prototype.polluted=1',
      'prototype=x',
      'hasOwnProperty=x',
      'toString=x',
    ])
      assert.equal((await send(`${token}&${extra}`)).status, 400, extra);
    const { status } = await post(`${server.issuer}/oauth/token`, {
      grant_type: 'client_credentials',
      __proto__x: '1',
      ['__proto__']: 'polluted',
    });
    assert.equal(status, 400);
    await get(`${server.issuer}/interaction/x?__proto__=polluted&__proto__[polluted]=1`);
    assert.equal(({} as Record<string, unknown>).polluted, undefined);
  });

  it('[security 100] bodies beyond the limit are refused at every endpoint, and the server goes on', async () => {
    const body = { grant_type: 'client_credentials', filler: 'x'.repeat(60 * 1024) };
    for (const path of ['/oauth/token', '/oauth/introspect', '/oauth/revoke']) {
      const answer = await post(`${server.issuer}${path}`, { ...body, token: 'x'.repeat(60 * 1024) });
      assert.ok(answer.status >= 400 && answer.status < 500, `${path}: ${answer.status}`);
    }
    const chunked = new ReadableStream({
      pull(controller) {
        controller.enqueue(new TextEncoder().encode('x'.repeat(65_536)));
      },
    });
    const endless = await fetch(`${server.issuer}/oauth/token`, {
      method: 'POST',
      body: chunked,
      duplex: 'half',
      headers: { 'content-type': 'application/x-www-form-urlencoded' },
    } as RequestInit).then(
      ({ status }) => status,
      () => 'closed',
    );
    assert.ok(endless === 'closed' || (Number(endless) >= 400 && Number(endless) < 500), String(endless));
    assert.equal((await get(`${server.issuer}/healthz`)).status, 200);
  });

  it('[security 100] ten thousand parameters, deep brackets and awkward strings are nothing special', async () => {
    const many = Array.from({ length: 10_000 }, (_, index) => `a${index}=1`).join('&');
    const { send, csrf } = await loginPage();
    assert.ok((await send(`_csrf=${csrf}&${many}`)).status >= 400);
    assert.ok((await send(`_csrf=${csrf}&identifier${'[a]'.repeat(3000)}=x&password=x`)).status >= 400);
    const { send: again, fields } = await loginPage();
    for (const identifier of [`${'a'.repeat(150)}@${'a'.repeat(150)}`, '@'.repeat(320), `${' '.repeat(319)}x`, '\u200b'.repeat(300)])
      assert.equal((await again(fields({ identifier, password: 'x' }))).status, 401);
    const query = await get(`${server.issuer}/oauth/authorize?${'a&'.repeat(5000)}`, { accept: 'text/html' });
    assert.ok(query.status >= 400 && query.status < 500);
  });
});
