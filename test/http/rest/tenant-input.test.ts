import assert from 'node:assert/strict';
import { after, before, describe, it, mock } from 'node:test';
import { Worker } from 'node:worker_threads';
import { call, MANY_ADDRESSES } from '../../support/rest-client.ts';
import { ORIGIN, PASSWORD, startServer, type TestServer } from '../../support/start-server.ts';
import { logIn } from '../../support/tenant-api.ts';

const LOGIN = '/api/v1/auth/login';

describe('what scripts put into a login of the tenant API', () => {
  let server: TestServer;
  let hashes = 0;
  const lookedUp: unknown[] = [];
  before(async () => {
    const roomy = JSON.stringify({ limit: 1000, window: 60, block: 60 });
    server = await startServer({ ...MANY_ADDRESSES, GATEHOUSE_MFA__REQUIRED_ROLES: '[]', GATEHOUSE_LIMITS__LOGIN_ACCOUNT: roomy });
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

  const login = (body: unknown) => call(server, { path: LOGIN, body });
  async function sendText(body: string, type = 'application/json') {
    const response = await fetch(server.issuer + LOGIN, { method: 'POST', body, headers: { 'content-type': type } });
    return { status: response.status, text: await response.text() };
  }

  it('[security 54] somebody disabled, invited or unknown costs a hash like anybody, and hears the same', async () => {
    const disabled = await server.addAccount();
    await server.house.accounts.setDisabled(disabled, true, ORIGIN);
    const invited = await server.addAccount({ password: undefined });
    const { email } = await server.addAccount();
    hashes = 0;
    for (const identifier of [disabled.email, invited.email, 'nobody@acme.fr']) {
      const { status, json } = await login({ email: identifier, password: PASSWORD });
      assert.deepEqual([status, json.error], [401, 'Invalid credentials'], identifier);
    }
    assert.equal((await login({ email, password: 'wrong' })).status, 401);
    assert.equal(hashes, 4);
  });

  it('[security 57] both Unicode forms of a password log in, and NUL is a 400', async () => {
    const password = 'crème-brûlée-für-Zoë-9';
    const { email } = await server.addAccount({ password: password.normalize('NFC') });
    for (const form of ['NFC', 'NFD'] as const)
      assert.equal((await login({ email, password: password.normalize(form) })).status, 200, form);
    for (const body of [
      { email: `${email}\0`, password },
      { email, password: `${password}\0` },
      { email, password: `${password}\0extra` },
      { email, password, code: '\0' },
    ])
      assert.equal((await login(body)).status, 400, JSON.stringify(body));
  });

  it('[security 58] a password beyond 1024 characters is a 400, a megabyte a 413, and neither is hashed', async () => {
    hashes = 0;
    assert.equal((await login({ email: 'nobody@acme.fr', password: 'x'.repeat(1025) })).status, 400);
    assert.equal((await login({ email: 'x'.repeat(321), password: 'x' })).status, 400);
    assert.equal((await login({ email: 'nobody@acme.fr', password: 'x'.repeat(1_000_000) })).status, 413);
    assert.equal(hashes, 0);
    assert.equal((await login({ email: 'nobody@acme.fr', password: 'x'.repeat(1024) })).status, 401);
  });

  it('[security 59] operators, arrays, numbers and forms get no further than the schema', async () => {
    const { email } = await server.addAccount();
    hashes = 0;
    lookedUp.length = 0;
    for (const body of [
      { email: { $ne: null }, password: { $ne: null } },
      { email: { $gt: '' }, password: PASSWORD },
      { email: [email], password: PASSWORD },
      { email, password: [PASSWORD] },
      { email: 7, password: 7 },
      { email: null, password: null },
      { email },
      { password: PASSWORD },
      { email, password: PASSWORD, $where: '1' },
      { email, password: PASSWORD, code: { $exists: false } },
      [],
      [{ email, password: PASSWORD }],
      'text',
      null,
    ]) {
      const { status, json } = await login(body);
      assert.equal(status, 400, JSON.stringify(body));
      assert.ok(typeof json.error === 'string' && json.error.length > 0);
    }
    for (const text of ['', '{', '{"email":']) assert.equal((await sendText(text)).status, 400, text);
    const form = new URLSearchParams({ 'email[$ne]': '', password: PASSWORD }).toString();
    for (const type of ['application/x-www-form-urlencoded', 'text/plain']) assert.equal((await sendText(form, type)).status, 415, type);
    assert.equal(hashes, 0);
    await login({ email: '$ne', password: PASSWORD });
    assert.deepEqual(lookedUp, ['$ne'], 'what reaches the store is a string');
  });

  it('[security 60] names that change what an object is are refused, in the body, in the query and in a path', async () => {
    const { email } = await server.addAccount();
    const members = `"email":${JSON.stringify(email)},"password":"${PASSWORD}"`;
    for (const odd of [
      `{${members},"__proto__":{"polluted":true}}`,
      `{${members},"constructor":{"prototype":{"polluted":true}}}`,
      `{"__proto__":{${members}}}`,
      `{${members},"code":{"__proto__":{"polluted":true}}}`,
    ])
      assert.equal((await sendText(odd)).status, 400, odd);
    const token = await logIn(server, await server.addAccount({ role: 'admin' }));
    for (const path of ['/users?__proto__[polluted]=1', '/users?__proto__=1', '/users?constructor=1', '/audit-log?prototype=1'])
      assert.equal((await call(server, { path: `/api/v1${path}`, token })).status, 400, path);
    for (const id of ['__proto__', 'constructor', '%7B%22$ne%22:null%7D', '..%2f..%2fusers'])
      assert.equal((await call(server, { method: 'DELETE', path: `/api/v1/users/${id}`, token })).status, 404, id);
    assert.equal((await call(server, { method: 'DELETE', path: '/api/v1/users/a%00b', token })).status, 400);
    assert.equal(Object.getOwnPropertyDescriptor(Object.prototype, 'polluted'), undefined);
  });

  it('[security 63] every spelling of an address is one person', async () => {
    const account = await server.addAccount({ email: 'Zoe@acme.fr' });
    for (const email of ['zoe@acme.fr', ' ZOE@ACME.FR ', 'ｚｏｅ@acme.fr', 'zo\u200be@acme.fr', 'zoe@acme.fr\u200d']) {
      const { status, json } = await login({ email, password: PASSWORD });
      assert.equal(status, 200, email);
      assert.equal((json.user as { id?: string }).id, account.id);
    }
  });
});

describe('failures with one name, from many addresses', () => {
  it('[security 63] pause it in every spelling, in the words of a login limit, and tell how long', async () => {
    await using server = await startServer({
      ...MANY_ADDRESSES,
      GATEHOUSE_LIMITS__LOGIN_ACCOUNT: JSON.stringify({ limit: 3, window: 900, block: 900 }),
    });
    await server.addAccount({ email: 'zoe@acme.fr' });
    const login = (email: string, password: string) => call(server, { path: LOGIN, body: { email, password } });
    for (const email of ['zoe@acme.fr', 'ZOE@acme.fr', ' zoe@acme.fr']) assert.equal((await login(email, 'wrong')).status, 401);
    const { status, json, headers } = await login('ｚoe@acme.fr', PASSWORD);
    assert.equal(status, 429);
    assert.equal(json.error, 'Too many login attempts. Please try again in a few minutes.');
    const wait = Number(headers.get('retry-after'));
    assert.ok(wait > 0 && wait <= 900);
    server.clock.advance(wait);
    assert.equal((await login('zoe@acme.fr', PASSWORD)).status, 200);
  });

  it('say after a hundred of them that it takes a new password, and no time to wait', async () => {
    await using server = await startServer({ ...MANY_ADDRESSES, GATEHOUSE_LIMITS__LOGIN_ACCOUNT_TOTAL: '2' });
    await server.addAccount({ email: 'zoe@acme.fr' });
    const login = (password: string) => call(server, { path: LOGIN, body: { email: 'zoe@acme.fr', password } });
    assert.deepEqual([(await login('wrong')).status, (await login('wrong')).status], [401, 401]);
    const { status, json, headers } = await login(PASSWORD);
    assert.deepEqual([status, headers.get('retry-after')], [429, null]);
    assert.equal(json.error, 'Too many login attempts. Please set a new password to log in again.');
  });
});
