import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import * as oidc from 'openid-client';
import { openHouse } from '../../src/compose.ts';
import { loadConfig } from '../../src/config/load-config.ts';
import type { IssuedClient } from '../../src/domain/clients/client-service.ts';
import { createLogger } from '../../src/lib/logger.ts';
import { CookieBrowser } from '../support/cookie-browser.ts';
import { freePort } from '../support/free-port.ts';
import { type Answer as ProtocolAnswer, protocolClient } from '../support/protocol-client.ts';
import { authorizationRequest, CALLBACK, relyingParty, signIn } from '../support/relying-party.ts';
import { type ServerProcess, startProcess } from '../support/start-process.ts';
import { ORIGIN, PASSWORD } from '../support/start-server.ts';
import { storesForTests } from '../support/stores.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';

const ROTATIONS = 200;
const ROTATIONS_A_LIFE = 20;

/** A store may still be busy with what the killed process asked of it: 503 says that nothing was done, and to try again. */
async function served(attempt: () => Promise<ProtocolAnswer>): Promise<ProtocolAnswer> {
  for (;;) {
    const answer = await attempt();
    if (answer.status !== 503) return answer;
    await new Promise((resolve) => setTimeout(resolve, 200));
  }
}

/** A person and a client in a database that no server has opened yet. */
async function prepare(env: Record<string, string>, cwd: string): Promise<IssuedClient> {
  const { config } = await loadConfig({ env, cwd });
  await using house = await openHouse({ config, logger: createLogger({ level: 'silent', format: 'json' }), clock: () => new Date() });
  const tenant = await house.tenants.ensure(config.tenant, ORIGIN);
  await house.accounts.create({ tenantId: tenant.id, email: 'alice@example.com', role: 'viewer', password: PASSWORD }, ORIGIN);
  return await house.clients.create(
    { tenantId: tenant.id, type: 'web', metadata: { client_name: 'App', redirect_uris: [CALLBACK] } },
    ORIGIN,
  );
}

async function freshFamily(server: ServerProcess, client: IssuedClient): Promise<string> {
  const config = await relyingParty(server, client);
  const request = await authorizationRequest(config);
  const callback = await signIn(new CookieBrowser(), request.url, { identifier: 'alice@example.com' });
  const { refresh_token } = await oidc.authorizationCodeGrant(config, new URL(callback.url), request.checks);
  return refresh_token ?? '';
}

interface Answer {
  readonly status: number;
  readonly refreshToken: string | undefined;
  readonly accessToken: string | undefined;
}

async function refresh(issuer: string, { client, secret }: IssuedClient, token: string): Promise<Answer> {
  const response = await fetch(`${issuer}/oauth/token`, {
    method: 'POST',
    headers: { authorization: `Basic ${btoa(`${client.id}:${secret}`)}` },
    body: new URLSearchParams({ grant_type: 'refresh_token', refresh_token: token }),
  });
  const body = (await response.json()) as { refresh_token?: string; access_token?: string };
  return { status: response.status, refreshToken: body.refresh_token, accessToken: body.access_token };
}

async function isActive(issuer: string, { client, secret }: IssuedClient, token: string): Promise<boolean> {
  const response = await fetch(`${issuer}/oauth/introspect`, {
    method: 'POST',
    headers: { authorization: `Basic ${btoa(`${client.id}:${secret}`)}` },
    body: new URLSearchParams({ token }),
  });
  return ((await response.json()) as { active: boolean }).active;
}

for (const store of await storesForTests())
  describe(`kill -9 on ${store.name}`, { skip: store.missing ?? false }, () => {
    it('loses no token it acknowledged and accepts none it refused', { timeout: 150_000 }, async () => {
      await using folder = await temporaryFolder();
      const port = await freePort();
      const env = {
        PORT: String(port),
        GATEHOUSE_DATA_DIR: folder.path,
        GATEHOUSE_PASSWORDS__BCRYPT_COST: '4',
        GATEHOUSE_DEMO: 'off',
        GATEHOUSE_LOG__LEVEL: 'error',
        ...(await store.fresh()),
      };
      const client = await prepare(env, folder.path);
      const refused: string[] = [];
      let current: string | undefined;
      let access: string | undefined;
      let rotations = 0;
      let unanswered = 0;

      while (rotations < ROTATIONS) {
        await using server = await startProcess(env);
        if (current !== undefined) {
          if (access !== undefined)
            assert.equal(await isActive(server.issuer, client, access), true, 'an acknowledged access token was lost');
          const { status, refreshToken, accessToken } = await refresh(server.issuer, client, current);
          // Whether the unanswered request was stored is open; that the token works twice, or that its successor is known, is not.
          assert.ok(status === 200 || status === 400, `status ${status}`);
          refused.push(current);
          current = status === 200 ? refreshToken : undefined;
          access = accessToken;
        }
        current ??= await freshFamily(server, client);

        for (let i = 0; i < ROTATIONS_A_LIFE; i++) {
          const answer = await refresh(server.issuer, client, current);
          assert.equal(answer.status, 200, 'an acknowledged refresh token was lost');
          refused.push(current);
          current = answer.refreshToken ?? '';
          access = answer.accessToken;
          rotations++;
        }
        const inFlight = refresh(server.issuer, client, current).catch(() => undefined);
        await new Promise((resolve) => setTimeout(resolve, Math.random() * 8));
        await server.end('SIGKILL');
        const answer = await inFlight;
        if (answer?.refreshToken) {
          refused.push(current);
          current = answer.refreshToken;
          access = answer.accessToken;
        } else unanswered++;
      }

      await using server = await startProcess(env);
      for (const token of refused) assert.equal((await refresh(server.issuer, client, token)).status, 400, 'a used token was accepted');
      assert.ok(unanswered > 0, 'no request was under way when the process was killed');
    });

    it('gives tokens once for a code that is exchanged while the process is killed', { timeout: 150_000 }, async () => {
      await using folder = await temporaryFolder();
      const env = {
        PORT: String(await freePort()),
        GATEHOUSE_DATA_DIR: folder.path,
        GATEHOUSE_PASSWORDS__BCRYPT_COST: '4',
        GATEHOUSE_DEMO: 'off',
        GATEHOUSE_LOG__LEVEL: 'error',
        ...(await store.fresh()),
      };
      const issued = await prepare(env, folder.path);
      for (let round = 0; round < 6; round++) {
        await using server = await startProcess(env);
        const client = await protocolClient(server, issued);
        const authorized = await client.authorize(new CookieBrowser(), { identifier: 'alice@example.com' });
        const inFlight = client.exchange(authorized).catch(() => undefined);
        await new Promise((resolve) => setTimeout(resolve, Math.random() * 15));
        await server.end('SIGKILL');
        const first = await inFlight;
        await using _next = await startProcess(env);
        const again = await served(() => client.exchange(authorized));
        const third = await served(() => client.exchange(authorized));
        const won = [first, again, third].filter((answer) => answer?.status === 200);
        assert.ok(won.length <= 1, `${won.length} answers had tokens`);
        assert.equal(third.json.error, 'invalid_grant');
        if (first?.status === 200) assert.equal(again.json.error, 'invalid_grant');
      }
    });
  });
