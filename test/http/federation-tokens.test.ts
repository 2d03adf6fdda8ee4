import assert from 'node:assert/strict';
import { after, before, describe, it, mock } from 'node:test';
import { openTokens } from '../../src/domain/federation/kept-tokens.ts';
import { eventually } from '../support/eventually.ts';
import { type Neighbours, signInBy, startNeighbours, traveller } from '../support/neighbours.ts';
import { ORIGIN } from '../support/start-server.ts';

const FOREVER = new Date('2100-01-01T00:00:00Z');

describe('the tokens that another provider gives at a sign-in', () => {
  let neighbours: Neighbours;
  before(async () => {
    mock.timers.enable({ apis: ['setInterval'] });
    neighbours = await startNeighbours({ GATEHOUSE_MFA__REQUIRED_ROLES: '[]' });
    await neighbours.addProvider({ id: 'keeps', creation: 'everybody', keeps_tokens: true, scopes: ['openid', 'email', 'offline_access'] });
    await neighbours.addProvider({ id: 'forgets', creation: 'everybody' });
  });
  after(async () => {
    await neighbours[Symbol.asyncDispose]();
    mock.timers.reset();
  });

  const kept = async () => {
    const { keyring, storage } = neighbours.here.house;
    return (await storage.upstreamTokens.due(FOREVER, 9)).map(({ identity, tokens }) => openTokens(identity.id, tokens, keyring));
  };
  /** What everybody does of their own accord. */
  const aMinutePasses = () => mock.timers.tick(60_000);

  it('are kept where that is set, refreshed there in time, and their end ends what began with them', async () => {
    const { here, there, client } = neighbours;
    await signInBy(neighbours, 'forgets', await there.addAccount());
    assert.deepEqual(await kept(), []);

    const person = await there.addAccount();
    const browsers = traveller();
    await signInBy(neighbours, 'keeps', person, browsers);
    const isSignedIn = async () =>
      new URL((await client.request(browsers.here, { scope: 'openid', prompt: 'none' })).url).searchParams.get('error') !==
      'login_required';
    const [first] = await kept();
    assert.ok(first?.refreshToken, 'it was asked for one');
    assert.ok(await isSignedIn());

    for (const server of [here, there]) server.clock.advance(6 * 60);
    aMinutePasses();
    await eventually(async () => (await kept())[0]?.refreshToken !== first.refreshToken);
    assert.ok(await isSignedIn());

    await there.house.accounts.setDisabled(person, true, ORIGIN);
    for (const server of [here, there]) server.clock.advance(6 * 60);
    aMinutePasses();
    await eventually(async () => (await kept()).length === 0);
    assert.equal(await isSignedIn(), false);
    const log = JSON.stringify(await here.house.storage.audit.list({ limit: 1000 }));
    assert.match(log, /"federation\.refresh_refused"/);
    for (const token of [first.accessToken, first.refreshToken]) assert.ok(!log.includes(token));
  });
});
