import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { type ProviderRegistry, secretOf } from '../../src/domain/federation/provider-registry.ts';
import type { ProviderSettings } from '../../src/domain/federation/provider-settings.ts';
import { testProvider } from '../../src/domain/federation/test-provider.ts';
import { SealBrokenError } from '../../src/lib/keyring.ts';
import { openTestHouse } from '../support/open-test-house.ts';
import { ORIGIN } from '../support/start-server.ts';
import { storeOfThisRun } from '../support/stores.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';

const CORP: ProviderSettings = { id: 'corp', preset: 'oidc', issuer: 'https://id.corp.example', client_id: 'us', client_secret: 'hush' };

const store = await storeOfThisRun();

const inConfiguration = (...providers: readonly object[]) => ({ GATEHOUSE_FEDERATION__PROVIDERS: JSON.stringify(providers) });

/** A house of its own, on the store of this run; `settings` are what another one over the same store needs. */
async function openHouseWith(more: Readonly<Record<string, string>> = {}) {
  const folder = await temporaryFolder();
  const settings = { GATEHOUSE_DATA_DIR: folder.path, ...(await store.fresh()) };
  const house = await openTestHouse({ ...settings, ...more });
  return {
    ...house,
    settings,
    async [Symbol.asyncDispose]() {
      await house[Symbol.asyncDispose]();
      await folder[Symbol.asyncDispose]();
    },
  };
}

