import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import type { Account } from '../../../src/domain/accounts/account.ts';
import { HOUSE_TOKEN_KINDS, type HouseToken } from '../../../src/domain/tokens/house-token.ts';
import { call, MANY_ADDRESSES } from '../../support/rest-client.ts';
import { slowDown } from '../../support/slow-storage.ts';
import { ORIGIN, PASSWORD, startServer, type TestServer } from '../../support/start-server.ts';
import { issueEveryKind } from '../../support/token-kinds.ts';

const ROUNDS = 10;

/** Every call to the store takes its time, so that what happens at once does overlap. */
describe('tokens that are made and ended at the same time', () => {
  let server: TestServer;
  before(async () => {
    server = await startServer(MANY_ADDRESSES);
    slowDown(server.house.storage);
  });
  after(() => server[Symbol.asyncDispose]());

  async function bearerOf(account: Account): Promise<HouseToken> {
    const { SessionToken } = await issueEveryKind(server.house, account);
    return (await server.house.houseTokens.find('SessionToken', SessionToken)) ?? assert.fail();
  }

  const inAMinute = () => new Date(server.clock.now().getTime() + 60_000);
  const left = async ({ id }: Account) =>
    (await Promise.all(HOUSE_TOKEN_KINDS.map((kind) => server.house.houseTokens.list(id, kind)))).flat().map(({ kind }) => kind);

  it('nothing that is signed in for or made survives the account’s being disabled', async () => {
    for (let round = 0; round < ROUNDS; round++) {
      const account = await server.addAccount();
      const bearer = await bearerOf(account);
      const { email } = account;
      const wish = { name: 'Late', expiresAt: inAMinute() };
      await Promise.allSettled([
        call(server, { path: '/api/v1/auth/token', body: { email, password: PASSWORD } }),
        call(server, { path: '/api/v1/auth/login', body: { email, password: PASSWORD } }),
        call(server, { path: '/api/login', body: { username: email, password: PASSWORD } }),
        call(server, { path: '/authenticate/signin', body: { Username: email, Password: PASSWORD, KeepLoggedIn: true } }),
        server.house.privateTokens.create({ account, bearer }, wish, ORIGIN),
        server.house.accounts.setDisabled(account, true, ORIGIN),
      ]);
      assert.deepEqual(await left(account), []);
    }
  });

  it('no private token is made with a bearer token that was ended when its account was read anew', async () => {
    const account = await server.addAccount();
    const bearer = await bearerOf(account);
    const off = await server.house.accounts.setDisabled(account, true, ORIGIN);
    const current = await server.house.accounts.setDisabled(off, false, ORIGIN);
    const made = await server.house.privateTokens.create({ account: current, bearer }, { name: 'Late', expiresAt: inAMinute() }, ORIGIN);
    assert.equal(made, undefined);
    assert.deepEqual(await left(account), []);
  });

  it('one of several rotations at once is the last, and none survives a revocation', async () => {
    for (let round = 0; round < ROUNDS; round++) {
      const account = await server.addAccount();
      const owner = { account, bearer: undefined };
      const { privateTokens, houseTokens, tokens } = server.house;
      const made = (await privateTokens.create(owner, { name: 'Busy', expiresAt: inAMinute() }, ORIGIN)) ?? assert.fail();
      const { id } = made.token;
      const rotate = () => privateTokens.rotate(owner, id, ORIGIN).catch(() => undefined);
      const rotated = (await Promise.all([rotate(), rotate(), rotate(), rotate()])).filter((each) => each !== undefined);
      const good = await Promise.all(rotated.map(({ value }) => houseTokens.find('PrivateToken', value)));
      assert.equal(good.filter(Boolean).length, 1);
      assert.equal(await houseTokens.find('PrivateToken', made.value), undefined);

      const entry = (await tokens.find(id)) ?? assert.fail();
      const end = round % 2 ? tokens.end(entry, ORIGIN) : privateTokens.remove(account, id, ORIGIN);
      await Promise.all([rotate(), rotate(), end, rotate()]);
      assert.deepEqual(await left(account), []);
    }
  });
});
