import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { createAudit } from '../../src/domain/audit/audit.ts';
import type { AuditEvent } from '../../src/domain/audit/audit-log.ts';
import type { JsonObject } from '../../src/lib/json.ts';
import { createLogger } from '../../src/lib/logger.ts';

async function recorded(detail: JsonObject): Promise<JsonObject | undefined> {
  const events: Omit<AuditEvent, 'sequence'>[] = [];
  const log = { append: async (event: Omit<AuditEvent, 'sequence'>) => void events.push(event), list: async () => [] };
  const audit = createAudit({ log, clock: () => new Date(), logger: createLogger({ level: 'silent', format: 'json' }) });
  await audit.record({ type: 'token.refused', origin: { requestId: 'r', ip: '::1' }, detail });
  return events[0]?.detail;
}

describe('the detail of an audit entry', () => {
  it('is kept as it is while it is short', async () => {
    const detail = { scope: 'x'.repeat(200), list: ['a', { b: null }], count: 3, flag: false, none: undefined };
    assert.deepEqual(await recorded(detail), detail);
  });

  it('has texts of at most 200 characters, wherever they stand, and never half a character', async () => {
    const long = `${'x'.repeat(198)}😀${'y'.repeat(100_000)}`;
    const short = `${'x'.repeat(198)}…`;
    assert.deepEqual(await recorded({ reason: long, list: [long], nested: { deep: long } }), {
      reason: short,
      list: [short],
      nested: { deep: short },
    });
  });

  it('has lists of at most 50 entries', async () => {
    const many = Array.from({ length: 1000 }, (_, index) => index);
    const detail = await recorded({ many, members: Object.fromEntries(many.map((index) => [`m${index}`, index])) });
    assert.deepEqual(detail?.many, many.slice(0, 50));
    assert.equal(Object.keys(detail?.members ?? {}).length, 50);
  });
});

describe('an audit log that cannot be written', () => {
  it('fails whoever records', async () => {
    const log = { append: () => Promise.reject(new Error('disk full')), list: async () => [] };
    const audit = createAudit({ log, clock: () => new Date(), logger: createLogger({ level: 'silent', format: 'json' }) });
    await assert.rejects(audit.record({ type: 'key.created', origin: { requestId: 'r', ip: '::1' } }), /disk full/);
  });
});
