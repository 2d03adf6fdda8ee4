import { readFile, writeFile } from 'node:fs/promises';
import { parseArgs } from 'node:util';
import { pinSelf, planCores } from './cores.ts';
import type { Sizes } from './measure.ts';
import { toMarkdown } from './report.ts';
import { runBench } from './run-bench.ts';
import { productionStore, SQLITE } from './stores.ts';
import { BARE, ECHO, fullGatehouse, gatehouse, type Target } from './targets.ts';

/**
 * `npm run bench -- [--quick] [--json FILE] [--docs]`; --docs puts the tables into docs/performance.md.
 * Needs Linux, whose taskset and /proc it uses, and two cores.
 */
const FULL: Sizes = {
  rounds: 5,
  seconds: 3,
  warmUp: 1,
  connections: 32,
  people: 20,
  accessTokens: 64,
  liveTokens: 100_000,
  stormRounds: 3,
  stormSeconds: 8,
  stormRate: 200,
};

const QUICK: Sizes = { ...FULL, rounds: 3, seconds: 0.5, warmUp: 0.5, stormRounds: 1, stormSeconds: 3 };

/** Quick is the embedded store with one process; all is every store there is, with one process and two, and with many tokens in it. */
async function choose({ quick }: { quick: boolean }, made: AsyncDisposableStack): Promise<readonly Target[]> {
  if (quick) return [ECHO, BARE, gatehouse(SQLITE, 1)];
  const production = await productionStore(made);
  if (typeof production === 'string') console.error(`without MongoDB and Redis: ${production}`);
  const stores = typeof production === 'string' ? [SQLITE] : [SQLITE, production];
  return [ECHO, BARE, ...stores.flatMap((store) => [gatehouse(store, 1), gatehouse(store, 2), fullGatehouse(store, FULL.liveTokens)])];
}

/** What stands between the marks is written by this program. */
async function writeIntoDocs(tables: string): Promise<void> {
  const file = new URL('../docs/performance.md', import.meta.url);
  const [before, , after] = (await readFile(file, 'utf8')).split(/(?<=<!-- results -->\n)([\s\S]*)(?=<!-- end of results -->)/);
  if (after === undefined) throw new Error('docs/performance.md has lost the marks between which the results stand');
  await writeFile(file, `${before}\n${tables}\n\n${after}`);
}

const { values } = parseArgs({
  options: { quick: { type: 'boolean', default: false }, json: { type: 'string' }, docs: { type: 'boolean', default: false } },
});
// An end by signal is an exit too, and takes the servers along.
for (const signal of ['SIGTERM', 'SIGINT'] as const) process.once(signal, () => process.exit(1));
const cores = planCores();
pinSelf(cores.load);
await using made = new AsyncDisposableStack();
const report = await runBench({
  targets: await choose(values, made),
  sizes: values.quick ? QUICK : FULL,
  cores,
  progress: (line) => console.error(line),
});
const tables = toMarkdown(report);
console.log(tables);
if (values.docs) await writeIntoDocs(tables);
if (values.json !== undefined) await writeFile(values.json, `${JSON.stringify(report, undefined, 2)}\n`);
if (report.rows.some(({ rounds }) => rounds === 0)) process.exitCode = 1;
