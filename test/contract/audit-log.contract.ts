import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { AuditFilter } from '../../src/domain/audit/audit-log.ts';
import { type OpenHarness, times } from './harness.ts';
import { sampleEvent } from './samples.ts';

export function auditLogContract(name: string, open: OpenHarness): void {
  describe(`${name}: audit log`, () => {
    it('gives back what it was given, with a sequence number', async () => {
      await using harness = await open();
      const { audit } = harness.storage;
      assert.deepEqual(await audit.list({ limit: 10 }), []);
      const bare = sampleEvent({ tenantId: undefined, accountId: undefined, clientId: undefined, detail: {} });
      await audit.append(sampleEvent());
      await audit.append(bare);
      const [second, first] = await audit.list({ limit: 10 });
      assert.ok(first && second && first.sequence < second.sequence);
      assert.deepEqual(first, { ...sampleEvent(), sequence: first.sequence });
      assert.deepEqual(second, { ...bare, sequence: second.sequence });
    });

    it('lists the newest first, page by page', async () => {
      await using harness = await open();
      const { audit } = harness.storage;
      for (const n of times(5, (index) => index)) await audit.append(sampleEvent({ requestId: `r${n}` }));
      const page = await audit.list({ limit: 2 });
      const next = await audit.list({ limit: 10, before: page.at(-1)?.sequence });
      assert.deepEqual(
        [...page, ...next].map((event) => event.requestId),
        ['r4', 'r3', 'r2', 'r1', 'r0'],
      );
    });

    it('filters by each field and by several at once', async () => {
      await using harness = await open();
      const { audit } = harness.storage;
      await audit.append(sampleEvent({ requestId: 'r1' }));
      await audit.append(
        sampleEvent({ requestId: 'r2', tenantId: 'tenant-b', accountId: 'account-2', clientId: 'client-2', type: 'login.failed' }),
      );
      await audit.append(
        sampleEvent({ requestId: 'r3', tenantId: undefined, accountId: undefined, clientId: undefined, type: 'key.created' }),
      );
      await audit.append(sampleEvent({ requestId: 'r4', type: 'login.failed' }));
      const ids = async (filter: Omit<AuditFilter, 'limit'>) =>
        (await audit.list({ ...filter, limit: 10 })).map((event) => event.requestId);
      assert.deepEqual(await ids({ tenantId: 'tenant-a' }), ['r4', 'r1']);
      assert.deepEqual(await ids({ accountId: 'account-2' }), ['r2']);
      assert.deepEqual(await ids({ clientId: 'client-1' }), ['r4', 'r1']);
      assert.deepEqual(await ids({ type: 'login.failed' }), ['r4', 'r2']);
      assert.deepEqual(await ids({ tenantId: 'tenant-a', accountId: 'account-1', clientId: 'client-1', type: 'login.failed' }), ['r4']);
      assert.deepEqual(await ids({ tenantId: 'tenant-a', type: 'key.created' }), []);
      assert.deepEqual(await ids({ type: undefined }), ['r4', 'r3', 'r2', 'r1']);
    });

    it('keeps all of 50 concurrent entries, each with a number of its own', async () => {
      await using harness = await open();
      const { audit } = harness.storage;
      await Promise.all(times(50, (n) => audit.append(sampleEvent({ requestId: `r${n}` }))));
      const events = await audit.list({ limit: 100 });
      assert.equal(new Set(events.map((event) => event.sequence)).size, 50);
      assert.equal(new Set(events.map((event) => event.requestId)).size, 50);
    });

    it('hands out copies', async () => {
      await using harness = await open();
      const { audit } = harness.storage;
      await audit.append(sampleEvent());
      const [found] = await audit.list({ limit: 1 });
      assert.ok(found);
      Reflect.set(found.detail, 'scope', 'changed');
      found.at.setTime(0);
      assert.deepEqual(await audit.list({ limit: 1 }), [{ ...sampleEvent(), sequence: found.sequence }]);
    });
  });
}
