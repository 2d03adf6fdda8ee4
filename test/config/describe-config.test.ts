import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { describeConfig, describeConfigAsJson } from '../../src/config/describe-config.ts';
import { formatPath } from '../../src/config/path.ts';
import { configSchema } from '../../src/config/schema.ts';
import { leafPaths } from '../../src/config/schema-tree.ts';
import { GOOD_KEY, load } from './load.ts';

describe('a described configuration', () => {
  it('has path, value and source of every key that counts, in columns', async () => {
    const text = describeConfig(await load({ env: { PORT: '4000' } }));
    const lines = text.split('\n');
    const port = lines.find((line) => line.startsWith('server.port')) ?? '';
    assert.match(port, /^server\.port {2,}4000 {2,}environment PORT$/);
    assert.match(text, /^server\.trusted_proxies {2,}\[\] {2,}default$/m);
    const host = lines.find((line) => line.startsWith('server.host')) ?? '';
    assert.equal(port.indexOf('4000'), host.indexOf('localhost'));
    assert.equal(port.indexOf('environment'), host.indexOf('default'));
    assert.deepEqual(
      lines.filter((line) => !line.startsWith(' ')).map((line) => line.split(' ')[0]),
      leafPaths(configSchema)
        .map(formatPath)
        .filter((path) => !/^storage\.(mongodb|redis)\./.test(path)),
    );
  });

  it('shows what is in effect where the setting stands for something else', async () => {
    const json = describeConfigAsJson(await load());
    assert.deepEqual(json['storage.sqlite.path'], { value: '/srv/data/gatehouse.db', source: 'default' });
    assert.deepEqual(json['api.resource'], { value: 'http://localhost:3000/api', source: 'default' });
    assert.deepEqual(json.demo, { value: 'on', source: 'default' });
    assert.deepEqual(json.data_dir, { value: '/srv/data', source: 'default' });
    assert.deepEqual(json['secrets.master_key'], { value: 'file:/srv/data/master.key', source: 'default' });
    assert.deepEqual(json['passwords.context_words'], { value: ['gatehouse'], source: 'default' });
  });

  it('masks secrets', async () => {
    const loaded = await load({ env: { GATEHOUSE_SECRETS__MASTER_KEY: GOOD_KEY } });
    const text = describeConfig(loaded);
    const json = JSON.stringify(describeConfigAsJson(loaded));
    assert.match(text, /^secrets\.master_key {2,}\*{8} {2,}environment GATEHOUSE_SECRETS__MASTER_KEY$/m);
    for (const shown of [text, json]) assert.ok(!shown.includes(GOOD_KEY.slice(0, 12)));
  });
});
