import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { times } from '../contract/harness.ts';
import { untilReady } from '../support/availability.ts';
import { CookieBrowser } from '../support/cookie-browser.ts';
import { eventually } from '../support/eventually.ts';
import { withDatabase } from '../support/mongodb.ts';
import { mongodbServers } from '../support/mongodb-server.ts';
import { type ProtocolClient, protocolClient, tokensOf } from '../support/protocol-client.ts';
import { redisForTests, whyNoRedis } from '../support/redis.ts';
import { CALLBACK } from '../support/relying-party.ts';
import { createServers, type Prepared, type Servers } from '../support/servers.ts';
import { ORIGIN } from '../support/start-server.ts';
import { settingsFor } from '../support/stores.ts';

const mongodb = await mongodbServers();
const missing = 'missing' in mongodb ? mongodb.missing : whyNoRedis();

const ROUNDS = 2;
const WRITERS = 3;
const APPLICATIONS = 40;

/** A refresh token and the client it is for. Each family has a client of its own: they would share a grant otherwise, and end together. */
interface Refresh {
  readonly client: ProtocolClient;
  readonly token: unknown;
}

const refresh = ({ client, token }: Refresh) => client.refresh(token);

/** Rotates two families in turn until the store is away: the last request may have been carried out or not, the other family is sure. */
async function rotate([one, other]: readonly [Refresh, Refresh]) {
  const used: Refresh[] = [];
  for (let [next, sure] = [one, other]; ; ) {
    const { status, text, json } = await refresh(next);
    if (status !== 200) {
      assert.equal(status, 503, text);
      return { used, unsure: next, sure };
    }
    used.push(next);
    [next, sure] = [sure, { ...next, token: json.refresh_token }];
  }
}

/** Goes from one new application to the next, each of which asks for consent, until the store is away. @param given the ones that were told of it */
async function consent(unused: ProtocolClient[], browser: CookieBrowser, given: ProtocolClient[]): Promise<void> {
  for (let client = unused.pop(); client; client = unused.pop()) {
    const page = await client.request(browser);
    const next = page.status === 200 ? await browser.submit(page, '/consent', { decision: 'allow' }) : page;
    if (next.status === 503) return;
    assert.ok(next.url.includes('code='), `${next.status} ${next.html}`);
    given.push(client);
  }
  assert.fail('the server was not killed before there was consent to everything');
}

async function addApplications(servers: Servers, { account: { tenantId } }: Prepared) {
  await using house = await servers.openHouse();
  const metadata = { client_name: 'One of many', redirect_uris: [CALLBACK] };
  return await Promise.all(times(APPLICATIONS, () => house.clients.create({ tenantId, type: 'web', metadata }, ORIGIN)));
}

describe('[security 110] kill -9 of MongoDB', { skip: missing ?? false }, () => {
  it('loses no refresh and no consent that was acknowledged, takes no token twice, and needs no restart of the server', async () => {
    assert.ok('start' in mongodb);
    await using database = await mongodb.start();
    const settings = settingsFor(withDatabase(database.uri, 'gatehouse'), await redisForTests());
    await using servers = await createServers(1, { ...settings, GATEHOUSE_STORAGE__MONGODB__TIMEOUT_MS: '1000' });
    const prepared = await servers.prepare();
    const added = await addApplications(servers, prepared);
    await using server = await servers.start();
    const unused = await Promise.all(added.map((issued) => protocolClient(server, issued)));
    const browser = new CookieBrowser();
    const family = async () => {
      const client = unused.pop();
      assert.ok(client);
      return { client, token: (await tokensOf(client, prepared.person, { browser })).refresh_token };
    };

    for (let round = 0; round < ROUNDS; round++) {
      const families: (readonly [Refresh, Refresh])[] = [];
      while (families.length < WRITERS) families.push([await family(), await family()]);
      const given: ProtocolClient[] = [];
      const rotating = Promise.all(families.map(rotate));
      const consenting = consent(unused, browser, given);
      await eventually(async () => given.length >= 2);
      await delay(Math.random() * 50);
      await database.kill();
      const [rotated] = await Promise.all([rotating, consenting]);
      await database.start();
      await untilReady(server);

      for (const each of given) assert.match((await each.request(browser, { prompt: 'none' })).url, /code=/, 'consent was lost');
      assert.ok(rotated.flatMap(({ used }) => used).length >= WRITERS, 'hardly anything was refreshed');
      for (const { used, unsure, sure } of rotated) {
        assert.equal((await refresh(sure)).status, 200, 'a refresh was lost');
        const { status } = await refresh(unsure);
        assert.ok(status === 200 || status === 400, `status ${status}`);
        // The newest first: one that is refused ends its family.
        for (const token of [...used.reverse(), sure, unsure])
          assert.equal((await refresh(token)).json.error, 'invalid_grant', 'a token was taken twice');
      }
    }
  });
});
