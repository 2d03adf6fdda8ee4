import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { CookieBrowser } from '../support/cookie-browser.ts';
import { eventually } from '../support/eventually.ts';
import { type Answer, protocolClient, tokensOf } from '../support/protocol-client.ts';
import { createServers } from '../support/servers.ts';
import { storesForTests } from '../support/stores.ts';

const ROTATIONS = 100;
const ROTATIONS_A_LIFE = 20;

/** A store may still be busy with what the killed process asked of it: 503 says that nothing was done, and to try again. */
function served(attempt: () => Promise<Answer>): Promise<Answer> {
  return eventually(async () => {
    const answer = await attempt();
    return answer.status !== 503 && answer;
  });
}

for (const store of await storesForTests())
  describe(`kill -9 on ${store.name}`, { skip: store.missing ?? false }, () => {
    it('loses no token it acknowledged and accepts none it refused', { timeout: 150_000 }, async () => {
      await using servers = await createServers(1, { GATEHOUSE_LOG__LEVEL: 'error', ...(await store.fresh()) });
      const { person, app } = await servers.prepare();
      const used: unknown[] = [];
      let current: Answer['json'] | undefined;
      let rotations = 0;
      let unanswered = 0;

      while (rotations < ROTATIONS) {
        await using server = await servers.start();
        const client = await protocolClient(server, app);
        if (current !== undefined) {
          const { refresh_token: token, access_token: access } = current;
          assert.equal((await served(() => client.introspect(access))).json.active, true, 'an acknowledged access token was lost');
          const { status, json } = await served(() => client.refresh(token));
          // Whether the unanswered request was stored is open; that the token works twice, or that its successor is known, is not.
          assert.ok(status === 200 || status === 400, `status ${status}`);
          used.push(token);
          current = status === 200 ? json : undefined;
        }
        current ??= await tokensOf(client, person);

        for (let i = 0; i < ROTATIONS_A_LIFE; i++) {
          const { status, json } = await client.refresh(current.refresh_token);
          assert.equal(status, 200, 'an acknowledged refresh token was lost');
          used.push(current.refresh_token);
          current = json;
          rotations++;
        }
        const inFlight = client.refresh(current.refresh_token).catch(() => undefined);
        await delay(Math.random() * 8);
        await server.end('SIGKILL');
        const answer = await inFlight;
        if (answer?.status === 200) {
          used.push(current.refresh_token);
          current = answer.json;
        } else unanswered++;
      }

      await using server = await servers.start();
      const client = await protocolClient(server, app);
      for (const token of used) assert.equal((await client.refresh(token)).status, 400, 'a used token was accepted');
      assert.ok(unanswered > 0, 'no request was under way when the process was killed');
    });

    it('gives tokens once for a code that is exchanged while the process is killed', { timeout: 150_000 }, async () => {
      await using servers = await createServers(1, { GATEHOUSE_LOG__LEVEL: 'error', ...(await store.fresh()) });
      const { person, app } = await servers.prepare();
      for (let round = 0; round < 3; round++) {
        await using server = await servers.start();
        const client = await protocolClient(server, app);
        const authorized = await client.authorize(new CookieBrowser(), person);
        const inFlight = client.exchange(authorized).catch(() => undefined);
        await delay(Math.random() * 15);
        await server.end('SIGKILL');
        const first = await inFlight;
        await using _next = await servers.start();
        const again = await served(() => client.exchange(authorized));
        const third = await served(() => client.exchange(authorized));
        const won = [first, again, third].filter((answer) => answer?.status === 200);
        assert.ok(won.length <= 1, `${won.length} answers had tokens`);
        assert.equal(third.json.error, 'invalid_grant');
        if (first?.status === 200) assert.equal(again.json.error, 'invalid_grant');
      }
    });
  });
