import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { describeConfig } from '../../src/config/describe-config.ts';
import { faultsOf, GOOD_KEY, load } from './load.ts';

const PRODUCTION = { GATEHOUSE_ISSUER: 'https://id.example.com', GATEHOUSE_SECRETS__MASTER_KEY: GOOD_KEY };
const HOST = { GATEHOUSE_MAIL__SMTP__HOST: 'smtp.example.com' };

describe('mail', () => {
  for (const [what, env, transport] of [
    ['a trial', {}, 'captured'],
    ['a trial with a mail server', HOST, 'smtp'],
    ['a trial without the demo', { GATEHOUSE_DEMO: 'off' }, 'off'],
    ['production', PRODUCTION, 'off'],
    ['production with a mail server', { ...PRODUCTION, ...HOST }, 'smtp'],
    ['a mail server that is not to be used', { ...HOST, GATEHOUSE_MAIL__TRANSPORT: 'off' }, 'off'],
    ['a mail server beside the demo’s mailbox', { ...HOST, GATEHOUSE_MAIL__TRANSPORT: 'captured' }, 'captured'],
  ] as const)
    it(`is ${transport} in ${what}`, async () => {
      assert.equal((await load({ env })).config.mailTransport, transport);
    });

  for (const [yaml, path, problem, mend] of [
    ['mail: { transport: smtp }', 'mail.smtp.host', /no server is named/, /Set mail\.smtp\.host/],
    ['demo: off\nmail: { transport: captured }', 'mail.transport', /only where the demo is on/, /mail\.smtp\.host/],
    ['server: { workers: 2 }\nmail: { transport: captured }', 'mail.transport', /only where the demo is on/, /mail\.smtp\.host/],
    ['server: { host: 0.0.0.0 }\nmail: { transport: captured }', 'mail.transport', /only where the demo is on/, /mail\.smtp\.host/],
    ['mail: { smtp: { host: smtp.example.com, security: none } }', 'mail.smtp.security', /in the clear/, /starttls or tls/],
    ['mail: { smtp: { host: localhost.example.com, security: none } }', 'mail.smtp.security', /in the clear/, /starttls or tls/],
    ['mail: { smtp: { host: 127.example.com, security: none } }', 'mail.smtp.security', /in the clear/, /starttls or tls/],
    ['mail: { smtp: { host: a.example.com, password: x } }', 'mail.smtp.username', /nobody it belongs to/, /mail\.smtp\.username/],
    ['mail: { smtp: { host: a.example.com, username: x } }', 'mail.smtp.password', /without a password/, /mail\.smtp\.password/],
    ['mail: { from: Gatehouse }', 'mail.from', /not an e-mail address/, /Correct it/],
    ['mail: { from: "Gatehouse <a@example.com>\\nBcc: b@example.com" }', 'mail.from', /not an e-mail address/, /Correct it/],
    ['metrics: { listener: own, port: 3000 }', 'metrics.port', /cannot have one port/, /another/],
    ['server: { workers: 2 }\nmetrics: { listener: own, port: 0 }', 'metrics.port', /picked anew/, /Name a port/],
  ] as const)
    it(`${yaml.replace('\n', ', ')} is refused`, async () => {
      const faults = await faultsOf({ yaml });
      assert.deepEqual(
        faults.map((fault) => fault.path),
        [path],
      );
      assert.match(faults[0]?.problem ?? '', problem);
      assert.match(faults[0]?.mend ?? '', mend);
    });

  it('is captured in no production, whatever is said', async () => {
    const faults = await faultsOf({ env: { ...PRODUCTION, GATEHOUSE_MAIL__TRANSPORT: 'captured' } });
    assert.deepEqual(
      faults.map(({ path }) => path),
      ['mail.transport'],
    );
  });

  for (const host of ['localhost', '127.0.0.1', '127.0.0.53', '::1'])
    it(`may be in the clear to ${host}, which is this machine`, async () => {
      await load({ env: { GATEHOUSE_MAIL__SMTP__HOST: host, GATEHOUSE_MAIL__SMTP__SECURITY: 'none' } });
    });

  it('has a password that is not shown', async () => {
    const env = { ...HOST, GATEHOUSE_MAIL__SMTP__USERNAME: 'gatehouse', GATEHOUSE_MAIL__SMTP__PASSWORD: 'hush-hush' };
    const loaded = await load({ env });
    assert.equal(loaded.config.mail.smtp.password, 'hush-hush');
    assert.ok(!describeConfig(loaded).includes('hush-hush'));
  });
});

it('metrics have a listener of their own away from localhost, unless told otherwise', async () => {
  const apart = async (env: Record<string, string>) => (await load({ env })).config.metricsApart;
  assert.equal(await apart({}), false);
  assert.equal(await apart({ GATEHOUSE_METRICS__LISTENER: 'own' }), true);
  assert.equal(await apart(PRODUCTION), true);
  assert.equal(await apart({ ...PRODUCTION, GATEHOUSE_METRICS__LISTENER: 'shared' }), false);
});