describe('the provider registry', () => {
  it('lists the configuration’s first, then the oldest, of this tenant and of all, the disabled ones when asked', async () => {
    const configured = [
      { id: 'z', preset: 'google', client_id: 'us', client_secret: 'hush', tenant: 'acme' },
      { id: 'y', preset: 'github', client_id: 'us', client_secret: 'hush' },
      { id: 'off', preset: 'gitlab', client_id: 'us', client_secret: 'hush', enabled: false },
      { id: 'lost', preset: 'gitlab', client_id: 'us', client_secret: 'hush', tenant: 'nowhere' },
    ];
    await using house = await openHouseWith(inConfiguration(...configured));
    const [acme, other] = [
      await house.tenants.create({ slug: 'acme', name: 'Acme' }, ORIGIN),
      await house.tenants.create({ slug: 'other', name: 'Other' }, ORIGIN),
    ];
    for (const settings of [
      { ...CORP, id: 'b', tenant: 'acme' },
      { ...CORP, id: 'a' },
      { ...CORP, id: 'c', tenant: 'other' },
    ])
      await house.providers.create(settings, ORIGIN);
    const shown = async (...args: Parameters<typeof house.providers.list>) =>
      (await house.providers.list(...args)).map(({ id }) => id).join(' ');
    assert.match(await shown(acme.id), /^z y (b a|a b)$/);
    assert.match(await shown(other.id), /^y (a c|c a)$/);
    assert.match(await shown(other.id, { disabledToo: true }), /^y off /);
    assert.equal((await house.providers.list(undefined)).length, 5);
    const z = await house.providers.resolve('z');
    assert.deepEqual([z.tenantId, z.configured, secretOf(z, house.keyring)], [acme.id, true, 'hush']);
    await assert.rejects(house.providers.resolve('lost'), { name: 'NotFoundError' });
  });

  it('hides a stored provider behind one of the configuration of the same id, until that is gone', async () => {
    await using before = await openHouseWith();
    await before.providers.create(CORP, ORIGIN);
    await using house = await openTestHouse({ ...before.settings, ...inConfiguration({ ...CORP, name: 'New' }) });
    assert.deepEqual(
      (await house.providers.list(undefined)).map(({ name, configured }) => [name, configured]),
      [['New', true]],
    );
    const provider = await house.providers.resolve('corp');
    for (const work of [house.providers.update(provider, { enabled: false }, ORIGIN), house.providers.remove(provider, ORIGIN)])
      await assert.rejects(work, { name: 'InvalidValueError', field: 'provider', message: /stands in the configuration/ });
    assert.equal((await before.providers.resolve('corp')).configured, false);
  });

  it('seals the secret for this provider alone, and keeps it over a change', async () => {
    await using house = await openHouseWith();
    const made = await house.providers.create(CORP, ORIGIN);
    assert.deepEqual(await house.providers.resolve('corp'), made);
    assert.doesNotMatch(JSON.stringify(made), /hush/);
    assert.equal(secretOf(made, house.keyring), 'hush');
    const other = await house.providers.create({ ...CORP, id: 'other' }, ORIGIN);
    assert.throws(() => secretOf({ ...other, sealedSecret: made.sealedSecret }, house.keyring), SealBrokenError);

    const renamed = await house.providers.update(made, { name: 'Corp' }, ORIGIN);
    assert.deepEqual([renamed.name, secretOf(renamed, house.keyring)], ['Corp', 'hush']);
    const renewed = await house.providers.update(renamed, { client_secret: 'new' }, ORIGIN);
    assert.equal(secretOf(renewed, house.keyring), 'new');
    const moved = { issuer: 'https://id.elsewhere.example' };
    await assert.rejects(house.providers.update(renewed, moved, ORIGIN), { field: 'client_secret' }, 'no secret goes to another issuer');
    const byKey = await house.providers.update(renewed, { authentication: 'private_key_jwt' }, ORIGIN);
    assert.deepEqual([byKey.sealedSecret, byKey.name], [undefined, 'Corp']);
    const back = { authentication: 'client_secret_basic' } as const;
    await assert.rejects(house.providers.update(byKey, back, ORIGIN), { field: 'client_secret' });
  });

  it('leaves alone what another tenant made under the same id in the meantime', async () => {
    await using house = await openHouseWith();
    for (const slug of ['acme', 'other']) await house.tenants.create({ slug, name: slug }, ORIGIN);
    const old = await house.providers.create({ ...CORP, tenant: 'acme' }, ORIGIN);
    await house.providers.remove(old, ORIGIN);
    const anew = await house.providers.create({ ...CORP, tenant: 'other' }, ORIGIN);
    await assert.rejects(house.providers.update(old, { issuer: 'https://evil.example', client_secret: 'x' }, ORIGIN), {
      code: 'not_found',
    });
    await assert.rejects(house.providers.remove(old, ORIGIN), { code: 'not_found' });
    assert.deepEqual(await house.providers.resolve('corp'), anew);
  });

  it('refuses strangers once roles are mapped, unless a role for them was chosen', async () => {
    await using house = await openHouseWith();
    const made = await house.providers.create(CORP, ORIGIN);
    assert.equal(made.roles.fallback, 'viewer');
    const mapping = { claims: { role: 'r' }, role_map: { admin: ['root'] } };
    assert.deepEqual((await house.providers.update(made, mapping, ORIGIN)).roles, { map: { admin: ['root'] }, fallback: undefined });
    const open = await house.providers.update(made, { default_role: 'operator' }, ORIGIN);
    assert.equal((await house.providers.update(open, { role_map: { admin: 'x' } }, ORIGIN)).roles.fallback, 'operator');
    const closed = await house.providers.update(open, { default_role: null }, ORIGIN);
    assert.equal(closed.roles.fallback, undefined);
  });

  it('writes down who is made, changed and removed, without secrets', async () => {
    await using house = await openHouseWith();
    await house.tenants.create({ slug: 'acme', name: 'Acme' }, ORIGIN);
    const made = await house.providers.create({ ...CORP, tenant: 'acme' }, ORIGIN);
    await house.providers.update(made, { name: 'Corp', client_secret: 'hush2' }, ORIGIN);
    await house.providers.remove(made, ORIGIN);
    await assert.rejects(house.providers.remove(made, ORIGIN), { name: 'NotFoundError' });
    await assert.rejects(house.providers.update(made, { name: 'x' }, ORIGIN), { name: 'NotFoundError' });
    const events = await house.storage.audit.list({ tenantId: made.tenantId, limit: 3 });
    assert.deepEqual(
      events.map(({ type, detail }) => [type, detail]),
      [
        ['provider.removed', { provider: 'corp' }],
        ['provider.changed', { provider: 'corp', members: ['name', 'client_secret'] }],
        ['provider.created', { provider: 'corp' }],
      ],
    );
  });

  it('refuses an id that is taken, and a tenant that is not there', async () => {
    await using house = await openHouseWith(inConfiguration({ ...CORP, id: 'ours' }));
    await house.providers.create(CORP, ORIGIN);
    for (const id of ['corp', 'ours']) await assert.rejects(house.providers.create({ ...CORP, id }, ORIGIN), { field: 'provider id' });
    await assert.rejects(house.providers.create({ ...CORP, id: 'new', tenant: 'nowhere' }, ORIGIN), { name: 'NotFoundError' });
    assert.equal((await house.providers.list(undefined)).length, 2);
  });

  it('gives one home domain to one provider of a tenant; where the configuration has claimed it since, that wins, and a test says so', async () => {
    const homed = (id: string, more: Partial<ProviderSettings> = {}) => ({ ...CORP, id, home_domains: ['corp.example'], ...more });
    const ids = async (providers: ProviderRegistry) => (await providers.list(undefined)).map(({ id }) => id).join(' ');
    await using house = await openHouseWith();
    const { providers } = house;
    for (const slug of ['acme', 'other']) await house.tenants.create({ slug, name: slug }, ORIGIN);
    const first = await providers.create(homed('first', { tenant: 'acme' }), ORIGIN);
    const told = { field: 'home_domains', message: /“second” and “first” both have the home domain corp\.example/ };
    await assert.rejects(providers.create(homed('second'), ORIGIN), told);
    await assert.rejects(providers.create(homed('second', { tenant: 'acme' }), ORIGIN), told);
    await providers.create(homed('elsewhere', { tenant: 'other' }), ORIGIN);
    const second = await providers.create(homed('second', { tenant: 'acme', enabled: false }), ORIGIN);
    await assert.rejects(providers.update(second, { enabled: true }, ORIGIN), told);
    await assert.rejects(providers.update(second, { enabled: true, home_domains: ['x.example', 'corp.example'] }, ORIGIN), told);
    assert.equal((await providers.update(second, { enabled: true, home_domains: [] }, ORIGIN)).disabled, false);
    assert.deepEqual((await providers.update(first, { home_domains: ['corp.example', 'more.example'] }, ORIGIN)).homeDomains.length, 2);

    await using later = await openHouseWith({ ...house.settings, ...inConfiguration(homed('ours')) });
    assert.match(await ids(later.providers), /^ours /);
    assert.equal((await later.providers.update(first, { name: 'Corp' }, ORIGIN)).name, 'Corp', 'what it has can stay');
    const test = async (id: string) => {
      const deps = { ...later, upstream: { test: async () => [] } };
      return (await testProvider(await later.providers.resolve(id), deps)).map(({ message }) => message).join();
    };
    assert.match(await test('first'), /“first” and “ours” both have the home domain corp\.example.* It is “ours” now\. Take it out/);
    assert.match(await test('ours'), /“ours” and “first” both .* It is “ours” now\./);
    assert.equal(await test('second'), '');
  });
});
