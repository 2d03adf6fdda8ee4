import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import type { Account } from '../../../src/domain/accounts/account.ts';
import { assertError, signInToCloud } from '../../support/cloud-client.ts';
import { eventually } from '../../support/eventually.ts';
import { call, MANY_ADDRESSES, type RestAnswer } from '../../support/rest-client.ts';
import { ORIGIN, PASSWORD, startServer, type TestServer } from '../../support/start-server.ts';

describe('the cloud API: users and organisations', () => {
  let server: TestServer;
  let admin: Account;
  let alice: Account;
  let tokenOfAdmin: string;
  let tokenOfAlice: string;
  before(async () => {
    server = await startServer({
      ...MANY_ADDRESSES,
      GATEHOUSE_MFA__REQUIRED_ROLES: '[]',
      GATEHOUSE_DEMO: 'on',
      GATEHOUSE_TENANT__REGISTRATION: 'open',
    });
    admin = await server.addAccount({ role: 'admin' });
    alice = await server.addAccount({ displayName: 'Alice' });
    tokenOfAdmin = (await signInToCloud(server, admin)).AccessToken;
    tokenOfAlice = (await signInToCloud(server, alice)).AccessToken;
  });
  after(() => server[Symbol.asyncDispose]());

  const user = (uuid: string, token: string | undefined) => call(server, { path: `/user/${uuid}`, token });
  const patch = (uuid: string, body: object, token = tokenOfAlice) => call(server, { method: 'PATCH', path: `/user/${uuid}`, body, token });
  const register = (body: object) => call(server, { path: '/user', body });
  const organisation = () => ({ Name: server.tenant.name, UUID: server.tenant.id });
  const shown = ({ id, email, displayName }: Account) => ({
    Email: email,
    IsSuperAdmin: false,
    Name: displayName ?? '',
    NxID: '',
    Organisation: organisation(),
    UUID: id,
  });
  const assertUser = (answer: RestAnswer, expected: object) => {
    assert.equal(answer.status, 200, answer.text);
    assert.deepEqual(answer.json, expected);
  };

  it('GET /user/{uuid} gives the documented members; to others only for administrators of the same organisation', async () => {
    const other = await server.house.tenants.create({ slug: 'elsewhere', name: 'Elsewhere' }, ORIGIN);
    const stranger = await server.addAccount({ tenantId: other.id, role: 'admin' });
    const answer = await user(alice.id, tokenOfAlice);
    assert.deepEqual(Object.keys(answer.json), ['Email', 'IsSuperAdmin', 'Name', 'NxID', 'Organisation', 'UUID']);
    assertUser(answer, shown(alice));
    assertUser(await user(alice.id.toUpperCase(), tokenOfAlice), shown(alice));
    assertUser(await user(alice.id, tokenOfAdmin), shown(alice));
    for (const uuid of [admin.id, stranger.id, 'no-such', '00000000-0000-4000-8000-000000000000'])
      assertError(await user(uuid, tokenOfAlice), 403);
    assertError(await user(stranger.id, tokenOfAdmin), 404);
    assertError(await user(alice.id, (await signInToCloud(server, stranger)).AccessToken), 404);
    assertError(await user('x'.repeat(65), tokenOfAdmin), 400, 'uuid');
    assertError(await user(alice.id, undefined), 401);

    const root = await server.addAccount({ tenantId: other.id, role: 'admin', superAdministrator: true });
    const { AccessToken } = await signInToCloud(server, root);
    assertUser(await user(alice.id, AccessToken), shown(alice));
    assert.equal((await user(root.id, AccessToken)).json.IsSuperAdmin, true);
    assertError(await user('no-such', AccessToken), 404);
  });

  it('PATCH /user/{uuid} takes the documented request, from oneself alone', async () => {
    const changed = await patch(alice.id, { Name: 'Alice B', Newsletter: true, PhoneNumber: '+31 20 123 4567' });
    assertUser(changed, { ...shown(alice), Name: 'Alice B' });
    const stored = () => server.house.accounts.resolve(alice.id);
    const { displayName, newsletter, phoneNumber } = await stored();
    assert.deepEqual([displayName, newsletter, phoneNumber], ['Alice B', true, '+31 20 123 4567']);
    assertUser(await patch(alice.id, { PhoneNumber: null }), { ...shown(alice), Name: 'Alice B' });
    assert.equal((await stored()).phoneNumber, undefined);
    assertUser(await patch(alice.id, {}), { ...shown(alice), Name: 'Alice B' });
    assertUser(await patch(alice.id, { Name: 'Alice' }), shown(alice));

    assertError(await patch(alice.id, { Name: 'x' }, tokenOfAdmin), 403);
    assertError(await patch(admin.id, { Name: 'x' }), 403);
    assertError(await patch(alice.id, { Name: '' }), 400, 'Name');
    assertError(await patch(alice.id, { Name: 'a\nb' }), 400, 'Name');
    assertError(await patch(alice.id, { PhoneNumber: 'call me' }), 400, 'PhoneNumber');
    // Nothing beside the documented members changes anything.
    for (const [name, value] of Object.entries({
      IsSuperAdmin: true,
      Email: 'x@example.com',
      role: 'admin',
      Role: 'admin',
      Organisation: {},
    }))
      assertError(await patch(alice.id, { [name]: value }), 400, name === 'Email' ? 'Email' : name);
    assert.equal((await stored()).role, 'viewer');
  });

  it('POST /user registers somebody who can sign in then', async () => {
    const body = { Email: 'new@example.com', Password: PASSWORD, Name: 'Nora', Newsletter: true, PhoneNumber: '+31 20 123 4567' };
    const { status, json } = await register(body);
    assert.equal(status, 201);
    const nora = await server.house.accounts.resolve('new@example.com');
    assert.deepEqual(json, shown(nora));
    assert.deepEqual([nora.role, nora.newsletter, nora.phoneNumber, nora.emailVerified], ['viewer', true, '+31 20 123 4567', false]);
    const { AccessToken } = await signInToCloud(server, nora);
    assertUser(await user(nora.id, AccessToken), shown(nora));
    assert.equal((await register({ Email: 'least@example.com', Password: PASSWORD, Name: 'L', PhoneNumber: null })).status, 201);
  });

  it('[security 54] registering an address that is taken is answered the same, for the same work; its owner gets a mail', async () => {
    const { hasher } = server.house;
    let hashes = 0;
    const hash = hasher.hash.bind(hasher);
    hasher.hash = async (...values) => {
      hashes += 1;
      return await hash(...values);
    };
    try {
      const seen: object[] = [];
      for (const Email of ['free@example.com', alice.email]) {
        const before = hashes;
        const { status, json, headers } = await register({ Email, Password: PASSWORD, Name: 'Somebody' });
        const varying = new Set(['date', 'x-request-id', 'content-length']);
        const names = [...headers].filter(([name]) => !varying.has(name));
        seen.push({ status, headers: names, json: { ...json, Email: '', UUID: '' }, hashes: hashes - before });
        assert.equal(json.Email, Email);
        assert.match(String(json.UUID), /^[0-9a-f-]{36}$/);
        assert.notEqual(json.UUID, alice.id);
      }
      assert.deepEqual(seen[1], seen[0]);
      assert.equal((seen[0] as { hashes: number }).hashes, 1);
    } finally {
      hasher.hash = hash;
    }
    assertUser(await user(alice.id, tokenOfAlice), shown(alice));
    await eventually(async () => server.house.mailbox?.list().some(({ to }) => to === alice.email));
  });

  it('nobody’s mailbox is filled by registering their address again and again', async () => {
    const dora = await server.addAccount({ email: 'dora@example.com' });
    const mails = () => server.house.mailbox?.list().filter(({ to }) => to === dora.email).length;
    for (let tries = 0; tries < 6; tries++)
      assert.equal((await register({ Email: dora.email, Password: PASSWORD, Name: 'Somebody' })).status, 201);
    await server.addAccount({ email: 'last@example.com' });
    await register({ Email: 'last@example.com', Password: PASSWORD, Name: 'Somebody' });
    await eventually(async () => server.house.mailbox?.list().some(({ to }) => to === 'last@example.com'));
    assert.equal(mails(), 3);
  });

  it('nor many mailboxes from one place: beyond twenty an hour there is no mail, and the answer is the same', async () => {
    const [tried, erin, frank] = ['tried@example.com', 'erin@example.com', 'frank@example.com'];
    for (const email of [tried, erin, frank]) await server.addAccount({ email, password: undefined });
    const from = '203.0.113.5';
    const attempt = (Email: string, more: object = {}) =>
      call(server, { path: '/user', body: { Email, Password: PASSWORD, Name: 'Somebody' }, ...more });
    const told = (email: string) => server.house.mailbox?.list().some(({ to }) => to === email);
    for (let tries = 0; tries < 20; tries++) assert.equal((await attempt(tried, { from })).status, 201);
    assert.equal((await attempt(erin, { from })).status, 201);
    await attempt(frank);
    await eventually(async () => told(frank));
    assert.equal(told(erin), false);
  });

  it('[security 56] [security 92] weak passwords and odd values are refused with the member and the reason', async () => {
    const good = { Email: 'carl@example.com', Password: PASSWORD, Name: 'Carl' };
    assertError(await register({ ...good, Password: 'tooshort' }), 400, 'Password');
    assertError(await register({ ...good, Password: 'carl@example.com-carl' }), 400, 'Password');
    assertError(await register({ ...good, Email: 'nobody' }), 400, 'Email');
    assertError(await register({ ...good, Email: 'a@example.com\r\nBcc: b@example.com' }), 400, 'Email');
    assertError(await register({ ...good, Name: 'Carl\r\nBcc: b@example.com' }), 400, 'Name');
    assertError(await register({ ...good, PhoneNumber: 'x' }), 400, 'PhoneNumber');
    for (const missing of ['Email', 'Password', 'Name']) assertError(await register({ ...good, [missing]: undefined }), 400, missing);
    for (const [name, value] of Object.entries({ IsSuperAdmin: true, Role: 'admin', Organisation: 'x', UUID: 'x' }))
      assertError(await register({ ...good, [name]: value }), 400, name);
    await assert.rejects(server.house.accounts.resolve('carl@example.com'));
  });

  it('registration is open, closed and open again as the organisation says at that moment', async () => {
    const { tenants } = server.house;
    const tenant = await tenants.resolve(server.tenant.id);
    const late = { Email: 'late@example.com', Password: PASSWORD, Name: 'Late' };
    await tenants.update(tenant, { registrationOpen: false }, ORIGIN);
    assertError(await register(late), 403);
    await tenants.update(tenant, { registrationOpen: true, disabled: true }, ORIGIN);
    assertError(await register(late), 403);
    await tenants.update(tenant, { disabled: false, allowedAddresses: ['203.0.113.0/24'] }, ORIGIN);
    assertError(await register(late), 403);
    await tenants.update(tenant, { allowedAddresses: [] }, ORIGIN);
    assert.equal((await register(late)).status, 201);
  });

  it('GET /organisation tells of one’s own; a super-administrator sees all', async () => {
    const list = (token: string) => call(server, { path: '/organisation', token });
    const one = (uuid: string, token: string) => call(server, { path: `/organisation/${uuid}`, token });
    const other = await server.house.tenants.create({ slug: 'third', name: 'Third' }, ORIGIN);
    assert.deepEqual((await list(tokenOfAlice)).json, [organisation()]);
    assertUser(await one(server.tenant.id, tokenOfAlice), organisation());
    for (const token of [tokenOfAlice, tokenOfAdmin]) assertError(await one(other.id, token), 404);
    const root = await server.addAccount({ role: 'admin', superAdministrator: true });
    const { AccessToken } = await signInToCloud(server, root);
    const all = (await list(AccessToken)).json as unknown as readonly { UUID: string }[];
    assert.deepEqual(
      all.map(({ UUID }) => UUID),
      (await server.house.storage.tenants.list()).map(({ id }) => id),
    );
    assertUser(await one(other.id, AccessToken), { Name: 'Third', UUID: other.id });
    assertError(await one('no-such', AccessToken), 404);
  });
});
