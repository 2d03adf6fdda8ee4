import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { StoreUnavailableError } from '../../src/domain/errors.ts';
import { times } from '../contract/harness.ts';
import { eventually } from '../support/eventually.ts';
import { addressOn, type RedisServer, startRedis, whyNoRedis } from '../support/redis.ts';
import { createTestGenerations, openTestRedis } from './redis-harness.ts';

const LATER = new Date('2100-01-01T00:00:00Z');

function startSentinel(primary: RedisServer): Promise<RedisServer> {
  return startRedis({
    prepare: async (folder, port) => {
      const settings = [
        `port ${port}`,
        'bind 127.0.0.1',
        `dir ${folder}`,
        `sentinel monitor house 127.0.0.1 ${primary.port} 1`,
        'sentinel down-after-milliseconds house 400',
        'sentinel failover-timeout house 3000',
      ];
      const file = join(folder, 'sentinel.conf');
      await writeFile(file, `${settings.join('\n')}\n`);
      return [file, '--sentinel'];
    },
  });
}

describe('a primary, a replica and a sentinel', { skip: whyNoRedis() ?? false }, () => {
  it('fail over while codes are consumed: none twice, and without a restart of ours', async () => {
    await using primary = await startRedis();
    await using replica = await startRedis({ args: ['--replicaof', '127.0.0.1', `${primary.port}`] });
    await eventually(async () => /master_link_status:up/.test(await replica.cli('INFO', 'replication')), 15_000);
    await using sentinel = await startSentinel(primary);
    await eventually(async () => /num-slaves\n1\n/.test(await sentinel.cli('SENTINEL', 'MASTER', 'house')), 15_000);

    const address = { ...addressOn(sentinel), topology: 'sentinel' as const, primaryName: 'house' };
    const generations = createTestGenerations();
    await using one = await openTestRedis(address, { generations, timeoutMs: 500 });
    await using other = await openTestRedis(address, { generations, timeoutMs: 500 });
    await one.ping();
    await other.ping();

    const wins = new Map<string, number>();
    const unknown = new Set<string>();
    let going = true;
    let made = 0;
    const consumer = async (n: number) => {
      while (going) {
        const code = `code-${Math.max(0, made - (n % 10))}`;
        const redis = n % 2 === 0 ? one : other;
        try {
          if (await redis.artifacts.consume('AuthorizationCode', code)) wins.set(code, (wins.get(code) ?? 0) + 1);
        } catch (error) {
          if (!(error instanceof StoreUnavailableError)) throw error;
          unknown.add(code);
          await delay(5);
        }
      }
    };
    const maker = async () => {
      while (going) {
        await one.artifacts.put('AuthorizationCode', `code-${made + 1}`, { payload: {} }, LATER).then(
          () => {
            made += 1;
          },
          () => delay(5),
        );
        await delay(1);
      }
    };
    const work = Promise.all([maker(), ...times(20, consumer)]);
    await delay(300);
    const before = made;
    try {
      await primary.kill('SIGKILL');
      // A replica that is promoted closes its connections, that of the question as well.
      const role = () => replica.cli('INFO', 'replication').catch(() => '');
      await eventually(async () => (await role()).includes('role:master'), 15_000);
      await eventually(async () => Promise.all([one.ping(), other.ping()]).then(() => true), 15_000);
      const after = made;
      await eventually(async () => made > after + 20);
    } finally {
      going = false;
      await work;
    }

    assert.ok(before > 20 && wins.size > 40, `made ${made} codes, ${wins.size} were consumed`);
    assert.deepEqual(
      [...wins].filter(([, count]) => count > 1),
      [],
    );
    assert.ok(unknown.size > 0, 'the failover was felt');
    assert.ok(generations.now() > 2, 'the replica that was promoted began a new generation');
  });
});
