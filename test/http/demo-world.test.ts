import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { clientId } from '../../src/domain/clients/client.ts';
import { openStart, signInAsAlice } from '../support/demo-visitor.ts';
import { rawRequest } from '../support/raw-request.ts';
import { ORIGIN, PASSWORD, startServer, type TestServer } from '../support/start-server.ts';
import { SQLITE } from '../support/stores.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';

const MASTER_KEY = randomBytes(32).toString('base64');

describe('the world of the demo', () => {
  async function snapshot(server: TestServer) {
    const { start } = await openStart(server);
    const app = await server.house.storage.clients.find(clientId('parcel-desk'));
    const people = await Promise.all(['alice', 'nora'].map((name) => server.house.accounts.resolve(name)));
    return { passwords: start.passwords, secret: /-u '([^']+)'/.exec(start.curl)?.[1], ids: people.map(({ id }) => id), app };
  }

  it('is the same after a restart, and follows the issuer to another port', async () => {
    await using folder = await temporaryFolder();
    const env = { ...(await SQLITE.fresh()), GATEHOUSE_DEMO: 'on', GATEHOUSE_DATA_DIR: folder.path };
    const first = await startServer(env);
    const before = await snapshot(first);
    const told = await first.house.storage.audit.list({ limit: 100 });
    await first[Symbol.asyncDispose]();

    await using second = await startServer(env);
    const after = await snapshot(second);
    assert.deepEqual({ ...after, app: undefined }, { ...before, app: undefined });
    assert.notEqual(second.issuer, first.issuer);
    assert.deepEqual(after.app?.redirectUris, [`${second.issuer}/demo/callback`]);
    assert.deepEqual(after.app?.postLogoutRedirectUris, [`${second.issuer}/demo`]);
    assert.deepEqual(after.app?.secrets, before.app?.secrets);
    const { result } = await signInAsAlice(second);
    assert.equal(result.url, `${second.issuer}/demo/result`);
    const made = (await second.house.storage.audit.list({ limit: 100 })).filter(({ type }) => type.endsWith('.created'));
    assert.equal(made.length, told.filter(({ type }) => type.endsWith('.created')).length, 'nothing is made twice');
  });

  it('stores no secret in the clear', async () => {
    await using folder = await temporaryFolder();
    const server = await startServer({ ...(await SQLITE.fresh()), GATEHOUSE_DEMO: 'on', GATEHOUSE_DATA_DIR: folder.path });
    const { passwords, secret = '' } = await snapshot(server);
    await server[Symbol.asyncDispose]();
    const files = await Promise.all((await readdir(folder.path)).map((name) => readFile(join(folder.path, name))));
    assert.ok(files.length > 0);
    for (const text of [...passwords, secret.split(':')[1] ?? '']) {
      assert.ok(text.length > 20);
      assert.ok(!files.some((file) => file.includes(text)), 'found in a file');
    }
  });

  it('has other secrets in each installation', async () => {
    await using one = await startServer({ GATEHOUSE_DEMO: 'on' });
    await using other = await startServer({ GATEHOUSE_DEMO: 'on' });
    const [a, b] = [await snapshot(one), await snapshot(other)];
    assert.notDeepEqual(a.passwords, b.passwords);
    assert.notEqual(a.secret, b.secret);
    assert.equal(new Set(a.passwords).size, 2);
  });

  it('keeps to the password rules, whatever they are', async () => {
    await using server = await startServer({
      GATEHOUSE_DEMO: 'on',
      GATEHOUSE_PASSWORDS__MIN_LENGTH: '40',
      GATEHOUSE_PASSWORDS__MIN_SCORE: '4',
    });
    const { passwords } = await snapshot(server);
    assert.ok(passwords.every((text) => text.length >= 40));
  });

  it('gives way to a person who has the username already', async () => {
    await using folder = await temporaryFolder();
    const first = await startServer({ ...(await SQLITE.fresh()), GATEHOUSE_DATA_DIR: folder.path });
    const own = await first.house.accounts.create(
      { tenantId: first.tenant.id, email: 'alice@example.com', username: 'alice', role: 'viewer', password: PASSWORD },
      ORIGIN,
    );
    await first[Symbol.asyncDispose]();
    await using second = await startServer({ ...(await SQLITE.fresh()), GATEHOUSE_DEMO: 'on', GATEHOUSE_DATA_DIR: folder.path });
    const { browser } = await openStart(second);
    const page = await browser.open(`${second.issuer}/demo`);
    assert.match(page.html, /id="username-[^"]+">alice@northmoor\.example</);
    assert.equal((await second.house.accounts.resolve('alice')).id, own.id);
  });

  it('leaves out the demo where the scope catalogue lacks what it shows', async () => {
    const scopes = JSON.stringify([{ name: 'read:interactions', description: 'See interactions', role: 'viewer' }]);
    await using server = await startServer({ GATEHOUSE_DEMO: 'on', GATEHOUSE_API__SCOPES: scopes });
    assert.equal((await fetch(`${server.issuer}/demo`)).status, 404);
  });

  it('is not there when it is off', async () => {
    await using server = await startServer();
    for (const path of ['/demo', '/demo/sign-in', '/demo/api/interactions']) {
      assert.equal((await fetch(`${server.issuer}${path}`)).status, 404, path);
    }
    assert.equal(await server.house.storage.clients.find(clientId('parcel-desk')), undefined);
  });

  it('is never there away from localhost', async () => {
    await using server = await startServer({
      GATEHOUSE_ISSUER: 'https://id.example.com',
      GATEHOUSE_SECRETS__MASTER_KEY: MASTER_KEY,
      GATEHOUSE_DEMO: 'auto',
    });
    const url = `http://localhost:${server.house.config.server.port}/demo`;
    const { status } = await rawRequest(url, { headers: { host: 'id.example.com' } });
    assert.equal(status, 404);
    await assert.rejects(
      startServer({ GATEHOUSE_ISSUER: 'https://id.example.com', GATEHOUSE_SECRETS__MASTER_KEY: MASTER_KEY, GATEHOUSE_DEMO: 'on' }),
      /demo/,
    );
  });
});
