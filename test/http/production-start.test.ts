import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdir } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import { freePort } from '../support/free-port.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));
const STACK = /\bat .*\.ts:\d+/;
const GOOD = {
  GATEHOUSE_ISSUER: 'https://id.example.com',
  GATEHOUSE_SECRETS__MASTER_KEY: 'q5fYw2k8Q1nB7dXhZr3Jm6VtL0sCeGpAuWiKoNyTbFg=',
  GATEHOUSE_METRICS__PORT: '0',
};

/** How a start away from localhost ends; what is not said is as it should be. */
async function startIn(folder: string, settings: Record<string, string | undefined>) {
  const merged = { ...GOOD, GATEHOUSE_DATA_DIR: folder, PORT: String(await freePort()), ...settings };
  const env = Object.fromEntries(Object.entries(merged).filter((entry): entry is [string, string] => entry[1] !== undefined));
  const child = spawn(process.execPath, ['src/main.ts'], { cwd: ROOT, env: { PATH: process.env.PATH ?? '', ...env } });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.on('data', (chunk: Buffer) => {
      const before = output;
      output += chunk;
      // Once: a second signal would cut the server short.
      if (output.includes('is ready at') && !before.includes('is ready at')) child.kill('SIGTERM');
    });
  }
  const [code] = await once(child, 'close');
  return { code, output };
}

describe('a start away from localhost', () => {
  it('[security 111] goes ahead with https and a key of its own', async () => {
    await using folder = await temporaryFolder();
    const { code, output } = await startIn(folder.path, {});
    assert.equal(code, 0, output);
    assert.doesNotMatch(output, /\/setup\//, 'no link that makes an administrator in a log that others read');
  });

  it('[security 111] is refused with everything that is wrong in one message, and no stack', async () => {
    await using folder = await temporaryFolder();
    const settings = { GATEHOUSE_ISSUER: 'http://id.example.com', GATEHOUSE_DEMO: 'on', GATEHOUSE_SECRETS__MASTER_KEY: undefined };
    const { code, output } = await startIn(folder.path, settings);
    assert.equal(code, 1, output);
    for (const key of ['issuer', 'demo', 'secrets.master_key']) assert.ok(output.includes(key), output);
    assert.doesNotMatch(output, STACK);
  });

  it('is refused in one message, without a stack or the password, where MongoDB is not to be had', async () => {
    await using folder = await temporaryFolder();
    const { code, output } = await startIn(folder.path, {
      GATEHOUSE_STORAGE__KIND: 'mongo-redis',
      GATEHOUSE_STORAGE__MONGODB__URI: `mongodb://user:hush-hush@127.0.0.1:${await freePort()}/gatehouse`,
      GATEHOUSE_STORAGE__MONGODB__TIMEOUT_MS: '300',
    });
    assert.equal(code, 1, output);
    assert.match(output, /^MongoDB at 127\.0\.0\.1:\d+ cannot be used: .*ECONNREFUSED.*\n$/);
    assert.doesNotMatch(output, /hush/);
    assert.deepEqual(await readdir(folder.path), []);
  });
});

it('the drivers of a store are loaded where that store is used', async () => {
  const loaded = (name: string) =>
    Object.keys(createRequire(import.meta.url).cache).filter((path) => path.includes(`/node_modules/${name}/`)).length > 0;
  await import('../../src/server/compose-server.ts');
  await import('../../src/compose.ts');
  assert.deepEqual([loaded('koa'), loaded('mongoose'), loaded('ioredis')], [true, false, false]);
  await import('../../src/storage/mongo-redis/open-mongo-redis.ts');
  assert.deepEqual([loaded('mongoose'), loaded('ioredis')], [true, true]);
});
