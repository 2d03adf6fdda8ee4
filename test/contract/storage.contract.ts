import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { tenantId } from '../../src/domain/tenants/tenant.ts';
import { accountStoreContract } from './account-store.contract.ts';
import { artifactStoreContract } from './artifact-store.contract.ts';
import { auditLogContract } from './audit-log.contract.ts';
import { challengeStoreContract } from './challenge-store.contract.ts';
import { clientStoreContract } from './client-store.contract.ts';
import { countersContract } from './counters.contract.ts';
import { after, type OpenHarness, times } from './harness.ts';
import { holdingsContract } from './holdings.contract.ts';
import { identityStoreContract } from './identity-store.contract.ts';
import { keyStoreContract } from './key-store.contract.ts';
import { licenceStoreContract } from './licence-store.contract.ts';
import { mfaStoreContract } from './mfa-store.contract.ts';
import { oneTimeLinkStoreContract } from './one-time-link-store.contract.ts';
import { providerStoreContract } from './provider-store.contract.ts';
import { rateLimitsContract } from './rate-limits.contract.ts';
import { sampleChallenge, sampleEvent, sampleLink, sampleTenant, seedPeople } from './samples.ts';
import { tenantStoreContract } from './tenant-store.contract.ts';
import { upstreamTokenStoreContract } from './upstream-token-store.contract.ts';

/** All that holds for every backend, however it is deployed. */
export function storageContract(name: string, open: OpenHarness): void {
  tenantStoreContract(name, open);
  accountStoreContract(name, open);
  oneTimeLinkStoreContract(name, open);
  mfaStoreContract(name, open);
  clientStoreContract(name, open);
  keyStoreContract(name, open);
  licenceStoreContract(name, open);
  providerStoreContract(name, open);
  identityStoreContract(name, open);
  upstreamTokenStoreContract(name, open);
  artifactStoreContract(name, open);
  challengeStoreContract(name, open);
  countersContract(name, open);
  rateLimitsContract(name, open);
  auditLogContract(name, open);
  holdingsContract(name, open);
  wholeStorageContract(name, open);
}

function wholeStorageContract(name: string, open: OpenHarness): void {
  describe(`${name}: storage as a whole`, () => {
    it('answers a ping', async () => {
      await using harness = await open();
      await harness.storage.ping();
    });

    it('sweeps what has expired, nothing else, and says how much', async () => {
      await using harness = await open();
      const { storage, clock } = harness;
      const rule = { limit: 1, windowSeconds: 60, blockSeconds: 120 };
      await seedPeople(storage);
      for (const seconds of [60, 3600]) {
        await storage.artifacts.put('Session', `s${seconds}`, { payload: {} }, after(clock, seconds));
        await storage.challenges.put(sampleChallenge({ id: `c${seconds}`, expiresAt: after(clock, seconds) }));
      }
      await storage.artifacts.put('Grant', 'g', { payload: {} }, undefined);
      await storage.links.put(sampleLink({ expiresAt: after(clock, 60) }));
      await storage.counters.hit('free', rule, clock.now());
      for (const _ of [1, 2]) await storage.counters.hit('blocked', rule, clock.now());
      clock.advance(60);
      const swept = await storage.sweep(clock.now());
      assert.ok(swept === 4 || swept === 0, 'a backend that expires rows by itself sweeps none');
      assert.equal(await storage.sweep(clock.now()), 0);
      assert.ok(await storage.artifacts.find('Session', 's3600'));
      assert.ok(await storage.artifacts.find('Grant', 'g'));
      assert.ok(await storage.challenges.find('c3600', clock.now()));
      assert.equal((await storage.counters.hit('blocked', rule, clock.now())).allowed, false);
    });

    it('lets one refused write take nothing with it', async () => {
      await using harness = await open();
      const { storage, clock } = harness;
      await storage.tenants.create(sampleTenant());
      const results = await Promise.allSettled([
        storage.artifacts.put('Session', 'a', { payload: {} }, after(clock, 60)),
        storage.tenants.create(sampleTenant({ id: tenantId('b') })),
        storage.accounts.update(tenantId('tenant-a'), sampleChallenge().accountId, (old) => old),
        storage.tenants.create(sampleTenant({ id: tenantId('c'), slug: 'c' })),
        storage.audit.append(sampleEvent()),
      ]);
      assert.deepEqual(
        results.map((result) => result.status),
        ['fulfilled', 'rejected', 'fulfilled', 'fulfilled', 'fulfilled'],
      );
      assert.ok(await storage.artifacts.find('Session', 'a'));
      assert.equal((await storage.tenants.list()).length, 2);
      assert.equal((await storage.audit.list({ limit: 10 })).length, 1);
    });

    it('settles what was begun before it closes, and refuses afterwards', async () => {
      await using harness = await open();
      const { storage } = harness;
      const begun = times(20, () => storage.audit.append(sampleEvent()));
      await Promise.all([...begun, storage[Symbol.asyncDispose]()]);
      await assert.rejects(storage.audit.append(sampleEvent()), { name: 'StoreUnavailableError' });
      await assert.rejects(storage.audit.list({ limit: 1 }), { name: 'StoreUnavailableError' });
      await assert.rejects(storage.ping(), { name: 'StoreUnavailableError' });
      await storage[Symbol.asyncDispose]();
    });
  });
}
