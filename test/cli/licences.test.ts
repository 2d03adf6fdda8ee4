import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { createCommandLine } from './command-line.ts';

const DEVICE = '0f8fad5b-d9cb-469f-a165-70867728950e';
const TERMS = ['--agreement', 'Site plan', '--kind', 'subscription', '--provides', 'export, reports'];
const TIMES = ['--starts-at', '2026-01-01', '--expires-at', '2027-01-01T12:00:00+01:00'];

describe('gatehouse licence', () => {
  it('makes, lists and removes licences', async () => {
    await using cli = await createCommandLine();
    assert.match(await cli.say(['licence', 'list']), /^No licences yet/);
    await cli.ask(['tenant', 'add', 'acme', '--name', 'Acme']);
    const made = await cli.ask(['licence', 'add', 'KEY-1', ...TERMS, ...TIMES, '--device', DEVICE, '--tenant', 'acme']);
    const { id, tenant_id, created_at: _at, agreement, ...rest } = made;
    assert.equal(tenant_id, (await cli.ask(['tenant', 'show', 'acme'])).id);
    assert.deepEqual(rest, {
      key: 'KEY-1',
      device_id: DEVICE,
      starts_at: '2026-01-01T00:00:00.000Z',
      expires_at: '2027-01-01T11:00:00.000Z',
    });
    const { name, kind, provides } = agreement as { name: string; kind: string; provides: string[] };
    assert.deepEqual({ name, kind, provides }, { name: 'Site plan', kind: 'subscription', provides: ['export', 'reports'] });
    assert.match(await cli.say(['licence', 'add', 'KEY-2', ...TERMS, ...TIMES]), /^Licence KEY-2 made in main\. Its id: [0-9a-f-]{36}\n$/);

    assert.deepEqual((await cli.askList(['licence', 'list'])).map(({ key }) => key).toSorted(), ['KEY-1', 'KEY-2']);
    assert.deepEqual(await cli.askList(['licence', 'list', '--tenant', 'acme']), [made]);
    assert.match(await cli.say(['licence', 'list', '--tenant', 'acme']), /KEY-1 +Site plan +subscription +export,reports /);

    assert.equal((await cli.ask(['licence', 'remove', String(id)])).removed, true);
    assert.deepEqual(await cli.askList(['licence', 'list', '--tenant', 'acme']), []);
    assert.match((await cli.fail(1, ['licence', 'remove', String(id)])).message, /gatehouse licence list/);
  });

  it('says what will not do', async () => {
    await using cli = await createCommandLine();
    const add = (...flags: string[]) => ['licence', 'add', 'KEY', ...TERMS, ...flags];
    await cli.ask(add(...TIMES));
    assert.match((await cli.fail(1, add(...TIMES))).message, /key is taken.*gatehouse licence list/);
    assert.match((await cli.fail(1, add('--starts-at', '2027-01-01', '--expires-at', '2026-01-01'))).message, /ends after it begins/);
    for (const time of ['tomorrow', '2026-13-01', '2026-01-01T10:00:00', '1767225600'])
      assert.match((await cli.fail(1, add('--starts-at', time, '--expires-at', '2027-01-01'))).message, /Give a date like/);
    assert.match((await cli.fail(1, add(...TIMES, '--device', 'mine'))).message, /UUID/);
    assert.equal((await cli.fail(2, add())).error, 'usage');
  });
});
