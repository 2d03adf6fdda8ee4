import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import type { Account } from '../../../src/domain/accounts/account.ts';
import { assertError, signInToCloud } from '../../support/cloud-client.ts';
import { call, MANY_ADDRESSES } from '../../support/rest-client.ts';
import { ORIGIN, startServer, type TestServer } from '../../support/start-server.ts';

const MEMBERS = [
  'Agreement',
  'AmountPerMonth',
  'CatalogueUUIDs',
  'DiscountBP',
  'ExpiresAt',
  'LicenseKey',
  'PaidUntilAt',
  'ProviderOrganisation',
  'SignedUser',
  'SignedUserAt',
  'StartsAt',
  'UUID',
];

const DEVICE = '4b1e5f0a-2a57-4a0e-9b7e-0f4a4f2c9d11';

interface Shown {
  readonly LicenseKey: string;
  readonly UUID: string;
}

describe('the cloud API: licences', () => {
  let server: TestServer;
  let admin: Account;
  let asAdmin: string;
  let asViewer: string;
  before(async () => {
    server = await startServer({ ...MANY_ADDRESSES, GATEHOUSE_MFA__REQUIRED_ROLES: '[]' });
    admin = await server.addAccount({ role: 'admin' });
    asAdmin = (await signInToCloud(server, admin)).AccessToken;
    asViewer = (await signInToCloud(server, await server.addAccount())).AccessToken;
    const made = [
      ['KEY-A', 'Edge', 'subscription', '2026-01-01', undefined],
      ['KEY-B', 'Cloud', 'trial', '2026-03-01', DEVICE],
      ['KEY-C', 'Edge', 'trial', '2026-02-01', undefined],
      ['100%_OFF', 'Cloud', 'gift', '2026-02-01', undefined],
    ] as const;
    for (const [key, name, kind, from, deviceId] of made)
      await server.house.licences.create(
        {
          tenantId: server.tenant.id,
          key,
          agreement: { name, kind, provides: ['inference', 'updates'] },
          startsAt: new Date(`${from}T00:00:00Z`),
          expiresAt: new Date('2027-01-01T00:00:00Z'),
          deviceId,
        },
        ORIGIN,
      );
  });
  after(() => server[Symbol.asyncDispose]());

  const list = (query = '', token = asViewer) => call(server, { path: `/license${query && `?${query}`}`, token });
  const one = (uuid: string, token = asViewer, query = '') => call(server, { path: `/license/${uuid}${query}`, token });
  const add = (body: object, token = asAdmin, query = '') => call(server, { path: `/license${query}`, body, token });
  const remove = (uuid: string, token = asAdmin, query = '') => call(server, { method: 'DELETE', path: `/license/${uuid}${query}`, token });
  const keys = async (query = '', token = asViewer) => {
    const { status, json, text } = await list(query, token);
    assert.equal(status, 200, text);
    return (json as unknown as readonly Shown[]).map(({ LicenseKey }) => LicenseKey);
  };

  const NEW = {
    LicenseKey: 'NEW-1',
    Agreement: { Kind: 'subscription', Name: 'Edge', Provides: ['inference'], PublishedAt: '2019-08-24T14:15:22Z' },
    StartsAt: '2019-08-24T14:15:22Z',
    ExpiresAt: '2020-08-24T16:15:22+02:00',
  };

  it('GET /license and /license/{uuid} give every documented member', async () => {
    const [first] = (await list('q=KEY-B')).json as unknown as readonly Shown[];
    assert.ok(first);
    assert.deepEqual(Object.keys(first), MEMBERS);
    const { status, json } = await one(first.UUID);
    assert.equal(status, 200);
    const { PublishedAt, ...agreement } = json.Agreement as { PublishedAt: string };
    assert.match(PublishedAt, /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/);
    assert.deepEqual(
      { ...json, Agreement: agreement },
      {
        Agreement: { Kind: 'trial', Name: 'Cloud', Provides: ['inference', 'updates'] },
        AmountPerMonth: 0,
        CatalogueUUIDs: [],
        DiscountBP: 0,
        ExpiresAt: '2027-01-01T00:00:00Z',
        LicenseKey: 'KEY-B',
        PaidUntilAt: null,
        ProviderOrganisation: { Name: server.tenant.name, UUID: server.tenant.id },
        SignedUser: null,
        SignedUserAt: null,
        StartsAt: '2026-03-01T00:00:00Z',
        UUID: first.UUID,
      },
    );
    assert.deepEqual((await one(first.UUID.toUpperCase())).json, json);
    for (const uuid of ['no-such', '00000000-0000-4000-8000-000000000000']) assertError(await one(uuid), 404);
    assertError(await call(server, { path: '/license' }), 401);
  });

  it('lists by Offset, Limit and OrderBy', async () => {
    assert.deepEqual(await keys('OrderBy=LicenseKey'), ['100%_OFF', 'KEY-A', 'KEY-B', 'KEY-C']);
    assert.deepEqual(await keys('OrderBy=-LicenseKey&Limit=2'), ['KEY-C', 'KEY-B']);
    assert.deepEqual(await keys('OrderBy=-LicenseKey&Limit=2&Offset=1'), ['KEY-B', 'KEY-A']);
    assert.deepEqual(await keys('OrderBy=AgreementName,-StartsAt'), ['KEY-B', '100%_OFF', 'KEY-C', 'KEY-A']);
    assert.deepEqual(await keys('OrderBy=StartsAt,-LicenseKey'), ['KEY-A', 'KEY-C', '100%_OFF', 'KEY-B']);
    assert.equal((await keys('OrderBy=-ExpiresAt&Offset=0')).length, 4);
    assert.deepEqual(await keys('Offset=4'), []);
    for (const query of ['Offset=-1', 'Offset=x', 'Offset=1.5']) assertError(await list(query), 400, 'Offset');
    for (const query of ['Limit=0', 'Limit=1001', 'Limit=-1', 'Limit=1e2']) assertError(await list(query), 400, 'Limit');
    for (const order of ['Price', 'LicenseKey,', '--LicenseKey', 'LicenseKey;StartsAt', '__proto__', 'toString'])
      assertError(await list(`OrderBy=${order}`), 400, 'OrderBy');
  });

  it('filters by q, Device, Kind and Agreement; all that is given has to fit', async () => {
    assert.deepEqual(await keys('q=key-a'), ['KEY-A']);
    assert.deepEqual(await keys('q=EDGE&OrderBy=LicenseKey'), ['KEY-A', 'KEY-C']);
    assert.deepEqual(await keys('q=gift'), ['100%_OFF']);
    assert.deepEqual(await keys('q=%25_'), ['100%_OFF'], 'nothing in it is a wildcard');
    for (const odd of ['.*', '%25%25', '_____________', '(', '$where'])
      assert.deepEqual(await keys(`q=${encodeURIComponent(odd)}`), [], odd);
    assert.equal((await keys('q=')).length, 4);
    assert.deepEqual(await keys(`Device=${DEVICE.toUpperCase()}`), ['KEY-B']);
    assert.deepEqual(await keys('Kind=trial&OrderBy=LicenseKey'), ['KEY-B', 'KEY-C']);
    assert.deepEqual(await keys('Agreement=Edge&Kind=trial'), ['KEY-C']);
    assert.deepEqual(await keys('Agreement=Edg'), [], 'by its whole name');
    assertError(await list('Device=x'), 400, 'Device');
    assertError(await list('Color=red'), 400, 'Color');
    assertError(await list('q=a&q=b'), 400, 'q');
    assertError(await list('q=%00'), 400, 'q');
    for (const name of ['q[$ne]', 'Kind[$gt]']) assertError(await list(`${name}=x`), 400, name);
  });

  it('are made and removed by administrators', async () => {
    const { status, json } = await add(NEW);
    assert.equal(status, 201);
    assert.deepEqual(Object.keys(json), MEMBERS);
    assert.deepEqual(json.Agreement, NEW.Agreement);
    assert.deepEqual([json.StartsAt, json.ExpiresAt], ['2019-08-24T14:15:22Z', '2020-08-24T14:15:22Z']);
    const uuid = String(json.UUID);
    assert.deepEqual((await one(uuid)).json, json);
    assertError(await add(NEW), 409, 'LicenseKey');
    assertError(await add({ ...NEW, LicenseKey: 'NEW-2' }, asViewer), 403);
    assertError(await remove(uuid, asViewer), 403);
    const { status: removed, text } = await remove(uuid);
    assert.deepEqual([removed, text], [204, '']);
    assertError(await remove(uuid), 404);
    assertError(await one(uuid), 404);
    const [entry] = await server.house.storage.audit.list({ type: 'licence.removed', limit: 1 });
    assert.equal(entry?.detail.id, uuid);
  });

  it('have to make sense', async () => {
    assertError(await add({ ...NEW, ExpiresAt: NEW.StartsAt }), 400, 'ExpiresAt');
    assertError(await add({ ...NEW, StartsAt: 'tomorrow' }), 400, 'StartsAt');
    assertError(await add({ ...NEW, LicenseKey: 'a\nb' }), 400, 'LicenseKey');
    assertError(await add({ ...NEW, Device: 'x' }), 400, 'Device');
    assertError(await add({ ...NEW, Agreement: { Kind: 'k', Name: 'n' } }), 400, 'Agreement.Provides');
    assertError(await add({ ...NEW, AmountPerMonth: -1 }), 400, 'AmountPerMonth');
    assertError(await add({ ...NEW, LicenseKey: { $ne: null } }), 400, 'LicenseKey');
  });

  it('of other organisations are those of a super-administrator alone', async () => {
    const other = await server.house.tenants.create({ slug: 'other', name: 'Other' }, ORIGIN);
    const theirs = (await signInToCloud(server, await server.addAccount({ tenantId: other.id, role: 'admin' }))).AccessToken;
    const asRoot = (await signInToCloud(server, await server.addAccount({ role: 'admin', superAdministrator: true }))).AccessToken;
    const there = `?Organisation=${other.id}`;
    const { json } = await add({ ...NEW, LicenseKey: 'THEIRS' }, asRoot, there);
    const uuid = String(json.UUID);
    assert.deepEqual(await keys('', theirs), ['THEIRS']);
    assert.deepEqual(await keys(`Organisation=${other.id}`, asRoot), ['THEIRS']);
    assert.equal((await one(uuid, theirs)).status, 200);
    assert.equal((await one(uuid, theirs, there)).status, 200, 'one’s own may be named');
    for (const token of [asAdmin, asViewer]) {
      assertError(await one(uuid, token), 404);
      assertError(await one(uuid, token, there), 404);
      assertError(await list(`Organisation=${other.id}`, token), 404);
    }
    assertError(await remove(uuid), 404);
    assertError(await remove(uuid, asAdmin, there), 404);
    assertError(await add({ ...NEW, LicenseKey: 'MINE' }, asAdmin, there), 404);
    assertError(await add({ ...NEW, LicenseKey: 'THEIRS' }), 409, 'LicenseKey');
    assertError(await remove(uuid, asRoot), 404);
    assert.equal((await remove(uuid, asRoot, there)).status, 204);
    assertError(await list('Organisation=x', asRoot), 400, 'Organisation');
  });
});
