import assert from 'node:assert/strict';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { Redis } from 'ioredis';
import mongoose from 'mongoose';
import type { House } from '../../src/compose.ts';
import { newTotpSecret } from '../../src/domain/mfa/totp.ts';
import { randomToken } from '../../src/lib/random.ts';
import { codeAt, toNextStep } from '../support/authenticator.ts';
import { CookieBrowser } from '../support/cookie-browser.ts';
import { protocolClient } from '../support/protocol-client.ts';
import { authorizationRequest, CALLBACK } from '../support/relying-party.ts';
import { ORIGIN, PASSWORD, startServer } from '../support/start-server.ts';
import { storesForTests } from '../support/stores.ts';
import { issueEveryKind } from '../support/token-kinds.ts';

/** Everything that the stores of the server hold, in pieces with a name, so that a finding can be told. */
async function atRest({ config }: House): Promise<ReadonlyMap<string, Buffer>> {
  const pieces = new Map<string, Buffer>();
  const { storage, data_dir: folder } = config;
  if (storage.kind === 'sqlite') {
    for (const name of await readdir(folder)) if (name !== 'master.key') pieces.set(name, await readFile(join(folder, name)));
    return pieces;
  }
  const client = await new mongoose.mongo.MongoClient(storage.mongodb.uri).connect();
  for (const { collectionName } of await client.db().collections())
    pieces.set(collectionName, Buffer.from(JSON.stringify(await client.db().collection(collectionName).find().toArray())));
  await client.close();
  const [node = ''] = storage.redis.nodes;
  const redis = new Redis(`redis://${node}`);
  for (const key of await redis.keys(`${storage.redis.key_prefix}*`)) {
    const type = await redis.type(key);
    const value =
      type === 'hash'
        ? await redis.hgetall(key)
        : type === 'zset'
          ? await redis.zrange(key, '0', '-1')
          : type === 'string'
            ? await redis.get(key)
            : type;
    pieces.set(key, Buffer.from(`${key} ${JSON.stringify(value)}`));
  }
  redis.disconnect();
  return pieces;
}

for (const store of await storesForTests())
  describe(`what lies in ${store.name}`, { skip: store.missing ?? false }, () => {
    it('[security 106] holds no secret that could be used as it is', async () => {
      await using server = await startServer(await store.fresh());
      const client = await protocolClient(server, await server.addClient('web', { redirect_uris: [CALLBACK] }));
      const account = await server.addAccount();
      const totp = newTotpSecret();
      const outcome = await server.house.mfa.enrol(account, totp, await codeAt(server, totp), ORIGIN);
      const [recovery] = 'codes' in outcome ? outcome.codes : assert.fail(outcome.kind);
      toNextStep(server);
      const link = await server.house.accounts.createPasswordLink(account, ORIGIN);
      const browser = new CookieBrowser();
      const request = await authorizationRequest(client.config);
      let page = await browser.open(request.url);
      page = await browser.submit(page, '/password', { identifier: account.email, password: PASSWORD });
      page = await browser.submit(page, '/totp', { code: await codeAt(server, totp) });
      const session = browser.cookies.get('gatehouse_session|/')?.value;
      const interaction = new URL(page.url).pathname.split('/').at(-1);
      page = await browser.submit(page, '/consent', { decision: 'allow' });
      const code = new URL(page.url).searchParams.get('code');
      const tokens = (await client.exchange({ code: code ?? '', request, callback: new URL(page.url) })).json;
      const admin = await server.addAccount({ role: 'admin' });
      const enrolling = new CookieBrowser();
      const offer = await enrolling.submit(await client.request(enrolling), '/password', { identifier: admin.email, password: PASSWORD });
      const offered = /id="key"[^>]*>([A-Z2-7 ]+)</.exec(offer.html)?.[1]?.replaceAll(' ', '');
      const providerSecret = randomToken();
      const provider = { id: 'corp', preset: 'google', client_id: 'us', client_secret: providerSecret } as const;
      await server.house.providers.create(provider, ORIGIN);
      const signingKeys = await server.house.keys.load(ORIGIN);

      const secrets: Record<string, unknown> = {
        password: PASSWORD,
        'client secret': client.issued.secret,
        'client secret at a provider': providerSecret,
        'TOTP secret': totp,
        'TOTP secret on offer': offered,
        'recovery code': recovery,
        'password link': link,
        'session id': session,
        'later session id': browser.cookies.get('gatehouse_session|/')?.value,
        'interaction id': interaction,
        code,
        'refresh token': tokens.refresh_token,
        'access token': String(tokens.access_token).split('.')[2],
        ...Object.fromEntries(Object.entries(await issueEveryKind(server.house, account)).map(([kind, value]) => [kind, value.slice(-43)])),
        ...Object.fromEntries(signingKeys.map(({ d, alg }) => [`private key ${alg}`, d])),
      };
      const pieces = await atRest(server.house);
      for (const [what, secret] of Object.entries(secrets)) {
        assert.ok(typeof secret === 'string' && secret.length >= 20, what);
        for (const [name, bytes] of pieces) assert.ok(!bytes.includes(secret), `${what} in ${name}`);
      }
      const all = Buffer.concat([...pieces.values()]);
      for (const there of [account.email, account.id, client.issued.client.id])
        assert.ok(all.includes(there), 'the search finds what is there');
    });
  });
