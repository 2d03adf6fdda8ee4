import { setTimeout as delay } from 'node:timers/promises';
import type { Storage } from '../../src/storage/storage.ts';
import type { Answer, Reply, Request } from './contestant.ts';
import { times } from './harness.ts';
import { races } from './races.ts';

/** The other process of the race suites: `race-worker.ts OPENER NAME`. It does not outlive its parent. */
const [opener = '', contestant = ''] = process.argv.slice(2);
const { openAt }: { openAt(location: string): Promise<Storage> } = await import(opener);
let storage: Storage | undefined;

process.on('message', async (request: Request) => {
  try {
    reply({ answers: await handle(request) });
  } catch (error) {
    reply({ error: error instanceof Error ? `${error.stack}` : String(error) });
  }
});
process.once('disconnect', () => process.exit());
reply({ answers: [] });

async function handle(request: Request): Promise<readonly (readonly Answer[])[]> {
  switch (request.type) {
    case 'open':
      await until(request.at);
      storage = await openAt(request.location);
      return [];
    case 'race':
      await until(request.at);
      return race(request.race, request.rounds, request.calls);
    case 'close':
      await storage?.[Symbol.asyncDispose]();
      return [];
  }
}

async function race(name: keyof typeof races, rounds: number, calls: number): Promise<Answer[][]> {
  const open = storage;
  if (open === undefined) throw new Error('no store is open');
  const answers: Answer[][] = [];
  for (let round = 0; round < rounds; round += 1) {
    const turns = times(calls, (n) => races[name]({ storage: open, round, name: `${contestant}-${round}-${n}` }));
    answers.push(await Promise.all(turns));
  }
  return answers;
}

/** The last milliseconds are spent spinning: a timer is too coarse for two processes to begin together. */
async function until(at: number): Promise<void> {
  await delay(Math.max(0, at - Date.now() - 5));
  while (Date.now() < at);
}

function reply(message: Reply): void {
  process.send?.(message);
}
