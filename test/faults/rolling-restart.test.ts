import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { openBalancer } from '../support/balancer.ts';
import { CookieBrowser } from '../support/cookie-browser.ts';
import { protocolClient } from '../support/protocol-client.ts';
import { createServers } from '../support/servers.ts';
import type { ServerProcess } from '../support/start-process.ts';
import { storesForTests } from '../support/stores.ts';

const LOGINS_AT_ONCE = 10;

/** From when a server is told to stop until the balancer has seen it in /readyz; it goes on answering meanwhile. */
const UNNOTICED_MS = 250;

for (const store of await storesForTests())
  describe(`a rolling restart of two servers on ${store.name}`, { skip: store.missing ?? false }, () => {
    it('fails none of ten sign-ins in flight, whichever server each request meets', async () => {
      await using balancer = await openBalancer();
      await using servers = await createServers(2, { ...(await store.fresh()), ...balancer.settings });
      const { person, app } = await servers.prepare();
      const running: ServerProcess[] = [await servers.start(0), await servers.start(1)];
      balancer.leadTo(servers.ports);
      const client = await protocolClient({ issuer: balancer.settings.GATEHOUSE_ISSUER ?? '' }, app);

      let stop = false;
      let signedIn = 0;
      const logins = Array.from({ length: LOGINS_AT_ONCE }, async () => {
        while (!stop) {
          const tokens = await client.exchange(await client.authorize(new CookieBrowser(), person));
          assert.equal(tokens.status, 200, tokens.text);
          const next = await client.refresh(tokens.json.refresh_token);
          assert.equal(next.status, 200, next.text);
          signedIn += 1;
        }
      });
      const restarts = async () => {
        for (const index of [0, 1, 0, 1]) {
          await delay(300);
          balancer.leadTo(servers.ports.filter((_, other) => other !== index));
          await delay(UNNOTICED_MS);
          assert.equal(await running[index]?.end('SIGTERM'), 0, 'it drains and exits with 0');
          running[index] = await servers.start(index);
          balancer.leadTo(servers.ports);
        }
        await delay(300);
      };
      try {
        await Promise.race([restarts(), Promise.all(logins)]);
      } finally {
        stop = true;
      }
      await Promise.all(logins);
      assert.ok(signedIn >= LOGINS_AT_ONCE, `only ${signedIn} sign-ins`);
      for (const port of servers.ports) assert.ok((balancer.sent.get(port) ?? 0) > 20, `port ${port} was hardly asked`);
    });
  });
