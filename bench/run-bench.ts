import type { CorePlan } from './cores.ts';
import { type Contestant, measureScenario, measureStorm, type Row, type Sizes, type StormRow } from './measure.ts';
import { type Report, toReport } from './report.ts';
import { SCENARIOS } from './scenarios.ts';
import type { Target } from './targets.ts';

export interface BenchPlan {
  readonly targets: readonly Target[];
  readonly sizes: Sizes;
  readonly cores: CorePlan;
  /** Told what is being done, a line at a time. */
  readonly progress: (line: string) => void;
}

/** Starts the targets, all of them before anything is measured, measures, and ends them. */
export async function runBench({ targets, sizes, cores, progress }: BenchPlan): Promise<Report> {
  await using started = new AsyncDisposableStack();
  const contestants: Contestant[] = [];
  for (const target of targets) {
    progress(`starting ${target.name}`);
    contestants.push({ target, running: started.use(await target.start(sizes, cores)) });
  }
  const rows: Row[] = [];
  for (const scenario of SCENARIOS) {
    progress(`measuring ${scenario.name}`);
    rows.push(...(await measureScenario(scenario, contestants, sizes)));
  }
  const storm: StormRow[] = [];
  for (const contestant of contestants) {
    // Those with a few scenarios are there for these alone.
    if (contestant.target.scenarios || !contestant.running.prepared) continue;
    progress(`a storm of logins on ${contestant.target.name}`);
    const row = await measureStorm(contestant, sizes);
    if (row) storm.push(row);
  }
  return toReport({ rows, storm, sizes, at: new Date() });
}
