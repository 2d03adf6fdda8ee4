import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import type { Browser } from 'playwright-core';
import { type Balancer, openBalancer } from '../support/balancer.ts';
import { startApplication } from '../support/callback-server.ts';
import { launchChromium } from '../support/chromium.ts';
import { createServers, type Servers } from '../support/servers.ts';
import { ORIGIN } from '../support/start-server.ts';
import { storesForTests } from '../support/stores.ts';
import { arrive, signIn } from './steps.ts';

for (const store of await storesForTests())
  describe(`a browser before two servers on ${store.name}`, { skip: store.missing ?? false }, () => {
    let balancer: Balancer;
    let servers: Servers;
    let browser: Browser;
    before(async () => {
      browser = await launchChromium();
      balancer = await openBalancer();
      servers = await createServers(2, { ...(await store.fresh()), ...balancer.settings });
    });
    after(async () => {
      await browser?.close();
      await servers?.[Symbol.asyncDispose]();
      await balancer?.[Symbol.asyncDispose]();
    });

    it('signs in, and stays signed in, although every request goes to the other server', async () => {
      const { account } = await servers.prepare();
      await Promise.all([servers.start(0), servers.start(1)]);
      balancer.leadTo(servers.ports);
      await using house = await servers.openHouse();
      await using application = await startApplication(
        {
          issuer: balancer.settings.GATEHOUSE_ISSUER ?? '',
          addClient: (type, metadata = {}) =>
            house.clients.create({ tenantId: account.tenantId, type, metadata: { scope: 'read:interactions', ...metadata } }, ORIGIN),
        },
        'Freight Planner',
      );
      const page = await browser.newPage();
      const claims = await signIn(page, application, account.email);
      assert.equal(claims.sub, account.id);
      await page.goto(application.signInUrl());
      await arrive(page, application);
      const [first = 0, second = 0] = servers.ports.map((port) => balancer.sent.get(port) ?? 0);
      assert.ok(first > 5 && Math.abs(first - second) <= 1, `${first} and ${second} requests`);
    });
  });
