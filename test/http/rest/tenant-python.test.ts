import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { describe, it } from 'node:test';
import { createRemoteJWKSet, jwtVerify } from 'jose';
import type { NewAccount } from '../../../src/domain/accounts/account-desk.ts';
import { type ConnectProxy, openConnectProxy } from '../../support/connect-proxy.ts';
import { indented, runPython } from '../../support/python.ts';
import { startServer, type TestServer } from '../../support/start-server.ts';
import { logIn } from '../../support/tenant-api.ts';
import { openTlsGate, type TlsGate } from '../../support/tls-gate.ts';

const HOST = 'api.noxys.cloud';

/** The page of the documentation, as a browser copies it: without indentation. */
const page = await readFile(new URL('../../support/tenant-api-authentication.txt', import.meta.url), 'utf8');

function codeBetween(heading: string, next: string): string {
  const from = page.indexOf(heading) + heading.length;
  return page.slice(from, page.indexOf(next, from));
}

const CLIENT = indented(
  codeBetween('Example: Python Auto-Refresh', 'Role-Based Access Control'),
  '0000 122222 122332 22222 1223 1222332 22 000',
);
const RETRY = indented(codeBetween('Example: Exponential Backoff in Python', 'Security Best Practices'), '000 12 23333 2 1');

const SHOW = 'import json\nfrom program import client, interactions\nprint(json.dumps([interactions, client.token]))';

interface World extends AsyncDisposable {
  readonly server: TestServer;
  readonly gate: TlsGate;
  readonly proxy: ConnectProxy;
  run(program: string, main: string): Promise<string>;
}

/** Gatehouse reached as https://api.noxys.cloud: by a proxy, and behind TLS with a certificate for that name. */
async function openWorld(settings: Readonly<Record<string, string>>): Promise<World> {
  const stack = new AsyncDisposableStack();
  const gate: TlsGate = stack.use(await openTlsGate(HOST));
  const { GATEHOUSE_SERVER__TRUSTED_PROXIES = '' } = gate.settings;
  const server = stack.use(await startServer({ GATEHOUSE_MFA__REQUIRED_ROLES: '[]', GATEHOUSE_SERVER__TRUSTED_PROXIES, ...settings }));
  gate.leadTo(server.house.config.server.port);
  const proxy = stack.use(await openConnectProxy(HOST, gate.port));
  return {
    server,
    gate,
    proxy,
    run: (program, main) =>
      runPython({
        program,
        main,
        env: { HTTPS_PROXY: proxy.url, REQUESTS_CA_BUNDLE: './authority.pem' },
        files: { 'authority.pem': gate.certificate },
      }),
    [Symbol.asyncDispose]: () => stack.disposeAsync(),
  };
}

/** The product as it is in production: a server of its own, which knows Gatehouse by its published keys alone. */
async function openProduct(issuerKeys: string): Promise<AsyncDisposable & { readonly port: number }> {
  const keys = createRemoteJWKSet(new URL(issuerKeys));
  const product = createServer(async (request, response) => {
    const [, token = ''] = /^Bearer (.+)$/.exec(request.headers.authorization ?? '') ?? [];
    const claims = await jwtVerify(token, keys, { typ: 'JWT', algorithms: ['ES256'], requiredClaims: ['sub', 'tenant_id', 'role', 'exp'] })
      .then(({ payload }) => payload)
      .catch(() => undefined);
    response.writeHead(claims ? 200 : 401, { 'content-type': 'application/json' });
    response.end(JSON.stringify(claims ? { interactions: [{ user: claims.email, role: claims.role }] } : { error: 'Invalid token' }));
  });
  await new Promise<void>((resolve) => product.listen(0, 'localhost', resolve));
  return {
    port: (product.address() as AddressInfo).port,
    async [Symbol.asyncDispose]() {
      product.closeAllConnections();
      await new Promise((resolve) => product.close(resolve));
    },
  };
}

/** The password of the example is one that the policy refuses, so it goes into the store by hand. */
async function addExample(server: TestServer, input: Partial<NewAccount> & { readonly password: string }): Promise<void> {
  const { password, ...rest } = input;
  const account = await server.addAccount(rest);
  const passwordHash = await server.house.hasher.hash(password);
  await server.house.storage.accounts.update(account.tenantId, account.id, (old) => ({ ...old, passwordHash }));
}

describe('the Python programs of the documentation, unchanged', () => {
  it('logs in, and lists interactions', async () => {
    await using world = await openWorld({ GATEHOUSE_DEMO: 'on' });
    await addExample(world.server, { email: 'alice@acme.fr', password: 'password', role: 'admin' });
    const [{ interactions }, token] = JSON.parse(await world.run(CLIENT, SHOW)) as [{ interactions: readonly unknown[] }, string];
    assert.ok(interactions.length > 0);
    assert.equal(token.split('.').length, 3);
    assert.deepEqual(world.proxy.asked, Array(2).fill(`${HOST}:443`));
  });

  it('logs in where https://api.noxys.cloud is the issuer, in production, and the product checks the token by our published keys', async () => {
    await using world = await openWorld({
      GATEHOUSE_ISSUER: `https://${HOST}`,
      GATEHOUSE_SECRETS__MASTER_KEY: randomBytes(32).toString('base64'),
    });
    await using product = await openProduct(`http://localhost:${world.server.house.config.server.port}/oauth/jwks`);
    world.gate.leadTo(product.port, '/api/v1/interactions');
    await addExample(world.server, { email: 'alice@acme.fr', password: 'password', role: 'admin' });
    const [answer] = JSON.parse(await world.run(CLIENT, SHOW)) as [unknown, string];
    assert.deepEqual(answer, { interactions: [{ user: 'alice@acme.fr', role: 'admin' }] });
  });

  it('waits as long as a 429 says, and goes on', async () => {
    await using world = await openWorld({ GATEHOUSE_DEMO: 'on', GATEHOUSE_LIMITS__API_ADDRESS: '{"limit":2,"window":4}' });
    const token = await logIn(world.server, await world.server.addAccount());
    const main = `from program import api_call_with_retry
url = "https://${HOST}/api/v1/interactions"
for _ in range(3):
    print(api_call_with_retry(url, {"Authorization": "Bearer ${token}"}).status_code)`;
    const said = await world.run(RETRY, main);
    assert.match(said, /^200\n200\nRate limited\. Waiting [1-4] seconds\.\.\.\n200\n$/);
  });
});
