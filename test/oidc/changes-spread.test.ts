import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { eventually } from '../support/eventually.ts';
import { basic, post } from '../support/protocol-client.ts';
import { createServers } from '../support/servers.ts';
import { ORIGIN } from '../support/start-server.ts';
import { storesForTests } from '../support/stores.ts';

/** A second is promised; the rest is for a machine that is busy with other tests. */
const SOON_MS = 2000;

for (const store of await storesForTests())
  describe(`a change made elsewhere, on ${store.name}`, { skip: store.missing ?? false }, () => {
    it('reaches every process within a second: a secret that is added, a client that is switched off, and on again', async () => {
      await using servers = await createServers(2, { ...(await store.fresh()), GATEHOUSE_SERVER__TRUSTED_PROXIES: '["127.0.0.1","::1"]' });
      await using house = await servers.openHouse();
      const { account } = await servers.prepare();
      await Promise.all([servers.start(0), servers.start(1)]);
      const metadata = { client_name: 'Service', scope: 'read:users' };
      const issued = await house.clients.create({ tenantId: account.tenantId, type: 'service', metadata }, ORIGIN);
      const { host } = new URL(servers.settings.GATEHOUSE_ISSUER ?? '');
      const statuses = (secret = '') =>
        Promise.all(
          servers.ports.map(async (port) => {
            const headers = { authorization: basic(issued.client.id, secret), 'x-forwarded-host': host };
            return (await post(`http://localhost:${port}/oauth/token`, { grant_type: 'client_credentials' }, headers)).status;
          }),
        );
      const become = (status: number, secret = issued.secret) =>
        eventually(async () => (await statuses(secret)).every((each) => each === status), SOON_MS);

      assert.deepEqual(await statuses(issued.secret), [200, 200]);
      const second = await house.clients.addSecret(issued.client, 60, ORIGIN);
      await become(200, second.secret);
      const off = await house.clients.update(issued.client, { disabled: true }, ORIGIN);
      await become(401);
      await house.clients.update(off, { disabled: false }, ORIGIN);
      await become(200);
    });
  });
