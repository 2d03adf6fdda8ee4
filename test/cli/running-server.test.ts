import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { text } from 'node:stream/consumers';
import { after, before, describe, it } from 'node:test';
import * as oidc from 'openid-client';
import type { JsonObject } from '../../src/lib/json.ts';
import { CookieBrowser } from '../support/cookie-browser.ts';
import { authorizationRequest, CALLBACK, signIn } from '../support/relying-party.ts';
import { startTestProvider } from '../support/test-provider.ts';
import { BIN } from './command-line.ts';
import { createServedCommandLine, type ServedCommandLine } from './server-process.ts';

const PASSWORD = 'correct-horse-battery-staple-9';

describe('the command line while the server runs', () => {
  let served: ServedCommandLine;
  before(async () => {
    served = await createServedCommandLine({ GATEHOUSE_OUTBOUND__ALLOW_PRIVATE: '["localhost"]' });
  });
  after(() => served[Symbol.asyncDispose]());

  const relyingParty = (client: JsonObject, secret = client.client_secret) =>
    oidc.discovery(new URL(served.issuer), String(client.client_id), undefined, oidc.ClientSecretBasic(String(secret)), {
      execute: [oidc.allowInsecureRequests],
    });
  const addService = (scope = 'read:interactions') => served.cli.ask(['client', 'add', 'Probe', '--type', 'service', '--scope', scope]);
  const getToken = async (client: JsonObject, secret?: JsonObject['client_secret']) =>
    await oidc.clientCredentialsGrant(await relyingParty(client, secret));
  const refused = (error: unknown) => error instanceof oidc.WWWAuthenticateChallengeError && error.status === 401;

  it('a new client gets a token at once', async () => {
    const client = await addService();
    const tokens = await getToken(client);
    assert.equal(tokens.scope, 'read:interactions');
    assert.equal((await oidc.tokenIntrospection(await relyingParty(client), tokens.access_token)).active, true);
  });

  it('a new secret works at once, and the one before until its overlap is over', async () => {
    const client = await addService();
    const second = await served.cli.ask(['client', 'secret', String(client.client_id)]);
    await getToken(client);
    await getToken(second);
    const third = await served.cli.ask(['client', 'secret', String(client.client_id), '--overlap', '0']);
    await getToken(third);
    await assert.rejects(getToken(client), refused);
    await assert.rejects(getToken(second), refused);
  });

  it('a disabled or removed client gets no more tokens, and those it has are dead', async () => {
    const witness = await relyingParty(await addService('admin:all'));
    for (const command of [['update', '--disable'], ['remove']]) {
      const client = await addService();
      const { access_token } = await getToken(client);
      assert.equal((await oidc.tokenIntrospection(witness, access_token)).active, true);
      await served.cli.ask(['client', ...command, String(client.client_id)]);
      await assert.rejects(getToken(client), refused, command[0]);
      assert.equal((await oidc.tokenIntrospection(witness, access_token)).active, false, command[0]);
    }
  });

  it('a sign-in with a provider is tried out, and nobody is signed in by it', async () => {
    await using there = await startTestProvider();
    there.idToken = (usual) => ({ ...usual, email: 'ada@orbital.example', email_verified: true, groups: ['<b>crew</b>'], role: 'captain' });
    const flags = ['--preset', 'oidc', '--issuer', there.issuer, '--client-id', 'us', '--client-secret-stdin', '--claim', 'role=role'];
    await served.cli.ask(['provider', 'add', 'orbital', ...flags, '--role', 'operator=captain'], { input: 'hush' });
    const command = spawn(BIN, ['provider', 'test', 'orbital', '--sign-in', '--json'], { cwd: served.cli.folder, env: served.cli.env });
    const said = text(command.stdout);
    let shown = '';
    for await (const part of command.stderr) {
      shown += part;
      if (shown.includes('state=')) break;
    }
    const callback = there.authorize(new URL(/http\S+/.exec(shown)?.[0] ?? '')).href;
    const page = await new CookieBrowser().open(callback);
    assert.deepEqual([page.status, page.headers.getSetCookie()], [200, []]);
    for (const words of ['It works', 'ada@orbital.example', 'operator', '&lt;b&gt;crew'] as const)
      assert.ok(page.html.includes(words), words);
    const { findings } = JSON.parse(await said) as { findings: JsonObject[] };
    assert.deepEqual(findings.at(-1), { what: 'sign-in', fine: true, message: 'ada@orbital.example came back. Role: operator.' });
    assert.equal((await new CookieBrowser().open(callback)).status, 400, 'once');
    assert.deepEqual(await served.cli.askList(['account', 'list']), []);
  });

  it('a disabled account is dead at introspection, userinfo and refresh', async () => {
    const add = ['account', 'add', 'alice@example.com', '--username', 'alice', '--password-stdin'];
    const account = await served.cli.ask(add, { input: `${PASSWORD}\n` });
    const client = await served.cli.ask(['client', 'add', 'Wiki', '--type', 'web', '--redirect-uri', CALLBACK]);
    const config = await relyingParty(client);
    const request = await authorizationRequest(config);
    const callback = await signIn(new CookieBrowser(), request.url, { identifier: 'alice', password: PASSWORD });
    const tokens = await oidc.authorizationCodeGrant(config, new URL(callback.url), request.checks);
    assert.equal((await oidc.tokenIntrospection(config, tokens.access_token)).sub, account.id);

    await served.cli.ask(['account', 'disable', 'alice']);
    assert.equal((await oidc.tokenIntrospection(config, tokens.access_token)).active, false);
    await assert.rejects(oidc.fetchUserInfo(config, tokens.access_token, String(account.id)));
    await assert.rejects(oidc.refreshTokenGrant(config, tokens.refresh_token ?? ''), { error: 'invalid_grant' });
    const types = (await served.cli.askList(['audit', 'list', '--account', 'alice'])).map(({ type }) => type);
    for (const type of ['account.created', 'login.succeeded', 'token.issued', 'account.disabled']) assert.ok(types.includes(type), type);
  });

  it('a password link opens the page that sets the password, once', async () => {
    const { password_link } = await served.cli.ask(['account', 'add', 'bob@example.com']);
    const browser = new CookieBrowser();
    const page = await browser.open(String(password_link));
    assert.equal(page.status, 200);
    const { pathname } = new URL(String(password_link));
    const done = await browser.submit(page, pathname, { password: PASSWORD });
    assert.equal(done.status, 200, done.html);
    assert.equal((await served.cli.ask(['account', 'show', 'bob@example.com'])).has_password, true);
    assert.notEqual((await browser.open(String(password_link))).status, 200);
  });
});
