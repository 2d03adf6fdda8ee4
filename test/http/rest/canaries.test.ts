import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { codeAt } from '../../support/authenticator.ts';
import { type Answer, protocolClient } from '../../support/protocol-client.ts';
import { call, type RestCall } from '../../support/rest-client.ts';
import { createServers } from '../../support/servers.ts';
import { ORIGIN } from '../../support/start-server.ts';
import { storesForTests } from '../../support/stores.ts';

const CANARY = 'canary-password-that-nobody-types-4711';
const WRONG = 'canary-that-is-wrong-but-nearly-right-4712';
const REAL_CLOCK = { clock: { now: () => new Date(), advance: () => undefined } };

for (const store of await storesForTests())
  describe(`what the REST surfaces write down: ${store.name}`, { skip: store.missing ?? false }, () => {
    it('[security 103] is no token, password or code, in logs at their loudest and in the audit log', async () => {
      await using servers = await createServers(1, {
        GATEHOUSE_SERVER__TRUSTED_PROXIES: '["127.0.0.1","::1"]',
        GATEHOUSE_LOG__LEVEL: 'trace',
        GATEHOUSE_MFA__REQUIRED_ROLES: '[]',
        ...(await store.fresh()),
      });
      await using house = await servers.openHouse();
      const tenant = await house.tenants.ensure(house.config.tenant, ORIGIN);
      const account = { tenantId: tenant.id, email: 'canary@example.com', role: 'admin', password: CANARY } as const;
      const person = await house.accounts.create(account, ORIGIN);
      const metadata = { client_name: 'Overseer', scope: 'admin:all' };
      const issued = await house.clients.create({ tenantId: tenant.id, type: 'service', metadata }, ORIGIN);
      await using server = await servers.start();
      const overseer = await protocolClient(server, issued);
      const { email } = person;

      const secrets = new Map<string, unknown>([
        ['password', CANARY],
        ['wrong password', WRONG],
        ['client secret', issued.secret],
      ]);
      const send = async (what: RestCall): Promise<Readonly<Record<string, unknown>>> => {
        const { json } = await call(server, what);
        for (const name of ['token', 'AccessToken', 'RefreshToken', 'partial_token', 'secret', 'Token'])
          if (typeof json[name] === 'string') secrets.set(`${name} of ${what.path}`, json[name]);
        return json;
      };
      const signIns = (password: string) => [
        { path: '/api/v1/auth/login', body: { email, password } },
        { path: '/api/v1/auth/token', body: { email, password } },
        { path: '/api/login', body: { username: email, password } },
        { path: '/authenticate/signin', body: { Username: email, Password: password, KeepLoggedIn: true } },
      ];
      for (const password of [CANARY, WRONG]) for (const signIn of signIns(password)) await send(signIn);
      const token = String(secrets.get('token of /api/v1/auth/token'));
      const expires_at = new Date(Date.now() + 3_600_000).toISOString();
      const { id } = await send({ path: '/api/v1/auth/private-tokens', token, body: { name: 'Canary', expires_at } });
      await send({ method: 'POST', path: `/api/v1/auth/private-tokens/${id}/rotate`, token });
      const session = String(secrets.get('token of /api/login'));
      await call(server, { path: `/api/me?token=${session}` });
      await call(server, { path: `/api/v1/users?token=${session}` });
      await call(server, { path: `/nowhere?token=${session}` });
      const refresh = String([...secrets].find(([, value]) => String(value).startsWith('crt_'))?.[1]);
      for (let times = 0; times < 2; times++)
        await send({ path: '/authenticate/refresh', token: refresh, body: { GrantType: 'refresh_token' } });

      const { secret } = await send({ path: '/api/me/totp', token: session, body: {} });
      const code = await codeAt(REAL_CLOCK, String(secret));
      const confirmed = await call(server, { path: '/api/me/totp/confirm', token: session, body: { code } });
      assert.equal(confirmed.status, 200, confirmed.text);
      for (const recovery of confirmed.json.recovery_codes as string[]) secrets.set(`recovery code ${recovery}`, recovery);
      for (const signIn of signIns(CANARY))
        await send({ ...signIn, body: { ...signIn.body, ...(signIn.path.includes('v1') && { code }) } });
      await send({ path: '/api/login/totp', body: { partial_token: secrets.get('partial_token of /api/login'), code } });

      const answers: Answer[] = [];
      for (const value of [...secrets.values()].map(String)) {
        answers.push(await overseer.introspect(value), await overseer.revoke(value));
        await call(server, { path: '/api/v1/users/me', token: value });
        await call(server, { path: '/api/me', headers: { authorization: `Bearer  ${value} ${value}` } });
        await call(server, { path: '/authenticate/password-reset', body: { Token: value, Password: CANARY } });
        // By mistake, and only what is as long as a token: a path is no place to look for passwords.
        if (value.length >= 43)
          for (const path of [`/${value}`, `/user/${value}/x`, `/api/stream%2f${value}`, `/oauth/${value}`])
            await call(server, { path, token });
      }

      assert.ok(secrets.size >= 12, [...secrets.keys()].join());
      const audit = JSON.stringify(await house.storage.audit.list({ limit: 1000 }));
      assert.ok(audit.includes(person.id) && server.output().includes('/api/v1/auth/token'), 'the search finds what is there');
      for (const [name, value] of secrets) {
        // What is the same in every token is no secret.
        const canary = String(value).slice(-43);
        assert.ok(canary.length >= 20, name);
        assert.equal(server.output().includes(canary), false, `${name} is in the log`);
        assert.equal(audit.includes(canary), false, `${name} is in the audit log`);
        for (const { text } of answers) assert.equal(text.includes(canary), false, `${name} is in an answer`);
      }
      assert.doesNotMatch(server.output(), new RegExp(`\\b${code}\\b`), 'the code');
    });
  });
