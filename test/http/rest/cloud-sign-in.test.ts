import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { decodeJwt, decodeProtectedHeader } from 'jose';
import type { Account } from '../../../src/domain/accounts/account.ts';
import { codeAt } from '../../support/authenticator.ts';
import { assertError, giveAuthenticator, isLetIn, pairIn, refreshPair, signInToCloud } from '../../support/cloud-client.ts';
import { rawRequest } from '../../support/raw-request.ts';
import { call, freshAddress, MANY_ADDRESSES, type RestAnswer } from '../../support/rest-client.ts';
import { PASSWORD, startServer, type TestServer } from '../../support/start-server.ts';

const PATH = '/authenticate/signin';
const DAY = 86_400;

describe('the cloud API: sign-in', () => {
  let server: TestServer;
  let alice: Account;
  before(async () => {
    server = await startServer({ ...MANY_ADDRESSES, GATEHOUSE_LIMITS__LOGIN_ACCOUNT: '{"limit":1000,"window":60,"block":60}' });
    alice = await server.addAccount();
  });
  after(() => server[Symbol.asyncDispose]());

  const post = (body: unknown, more: { path?: string; from?: string; headers?: Record<string, string> } = {}) =>
    call(server, { path: PATH, body, ...more });
  const credentials = (more: object = {}) => ({ KeepLoggedIn: true, Password: PASSWORD, Username: alice.email, ...more });

  /** fetch sends no body by GET. */
  async function get(body: unknown, headers: Record<string, string> = {}, path = PATH): Promise<RestAnswer> {
    const json = body === undefined ? undefined : JSON.stringify(body);
    const { status, text } = await rawRequest(server.issuer + path, {
      headers: {
        'x-forwarded-for': freshAddress(),
        ...(json !== undefined && { 'content-type': 'application/json', 'content-length': String(Buffer.byteLength(json)) }),
        ...headers,
      },
      ...(json !== undefined && { body: json }),
    });
    return { status, headers: new Headers(), text, json: JSON.parse(text) };
  }
  const basic = (name: string, password: string) => ({ authorization: `Basic ${Buffer.from(`${name}:${password}`).toString('base64')}` });

  it('takes the documented request and gives the documented answer', async () => {
    const answer = await post({ KeepLoggedIn: true, Password: PASSWORD, Username: alice.email });
    assert.deepEqual(Object.keys(answer.json), ['AccessToken', 'RefreshToken']);
    assert.equal(answer.headers.get('cache-control'), 'no-store');
    const { AccessToken } = pairIn(answer);
    const { typ, alg } = decodeProtectedHeader(AccessToken);
    const { sub, iat = 0, exp = 0 } = decodeJwt(AccessToken);
    assert.deepEqual([typ, alg, sub, exp - iat], ['JWT', 'ES256', alice.id, server.house.config.lifetimes.access_token]);
    assert.equal(await isLetIn(server, AccessToken), true);
  });

  it('takes a GET with the same body, or with HTTP Basic', async () => {
    pairIn(await get(credentials()));
    const { RefreshToken } = pairIn(await get(undefined, basic(alice.email, PASSWORD)));
    const kept = pairIn(await get({ KeepLoggedIn: true }, basic(alice.email, PASSWORD)));
    server.clock.advance(DAY);
    assertError(await refreshPair(server, RefreshToken), 401);
    pairIn(await refreshPair(server, kept.RefreshToken));

    assertError(await get(undefined, basic(alice.email, 'wrong')), 401);
    assertError(await get(undefined), 400, 'KeepLoggedIn');
    assertError(await get({ KeepLoggedIn: true, Username: alice.email }), 400, 'Password');
    assertError(await get(credentials(), basic(alice.email, PASSWORD)), 400, 'Password');
    assertError(await get(undefined, basic('', PASSWORD)), 400);
    assertError(await get(undefined, basic(alice.email, '')), 400);
    assertError(await get(undefined, { authorization: `Basic ${Buffer.from('no colon').toString('base64')}` }), 400);
  });

  it('refuses credentials in the address, whatever else is sent', async () => {
    for (const name of ['Username', 'Password', 'KeepLoggedIn', 'Totp', 'user', 'access_token']) {
      assertError(await post(credentials(), { path: `${PATH}?${name}=x` }), 400, name);
      assertError(await get(undefined, basic(alice.email, PASSWORD), `${PATH}?${name}=x`), 400, name);
    }
  });

  it('KeepLoggedIn makes 30 days of 12 hours, however often the pair is refreshed', async () => {
    for (const [KeepLoggedIn, seconds] of [
      [true, 30 * DAY],
      [false, DAY / 2],
    ] as const) {
      let pair = await signInToCloud(server, alice, { KeepLoggedIn });
      server.clock.advance(seconds / 2);
      pair = pairIn(await refreshPair(server, pair.RefreshToken));
      server.clock.advance(seconds / 2 - 60);
      pair = pairIn(await refreshPair(server, pair.RefreshToken));
      assert.equal(await isLetIn(server, pair.AccessToken), true);
      server.clock.advance(61);
      assert.equal(await isLetIn(server, pair.AccessToken), false, 'no access token outlives its family');
      assertError(await refreshPair(server, pair.RefreshToken), 401);
    }
  });

  it('every error is the documented object, with an id that is in the log', async () => {
    const { json } = await post(credentials({ Password: 'wrong' }));
    assert.deepEqual(
      { ...json, UUID: 'f50af7e0-0dd5-4361-ab96-2e04f7bc7e30' },
      {
        AuthorizationInvalid: true,
        BackendMessage: 'bad_credentials',
        Email: '',
        Field: { Message: '', Name: '' },
        Message: 'The username or the password is not right.',
        UUID: 'f50af7e0-0dd5-4361-ab96-2e04f7bc7e30',
      },
    );
    const without = await post({ Password: PASSWORD, Username: alice.email });
    assertError(without, 400, 'KeepLoggedIn');
    assert.equal(without.json.Message, 'KeepLoggedIn: it is missing.');
    assertError(await post(credentials({ Role: 'admin' })), 400, 'Role');
    assertError(await call(server, { method: 'PUT', path: PATH, body: {} }), 405);
    assertError(await call(server, { method: 'POST', path: PATH, body: {}, headers: { 'content-type': 'text/plain' } }), 415);
  });

  it('asks whoever has an authenticator app for its code, and takes it as Totp, once', async () => {
    const bob = await server.addAccount();
    const secret = await giveAuthenticator(server, bob);
    const withCode = (Totp: string) => post(credentials({ Username: bob.email, Totp }));
    const wanted = await post(credentials({ Username: bob.email }));
    assertError(wanted, 401, 'Totp');
    assert.match(String(wanted.json.BackendMessage), /^code_wanted: a code is needed/);
    assert.match(String((wanted.json.Field as { Message: string }).Message), /code of your authenticator app/);
    assertError(await post(credentials({ Username: bob.email, Password: 'wrong' })), 401);
    const code = await codeAt(server, secret);
    assertError(await withCode(code === '000000' ? '000001' : '000000'), 401);
    pairIn(await withCode(code));
    assertError(await withCode(code), 401);
    pairIn(await get({ Totp: await codeAt(server, secret, 1) }, basic(bob.email, PASSWORD)));
  });

  it('[security 53] an unknown name and a wrong password get the same answer for the same work', async () => {
    const { hasher } = server.house;
    let hashes = 0;
    const verify = hasher.verify.bind(hasher);
    hasher.verify = async (...values) => {
      hashes += 1;
      return await verify(...values);
    };
    try {
      const disabled = await server.addAccount();
      await server.house.accounts.setDisabled(disabled, true, { requestId: 'test', ip: 'test' });
      const unset = await server.addAccount({ password: undefined });
      const tries = [
        credentials({ Password: 'wrong' }),
        credentials({ Username: 'nobody@example.com' }),
        credentials({ Username: disabled.email }),
        credentials({ Username: unset.email }),
      ];
      const seen: object[] = [];
      for (const body of tries) {
        const before = hashes;
        const { status, json, headers } = await post(body);
        const varying = new Set(['date', 'x-request-id', 'content-security-policy']);
        const shown = [...headers].filter(([name]) => !varying.has(name));
        seen.push({ status, headers: shown, json: { ...json, UUID: '' }, hashes: hashes - before });
      }
      const [first, ...others] = seen;
      assert.equal((first as { hashes: number }).hashes, 1);
      for (const other of others) assert.deepEqual(other, first);
    } finally {
      hasher.verify = verify;
    }
  });

  it('[security 55] [security 57] passwords are taken whole, NFC or NFD, and never with a NUL', async () => {
    const password = `${'langer Satz mit Ümlauten '.repeat(4)}A`;
    const carl = await server.addAccount({ password: password.normalize('NFC') });
    const as = (Password: string) => post(credentials({ Username: carl.email, Password }));
    pairIn(await as(password.normalize('NFC')));
    pairIn(await as(password.normalize('NFD')));
    assertError(await as(`${password.slice(0, -1)}B`), 401);
    assertError(await as(password.toLowerCase()), 401);
    assertError(await as(`${password}\0`), 400, 'Password');
    assertError(await post(credentials({ Username: `${carl.email}\0` })), 400, 'Username');
  });

  it('[security 58] [security 59] [security 60] [security 68] bodies that are no credentials are refused unhashed', async () => {
    const { hasher } = server.house;
    const verify = hasher.verify.bind(hasher);
    hasher.verify = () => Promise.reject(new Error('a password was hashed'));
    try {
      assertError(await post(credentials({ Password: 'x'.repeat(1_000_000) })), 413);
      assertError(await post(credentials({ Password: 'x'.repeat(1025) })), 400, 'Password');
      for (const odd of [{ $ne: null }, ['x'], 7, null, true, '']) {
        assertError(await post(credentials({ Username: odd })), 400, 'Username');
        assertError(await post(credentials({ Password: odd })), 400, 'Password');
      }
      assertError(await post(JSON.parse(`{"__proto__":{"polluted":true},"KeepLoggedIn":true}`)), 400);
      assertError(await post(credentials({ constructor: { prototype: { polluted: true } } })), 400);
      assertError(await post([]), 400);
      assert.equal(({} as { polluted?: unknown }).polluted, undefined);
    } finally {
      hasher.verify = verify;
    }
  });

  it('counts with every other surface: five attempts from an address, then a pause everywhere', async () => {
    const from = freshAddress();
    for (let attempt = 0; attempt < 5; attempt++) assertError(await post(credentials({ Password: 'wrong' }), { from }), 401);
    const sixth = await post(credentials(), { from });
    assertError(sixth, 429);
    assert.match(String(sixth.json.Message), new RegExp(`in ${sixth.headers.get('retry-after')} seconds`));
    const elsewhere = await call(server, { path: '/api/v1/auth/login', body: { email: alice.email, password: PASSWORD }, from });
    assert.equal(elsewhere.status, 429);
    assertError(await call(server, { path: '/nx/login', body: { Email: alice.email, Password: PASSWORD }, from }), 429);
  });
});
