import { writeFile } from 'node:fs/promises';
import { parseArgs } from 'node:util';
import { loadConfig } from '../src/config/load-config.ts';
import { storesForTests } from '../test/support/stores.ts';
import { pinSelf, planCores } from './cores.ts';
import type { Sizes } from './measure.ts';
import { toMarkdown } from './report.ts';
import { runBench } from './run-bench.ts';
import { BARE, ECHO, fullGatehouse, gatehouse, type Target } from './targets.ts';

/** `npm run bench -- [--quick] [--json FILE]`. Needs Linux, whose taskset and /proc it uses, and two cores. */
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
async function choose({ quick }: { quick: boolean }): Promise<readonly Target[]> {
  const stores = await storesForTests();
  const [embedded] = stores;
  if (quick) return [ECHO, BARE, ...(embedded ? [gatehouse(embedded, 1)] : [])];
  const { config } = await loadConfig({ env: {}, cwd: process.cwd() });
  const workers = 'workers' in config.server ? [1, 2] : [1];
  return [
    ECHO,
    BARE,
    ...stores.flatMap((store) => [...workers.map((count) => gatehouse(store, count)), fullGatehouse(store, FULL.liveTokens)]),
  ];
}

const { values } = parseArgs({ options: { quick: { type: 'boolean', default: false }, json: { type: 'string' } } });
// An end by signal is an exit too, and takes the servers along.
for (const signal of ['SIGTERM', 'SIGINT'] as const) process.once(signal, () => process.exit(1));
const cores = planCores();
pinSelf(cores.load);
const report = await runBench({
  targets: await choose(values),
  sizes: values.quick ? QUICK : FULL,
  cores,
  progress: (line) => console.error(line),
});
console.log(toMarkdown(report));
if (values.json !== undefined) await writeFile(values.json, `${JSON.stringify(report, undefined, 2)}\n`);
if (report.rows.some(({ rounds }) => rounds === 0)) process.exitCode = 1;
