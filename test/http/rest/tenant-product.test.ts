import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { call, MANY_ADDRESSES } from '../../support/rest-client.ts';
import { ORIGIN, startServer, type TestServer } from '../../support/start-server.ts';
import { logIn } from '../../support/tenant-api.ts';

const SETTINGS = { ...MANY_ADDRESSES, GATEHOUSE_MFA__REQUIRED_ROLES: '[]', GATEHOUSE_DEMO: 'on' };

describe('the product behind the tenant API', () => {
  let server: TestServer;
  let admin: string;
  before(async () => {
    server = await startServer(SETTINGS);
    admin = await logIn(server, await server.addAccount({ role: 'admin' }));
  });
  after(() => server[Symbol.asyncDispose]());

  const ask = (path: string, body?: unknown, method?: string, token = admin) =>
    call(server, { path: `/api/v1${path}`, token, ...(body !== undefined && { body }), ...(method && { method }) });

  it('lists interactions by the limit, newest first, and takes many at once', async () => {
    const interactions = ['one', 'two', 'three'].map((application) => ({ user: 'alice@acme.fr', application, verdict: 'warned' }));
    const added = await ask('/interactions/batch', { interactions });
    assert.equal(added.status, 201);
    const named = (list: unknown) => (list as readonly { application: string }[]).map(({ application }) => application);
    assert.deepEqual(named(added.json.interactions), ['one', 'two', 'three']);
    const first = (await ask('/interactions?limit=2')).json;
    assert.deepEqual(named(first.interactions), ['three', 'two']);
    const next = (await ask(`/interactions?limit=2&after=${first.next_cursor}`)).json;
    assert.equal(named(next.interactions)[0], 'one');
    assert.equal((await ask('/interactions?limit=50')).json.next_cursor, null);
    assert.equal((await ask('/interactions?limit=lots')).status, 400);
    assert.equal((await ask('/interactions/batch', { interactions: Array(101).fill(interactions[0]) })).status, 400);
  });

  it('creates, shows, replaces and deletes policies, up to a number', async () => {
    const policy = { name: 'Mind the money', category: 'financial', action: 'warn' };
    const { status, json } = await ask('/policies', policy);
    assert.equal(status, 201);
    const path = `/policies/${json.id}`;
    assert.deepEqual((await ask(path)).json, { ...policy, id: json.id });
    assert.deepEqual((await ask(path, { ...policy, action: 'block' }, 'PUT')).json, { ...policy, action: 'block', id: json.id });
    assert.equal((await ask(path, undefined, 'DELETE')).status, 204);
    assert.equal((await ask(path)).status, 404);
    const { policies } = (await ask('/policies')).json;
    for (let kept = (policies as readonly unknown[]).length; kept < 100; kept++) assert.equal((await ask('/policies', policy)).status, 201);
    assert.equal((await ask('/policies', policy)).status, 403);
  });

  it('classifies a text', async () => {
    const texts = {
      'Hello there': 'public',
      'Write to alice@acme.fr': 'personal',
      'FR76 3000 6000 0112 3456 7890 189': 'financial',
      'api_key=abc': 'secret',
    };
    for (const [text, category] of Object.entries(texts))
      assert.equal((await ask('/classification/classify', { text })).json.category, category, text);
  });

  it('keeps the records of each tenant apart', async () => {
    const [ours] = (await ask('/interactions?limit=1')).json.interactions as readonly { id: string }[];
    const other = await server.house.tenants.create({ slug: 'other', name: 'Other' }, ORIGIN);
    const token = await logIn(server, await server.addAccount({ role: 'admin', tenantId: other.id }));
    const seen = (await ask('/interactions?limit=500', undefined, undefined, token)).json.interactions as readonly { id: string }[];
    assert.ok(seen.length > 0 && seen.every((interaction) => interaction.id !== ours?.id));
    const [policy] = (await ask('/policies')).json.policies as readonly { id: string }[];
    assert.equal((await ask(`/policies/${policy?.id}`, undefined, 'DELETE', token)).status, 404);
  });

  it('is not there outside the demo', async () => {
    await using real = await startServer({ ...MANY_ADDRESSES, GATEHOUSE_MFA__REQUIRED_ROLES: '[]' });
    const token = await logIn(real, await real.addAccount());
    assert.equal((await call(real, { path: '/api/v1/interactions', token })).status, 404);
  });
});
