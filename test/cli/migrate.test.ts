import assert from 'node:assert/strict';
import { cp, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { licenceId } from '../../src/domain/licences/licence.ts';
import { newTotpSecret } from '../../src/domain/mfa/totp.ts';
import { moveInstance } from '../../src/move-instance.ts';
import { sampleIdentity, sampleLicence, sampleProvider, sampleTokens } from '../contract/samples.ts';
import { codeAt, toNextStep } from '../support/authenticator.ts';
import { CookieBrowser } from '../support/cookie-browser.ts';
import { freePort } from '../support/free-port.ts';
import { openTestHouse } from '../support/open-test-house.ts';
import { protocolClient, tokensOf } from '../support/protocol-client.ts';
import { CALLBACK } from '../support/relying-party.ts';
import { ORIGIN, PASSWORD, startServer } from '../support/start-server.ts';
import { type StoreForTests, storesForTests } from '../support/stores.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';
import { BIN, runProcess } from './command-line.ts';

const stores = await storesForTests();

/** An instance with people, tokens and sessions in it, and what they hold in their hands. */
async function livedIn(settings: Readonly<Record<string, string>>) {
  await using server = await startServer(settings);
  const app = await server.addClient('web', { redirect_uris: [CALLBACK] });
  const client = await protocolClient(server, app);
  const plain = await server.addAccount();
  const enrolled = await server.addAccount();
  const secret = newTotpSecret();
  const outcome = await server.house.mfa.enrol(enrolled, secret, await codeAt(server, secret), ORIGIN);
  const [recovery = ''] = outcome.kind === 'enrolled' ? outcome.codes : [];
  const browser = new CookieBrowser();
  const tokens = await tokensOf(client, { identifier: plain.email }, { browser });
  for (const n of [1, 2]) {
    const licence = { id: licenceId(`licence-${n}`), key: `key-${n}`, tenantId: plain.tenantId };
    await server.house.storage.licences.create(sampleLicence(n === 1 ? licence : { ...licence, expiresAt: new Date(1000) }));
  }
  await server.house.storage.providers.create(sampleProvider({ tenantId: plain.tenantId }));
  await server.house.storage.identities.create(sampleIdentity({ tenantId: plain.tenantId, accountId: plain.id }));
  await server.house.storage.upstreamTokens.keep(sampleIdentity().id, sampleTokens());
  const used = (await client.refresh((await tokensOf(client, { identifier: plain.email })).refresh_token)).json;
  return {
    app,
    plain,
    enrolled,
    secret,
    recovery,
    browser,
    tokens,
    spent: used.refresh_token,
    link: await server.house.accounts.createPasswordLink(plain, ORIGIN),
  };
}

type Lived = Awaited<ReturnType<typeof livedIn>>;

async function assertAllIsThere(settings: Readonly<Record<string, string>>, lived: Lived): Promise<void> {
  const { app, plain, enrolled, secret, recovery, browser, tokens, link } = lived;
  await using server = await startServer(settings);
  const client = await protocolClient(server, app);
  assert.equal((await client.introspect(tokens.access_token)).json.active, true, 'the access token');
  const silent = await client.request(browser, { prompt: 'none' });
  assert.ok(new URL(silent.url).searchParams.get('code'), 'the session');
  const next = await client.refresh(tokens.refresh_token);
  assert.equal(next.status, 200, next.text);
  assert.equal((await client.refresh(tokens.refresh_token)).json.error, 'invalid_grant', 'used up');
  await client.authorize(new CookieBrowser(), { identifier: plain.email });

  toNextStep(server);
  for (const [path, code] of [
    ['/totp', await codeAt(server, secret)],
    ['/recovery', recovery],
  ] as const) {
    const visitor = new CookieBrowser();
    let page = await visitor.submit(await client.request(visitor), '/password', { identifier: enrolled.email, password: PASSWORD });
    if (path === '/recovery') page = await visitor.open(`${page.url}/recovery`);
    page = await visitor.submit(page, path, { code });
    assert.ok(page.html.includes('value="allow"') || page.url.startsWith(CALLBACK), `${path}: ${page.status} ${page.html.slice(0, 600)}`);
  }
  const licences = await server.house.storage.licences.list(plain.tenantId, { orderBy: [], offset: 0, limit: 10 });
  assert.deepEqual(
    licences.map(({ key }) => key),
    ['key-1', 'key-2'],
    'the licences, the expired one too',
  );
  const { issuer, subject } = sampleIdentity();
  assert.equal((await server.house.storage.identities.find(issuer, subject))?.accountId, plain.id);
  const due = await server.house.storage.upstreamTokens.due(new Date(), 9);
  assert.deepEqual(
    due.map(({ tokens }) => tokens),
    [sampleTokens()],
  );
  assert.deepEqual(await server.house.storage.providers.list(), [sampleProvider({ tenantId: plain.tenantId })]);
  const setting = new CookieBrowser();
  assert.equal((await setting.open(`${server.issuer}/password/${link}`)).status, 200, 'the link');
  const types = new Set((await server.house.storage.audit.list({ limit: 1000 })).map(({ type }) => type));
  for (const type of ['tenant.created', 'mfa.enrolled', 'token.issued'] as const) assert.ok(types.has(type), type);
}

/** Every way there is: from each store to each, and back where they differ. */
for (const from of stores)
  for (const to of stores)
    describe(`migrate from ${from.name} to ${to.name}`, { skip: from.missing ?? to.missing ?? false }, () => {
      let folder: Awaited<ReturnType<typeof temporaryFolder>>;
      let source: Readonly<Record<string, string>>;
      let target: Readonly<Record<string, string>>;
      let lived: Lived;

      before(async () => {
        folder = await temporaryFolder();
        const shared = { GATEHOUSE_SERVER__PORT: String(await freePort()) };
        const place = async (name: string, store: StoreForTests) => ({
          ...shared,
          GATEHOUSE_DATA_DIR: join(folder.path, name),
          ...(await store.fresh()),
        });
        source = await place('source', from);
        target = await place('target', to);
        lived = await livedIn(source);
      });
      after(() => folder?.[Symbol.asyncDispose]());

      it('refuses a target with another master key, and touches nothing', async () => {
        await using houses = await open(source, target);
        await assert.rejects(
          moveInstance(houses, () => {}),
          /different master keys/,
        );
        assert.deepEqual(await houses.to.storage.tenants.list(), []);
      });

      it('goes on where it was interrupted', async () => {
        await cp(join(folder.path, 'source', 'master.key'), join(folder.path, 'target', 'master.key'), { force: true });
        for (const interrupted of ['accounts', 'sessions, grants and tokens', 'audit entries']) {
          await using houses = await open(source, target);
          const moving = moveInstance(houses, ({ kind, done }) => {
            if (kind === interrupted && done > 0) throw new Error('the power went');
          });
          await assert.rejects(moving, /the power went/);
        }
      });

      it('moves everything by one command, and everybody goes on as before', async () => {
        const file = join(folder.path, 'target.json');
        await writeFile(file, JSON.stringify(asFile(target)));
        const env = { PATH: process.env.PATH ?? '', GATEHOUSE_CONFIG: join(folder.path, 'source.json') };
        await writeFile(env.GATEHOUSE_CONFIG, JSON.stringify(asFile(source)));
        const { stdout, stderr, exitCode } = await runProcess(BIN, ['migrate', '--to', file, '--json'], { cwd: folder.path, env });
        assert.deepEqual({ stderr, exitCode }, { stderr: '', exitCode: 0 });
        const { moved, verified } = JSON.parse(stdout);
        assert.equal(verified, true);
        assert.deepEqual(
          [moved.tenants, moved.accounts, moved.licences, moved['authenticator apps'], moved['signing keys']],
          [1, 2, 2, 1, 2],
        );
        await assertAllIsThere(target, lived);
      });

      it('refuses to move over a target that was used since', async () => {
        await using houses = await open(source, target);
        await assert.rejects(
          moveInstance(houses, () => {}),
          /used since/,
        );
      });

      it('refuses a target that holds another instance, a source that holds nothing, and the same store twice', async () => {
        const other = { ...source, GATEHOUSE_DATA_DIR: join(folder.path, `other-${from.name}`), ...(await from.fresh()) };
        await using _key = await openTestHouse(other);
        await cp(join(folder.path, 'source', 'master.key'), join(other.GATEHOUSE_DATA_DIR, 'master.key'), { force: true });
        await using houses = await open(other, target);
        await assert.rejects(
          moveInstance(houses, () => {}),
          /holds nothing/,
        );
        await houses.from.tenants.ensure({ slug: 'else', name: 'Else' }, ORIGIN);
        await assert.rejects(
          moveInstance(houses, () => {}),
          /holds another instance/,
        );
        await using twice = await open(source, source);
        await assert.rejects(
          moveInstance(twice, () => {}),
          /the same store/,
        );
      });
    });

async function open(source: Readonly<Record<string, string>>, target: Readonly<Record<string, string>>) {
  const [from, to] = [await openTestHouse(source), await openTestHouse(target)];
  return {
    from,
    to,
    async [Symbol.asyncDispose]() {
      await from[Symbol.asyncDispose]();
      await to[Symbol.asyncDispose]();
    },
  };
}

/** GATEHOUSE_ variables as the configuration file that says the same. */
function asFile(settings: Readonly<Record<string, string>>): object {
  const file = {};
  for (const [name, value] of Object.entries(settings)) {
    const path = name
      .replace(/^GATEHOUSE_/, '')
      .toLowerCase()
      .split('__');
    const last = path.pop() ?? '';
    let at: Record<string, unknown> = file;
    for (const key of path) at = (at[key] ??= {}) as Record<string, unknown>;
    at[last] = /^[[{\d]/.test(value) ? JSON.parse(value) : value;
  }
  return file;
}
