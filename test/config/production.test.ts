import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { describe, it } from 'node:test';
import { decodeMasterKey, weaknessOf } from '../../src/config/master-key-format.ts';
import { faultsOf, GOOD_KEY, load } from './load.ts';

const PRODUCTION = { GATEHOUSE_ISSUER: 'https://id.example.com', GATEHOUSE_SECRETS__MASTER_KEY: GOOD_KEY };

const base64 = (text: string) => Buffer.from(text, 'latin1').toString('base64');

describe('production', () => {
  it('starts with https and a master key', async () => {
    const { config } = await load({ env: PRODUCTION });
    assert.deepEqual([config.local, config.demoEnabled, config.issuer], [false, false, 'https://id.example.com']);
  });

  for (const [what, env, path, problem, mend] of [
    [
      'an http issuer',
      { GATEHOUSE_ISSUER: 'http://id.example.com:8080' },
      'issuer',
      /Only localhost may use http/,
      /https:\/\/id\.example\.com:8080/,
    ],
    ['the demo', { GATEHOUSE_DEMO: 'on' }, 'demo', /runs on localhost only/, /auto or off/],
    ['no master key', { GATEHOUSE_SECRETS__MASTER_KEY: '' }, 'secrets.master_key', /There is no master key/, /openssl rand -base64 32/],
    ['trace logs', { GATEHOUSE_LOG__LEVEL: 'trace' }, 'log.level', /more than a server may keep/, /debug or above/],
  ] as const) {
    it(`refuses ${what} (security checklist 111)`, async () => {
      const faults = await faultsOf({ env: { ...PRODUCTION, ...env } });
      assert.deepEqual(
        faults.map((fault) => fault.path),
        [path],
      );
      assert.match(faults[0]?.problem ?? '', problem);
      assert.match(faults[0]?.mend ?? '', mend);
    });
  }

  it('refuses all of it at once', async () => {
    const faults = await faultsOf({
      env: { GATEHOUSE_ISSUER: 'http://id.example.com', GATEHOUSE_DEMO: 'on', GATEHOUSE_LOG__LEVEL: 'trace' },
    });
    assert.deepEqual(
      faults.map(({ path }) => path),
      ['issuer', 'demo', 'log.level', 'secrets.master_key'],
    );
  });

  for (const [what, key, problem] of [
    ['changeme', 'changeme', /not 32 bytes/],
    ['secret', 'secret', /not 32 bytes/],
    ['16 bytes', Buffer.from(GOOD_KEY, 'base64').subarray(16).toString('base64'), /not 32 bytes/],
    ['33 bytes', Buffer.concat([Buffer.from(GOOD_KEY, 'base64'), Buffer.from('x')]).toString('base64'), /not 32 bytes/],
    ['hexadecimal', Buffer.from(GOOD_KEY, 'base64').toString('hex'), /not 32 bytes/],
    ['a word over and over, that happens to be base64', 'changeme'.repeat(6).slice(0, 43), /holds the word "changeme"/],
    ['password, in base64url', `${'password_'.repeat(5).slice(0, 43)}=`, /holds the word "password"/],
    ['words in base64', base64('placeholderplaceholderplaceholde'), /is readable text/],
    ['the example of the documentation', base64('this is an example, use your own'), /is readable text/],
    ['zeros', base64('\0'.repeat(32)), /counts or repeats/],
    ['all bytes equal', base64('\xa7'.repeat(32)), /counts or repeats/],
    ['0, 1, 2 and so on', Buffer.from(Array.from({ length: 32 }, (_, index) => index)).toString('base64'), /counts or repeats/],
    ['eight bytes four times', base64('\xd1\x02\x93\x14\xa5\x36\xb7\x48'.repeat(4)), /repeats itself/],
  ] as const) {
    it(`refuses ${what} as a master key`, async () => {
      const faults = await faultsOf({ env: { ...PRODUCTION, GATEHOUSE_SECRETS__MASTER_KEY: key } });
      assert.deepEqual(
        faults.map(({ path }) => path),
        ['secrets.master_key'],
      );
      assert.match(faults[0]?.problem ?? '', problem);
      assert.match(faults[0]?.mend ?? '', /openssl rand -base64 32/);
      assert.ok(!JSON.stringify(faults).includes(key) || key.length < 10);
    });
  }

  it('has nothing against ten thousand random keys', () => {
    for (let round = 0; round < 10_000; round++) {
      const text = randomBytes(32).toString('base64');
      const bytes = decodeMasterKey(text);
      assert.ok(bytes);
      assert.equal(weaknessOf(text, bytes), undefined);
    }
  });
});

describe('localhost', () => {
  it('may use http, the demo, trace and no key of its own', async () => {
    const { config } = await load({ env: { GATEHOUSE_DEMO: 'on', GATEHOUSE_LOG__LEVEL: 'trace' } });
    assert.deepEqual([config.local, config.demoEnabled, config.secrets.master_key], [true, true, null]);
  });

  it('takes a key that is weak, but none that is no key', async () => {
    await load({ env: { GATEHOUSE_SECRETS__MASTER_KEY: base64('\0'.repeat(32)) } });
    assert.equal((await faultsOf({ env: { GATEHOUSE_SECRETS__MASTER_KEY: 'changeme' } })).length, 1);
  });
});
