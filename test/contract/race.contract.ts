import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import type { Storage } from '../../src/storage/storage.ts';
import { type Answer, type Contestants, startContestants } from './contestant.ts';
import { times, winners } from './harness.ts';
import { prepareRaces, type RaceName } from './races.ts';
import { sampleAccount, sampleClient, sampleProvider, seedPeople } from './samples.ts';

/** A store that other processes can open too. */
export interface Arena extends AsyncDisposable {
  readonly storage: Storage;
  /** A module with `openAt(location)`. */
  readonly opener: URL;
  readonly location: string;
}

const ROUNDS = 10;
const CALLS = 8;
const PROCESSES = 2;
const TOTAL = ROUNDS * CALLS * PROCESSES;

/** What a driver that answers within one turn of the event loop cannot show: two processes that want the same thing at once. */
export function raceContract(name: string, open: () => Promise<Arena>): void {
  describe(`${name}: two processes at once`, () => {
    let arena: Arena;
    let contestants: Contestants;

    before(async () => {
      arena = await open();
      await seedPeople(arena.storage);
      await prepareRaces(arena.storage, ROUNDS);
      contestants = await startContestants(PROCESSES, arena.opener);
      await contestants.ask({ type: 'open', location: arena.location, at: 0 });
    });

    after(async () => {
      await contestants?.[Symbol.asyncDispose]();
      await arena?.[Symbol.asyncDispose]();
    });

    /** The answers of both processes, by round. */
    const run = async (race: RaceName): Promise<readonly (readonly Answer[])[]> => {
      const at = Date.now() + 30;
      const request = { type: 'race', race, rounds: ROUNDS, calls: CALLS, at } as const;
      const answers = await contestants.ask(request);
      return times(ROUNDS, (round) => answers.flatMap((ofOne) => ofOne[round] ?? []));
    };

    // Security checklist 22, 26, 32, 83, 88, 89.
    const singleUse: readonly RaceName[] = [
      'consume',
      'putOnce',
      'putOnceOverExpired',
      'enrol',
      'acceptStep',
      'useRecoveryCode',
      'takeLink',
      'removeChallenge',
      'createAccount',
      'linkIdentity',
      'swapTokens',
      'unlinkIdentity',
    ];
    for (const race of singleUse) {
      it(`${race}: one winner in each round`, async () => {
        for (const answers of await run(race)) assert.equal(winners(answers.map((answer) => answer === true)), 1);
      });
    }

    it('addKey: one active key for each algorithm', async () => {
      assert.equal(winners((await run('addKey')).flat().map((answer) => answer === true)), 2);
      assert.deepEqual((await arena.storage.keys.list()).map((key) => key.alg).sort(), ['ES256', 'RS256']);
    });

    it('hit: every hit counted, the limit allowed', async () => {
      for (const answers of await run('hit')) {
        const counts = answers.map(Number).sort((a, b) => Math.abs(a) - Math.abs(b));
        assert.deepEqual(
          counts,
          times(CALLS * PROCESSES, (n) => (n < 5 ? n + 1 : -n - 1)),
        );
      }
    });

    it('countTry: every try counted', async () => {
      for (const answers of await run('countTry')) assert.deepEqual(new Set(answers), new Set(times(CALLS * PROCESSES, (n) => n + 1)));
    });

    it('updateAccount, updateClient, updateProvider: every update applied', async () => {
      const { tenantId, id, credentialVersion } = sampleAccount();
      assert.equal(new Set((await run('updateAccount')).flat()).size, TOTAL);
      assert.equal((await arena.storage.accounts.find(tenantId, id))?.credentialVersion, credentialVersion + TOTAL);
      await run('updateClient');
      assert.equal(new Set((await arena.storage.clients.find(sampleClient().id))?.scopes).size, TOTAL);
      await run('updateProvider');
      assert.equal(new Set((await arena.storage.providers.find(sampleProvider().id))?.scopes).size, TOTAL);
    });

    it('putMembers: every member kept', async () => {
      await run('putMembers');
      const members = (await arena.storage.artifacts.find('Session', 'session'))?.members;
      assert.equal(Object.keys(members?.entries ?? {}).length, TOTAL);
    });

    it('audit: every entry kept, each with a number of its own', async () => {
      await run('audit');
      const events = await arena.storage.audit.list({ limit: 1000 });
      assert.equal(new Set(events.map((event) => event.requestId)).size, TOTAL);
      assert.equal(new Set(events.map((event) => event.sequence)).size, TOTAL);
    });
  });
}
