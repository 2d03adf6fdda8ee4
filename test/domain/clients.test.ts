import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import type { ClientType } from '../../src/domain/clients/client.ts';
import type { ClientMetadata } from '../../src/domain/clients/client-metadata.ts';
import { matchesSecret } from '../../src/domain/clients/client-service.ts';
import { ORIGIN, startServer, type TestServer } from '../support/start-server.ts';

const WEB = { client_name: 'Wiki', redirect_uris: ['https://app.example.com/callback'] };

describe('registering a client', () => {
  let server: TestServer;
  before(async () => {
    server = await startServer();
  });
  after(() => server[Symbol.asyncDispose]());

  const create = async (type: ClientType, metadata: ClientMetadata) =>
    (await server.house.clients.create({ tenantId: server.tenant.id, type, metadata }, ORIGIN)).client;
  const refused = (type: ClientType, metadata: ClientMetadata, field: string) =>
    assert.rejects(create(type, metadata), { code: 'invalid_value', field });

  it('without a scope gives what a viewer may hand over, and a service nothing', async () => {
    for (const type of ['web', 'spa', 'native'] as const) assert.deepEqual((await create(type, WEB)).scopes, ['read:interactions'], type);
    assert.deepEqual((await create('service', { client_name: 'Job' })).scopes, []);
    assert.deepEqual((await create('web', { ...WEB, scope: 'openid email admin:all' })).scopes, ['admin:all']);
  });

  it('keeps the grant types it names, through an update too', async () => {
    const client = await create('web', { ...WEB, grant_types: ['authorization_code'] });
    assert.deepEqual(client.metadata.grant_types, ['authorization_code']);
    const renamed = await server.house.clients.update(client, { metadata: { client_name: 'Handbook' } }, ORIGIN);
    assert.deepEqual(renamed.metadata.grant_types, ['authorization_code']);
    assert.equal((await create('web', WEB)).metadata.grant_types, undefined);
    const native = { client_name: 'App', redirect_uris: ['com.example.app:/callback'] };
    assert.equal((await create('native', native)).refreshWithoutOfflineAccess, true);
    assert.equal((await create('native', { ...native, grant_types: ['authorization_code'] })).refreshWithoutOfflineAccess, false);
  });

  it('refuses grant types that do not fit', async () => {
    await refused('web', { ...WEB, grant_types: ['refresh_token'] }, 'grant_types');
    await refused('web', { ...WEB, grant_types: [] }, 'grant_types');
    await refused('web', { ...WEB, grant_types: ['authorization_code', 'client_credentials'] }, 'grant_types');
    await refused('service', { client_name: 'Job', grant_types: [] }, 'grant_types');
    const contradiction = { grant_types: ['authorization_code' as const], refresh_without_offline_access: true };
    await refused('web', { ...WEB, ...contradiction }, 'refresh_without_offline_access');
  });

  it('refuses an application_type that contradicts the type', async () => {
    for (const type of ['web', 'spa'] as const) {
      await refused(type, { ...WEB, application_type: 'native' }, 'application_type');
      await create(type, { ...WEB, application_type: 'web' });
    }
    await refused('service', { client_name: 'Job', application_type: 'native' }, 'application_type');
    await refused('native', { ...WEB, application_type: 'web' }, 'application_type');
    await create('native', { ...WEB, application_type: 'native' });
  });
});

describe('a new secret', () => {
  it('leaves the newest of those that still work, and drops what has expired', async () => {
    await using server = await startServer();
    const { clients } = server.house;
    const { client, secret: first = '' } = await server.addClient('web', WEB);
    const { secret: second = '' } = await clients.addSecret(client, 60, ORIGIN);
    server.clock.advance(30);
    const works = async (secret: string) => matchesSecret((await clients.resolve(client.id)).secrets, secret, server.clock.now());
    assert.deepEqual([await works(first), await works(second)], [true, true]);
    server.clock.advance(31);
    assert.deepEqual([await works(first), await works(second)], [false, true]);

    const { client: changed, secret: third = '' } = await clients.addSecret(client, 3600, ORIGIN);
    assert.equal(changed.secrets.length, 2);
    assert.deepEqual([await works(first), await works(second), await works(third)], [false, true, true]);
  });
});
