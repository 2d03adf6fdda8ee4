import { cpuSeconds } from './cores.ts';
import { type Caller, closedLoop, fixedRate, type Round } from './load.ts';
import { startLoginStorm } from './login-storm.ts';
import { CLIENT_CREDENTIALS, type Scenario } from './scenarios.ts';
import type { Preparation, RunningTarget, Target } from './targets.ts';

/** How much is measured. Durations in seconds. */
export interface Sizes extends Preparation {
  readonly rounds: number;
  readonly seconds: number;
  readonly warmUp: number;
  readonly stormSeconds: number;
  readonly stormRounds: number;
  /** Tokens a second while the p99 is taken. */
  readonly stormRate: number;
}

/** Medians of the rounds that counted. */
export interface Row {
  readonly scenario: string;
  readonly target: string;
  readonly stored: string;
  readonly sharedWithLoad: boolean;
  readonly perSecond: number;
  /** Of the server, all its threads and processes, for one request. */
  readonly cpuMicroseconds: number;
  readonly p50Milliseconds: number;
  readonly p99Milliseconds: number;
  /** What the load cost, for one request. */
  readonly loadMicroseconds: number;
  readonly rounds: number;
  /** Why rounds were voided: the first wrong answer of each. */
  readonly voided: readonly string[];
}

export interface Contestant {
  readonly target: Target;
  readonly running: RunningTarget;
}

type Sample = Pick<Row, 'perSecond' | 'cpuMicroseconds' | 'p50Milliseconds' | 'p99Milliseconds' | 'loadMicroseconds'>;

/** Round robin over the targets, so that what disturbs the machine disturbs all alike. */
export async function measureScenario(scenario: Scenario, contestants: readonly Contestant[], sizes: Sizes): Promise<readonly Row[]> {
  const lanes = contestants
    .filter(({ target }) => target.scenarios === undefined || target.scenarios.includes(scenario.name))
    .map(({ target, running }) => ({
      target,
      running,
      callers: target.callers(scenario, running.fixture, sizes.connections),
      samples: [] as Sample[],
      voided: [] as string[],
    }));
  for (const lane of lanes) await sample(lane, sizes.warmUp).catch((error: unknown) => lane.voided.push(`warm-up: ${messageOf(error)}`));
  for (let round = 0; round < sizes.rounds; round++)
    for (const lane of lanes)
      await sample(lane, sizes.seconds).then(
        (taken) => lane.samples.push(taken),
        (error: unknown) => lane.voided.push(messageOf(error)),
      );
  return lanes.map(({ target, running, samples, voided }) => ({
    scenario: scenario.name,
    target: target.name,
    stored: scenario.stored,
    sharedWithLoad: running.sharedWithLoad,
    ...medians(samples),
    rounds: samples.length,
    voided,
  }));
}

async function sample({ running, callers }: { running: RunningTarget; callers: readonly Caller[] }, seconds: number): Promise<Sample> {
  const before = cpuSeconds(running.pid);
  const round = await closedLoop(running.fixture.origin, callers, seconds);
  return { ...toSample(round), cpuMicroseconds: ((cpuSeconds(running.pid) - before) / round.requests) * 1e6 };
}

const toSample = ({ requests, seconds, latency, loadCpu }: Round): Omit<Sample, 'cpuMicroseconds'> => ({
  perSecond: requests / seconds,
  p50Milliseconds: latency.percentile(50) / 1000,
  p99Milliseconds: latency.percentile(99) / 1000,
  loadMicroseconds: (loadCpu / requests) * 1e6,
});

function medians(samples: readonly Sample[]): Sample {
  const of = (field: keyof Sample) => median(samples.map((each) => each[field]));
  return {
    perSecond: of('perSecond'),
    cpuMicroseconds: of('cpuMicroseconds'),
    p50Milliseconds: of('p50Milliseconds'),
    p99Milliseconds: of('p99Milliseconds'),
    loadMicroseconds: of('loadMicroseconds'),
  };
}

/** NaN of nothing. */
export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  return ((sorted[Math.floor((sorted.length - 1) / 2)] ?? Number.NaN) + (sorted[Math.ceil((sorted.length - 1) / 2)] ?? Number.NaN)) / 2;
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

/** Token latency at a fixed rate, idle and while people sign in. */
export interface StormRow {
  readonly target: string;
  readonly ratePerSecond: number;
  readonly idle: { readonly p50Milliseconds: number; readonly p99Milliseconds: number };
  readonly storm: { readonly p50Milliseconds: number; readonly p99Milliseconds: number; readonly loginsPerSecond: number };
}

/** @throws when a token or a sign-in fails */
export async function measureStorm({ target, running }: Contestant, sizes: Sizes): Promise<StormRow | undefined> {
  const { prepared, fixture } = running;
  const [caller] = CLIENT_CREDENTIALS.callers(fixture, 1);
  if (!prepared || !caller) return undefined;
  const rate = { perSecond: sizes.stormRate, seconds: sizes.stormSeconds };
  const idle: Round[] = [];
  const storm: Round[] = [];
  let logins = 0;
  let stormed = 0;
  await fixedRate(fixture.origin, caller, { ...rate, seconds: sizes.warmUp });
  for (let round = 0; round < sizes.stormRounds; round++) {
    idle.push(await fixedRate(fixture.origin, caller, rate));
    const started = performance.now();
    const signingIn = await startLoginStorm(prepared);
    storm.push(await fixedRate(fixture.origin, caller, rate));
    logins += await signingIn.end();
    stormed += (performance.now() - started) / 1000;
  }
  const percentile = (rounds: readonly Round[], at: number) => median(rounds.map(({ latency }) => latency.percentile(at) / 1000));
  return {
    target: target.name,
    ratePerSecond: sizes.stormRate,
    idle: { p50Milliseconds: percentile(idle, 50), p99Milliseconds: percentile(idle, 99) },
    storm: { p50Milliseconds: percentile(storm, 50), p99Milliseconds: percentile(storm, 99), loginsPerSecond: logins / stormed },
  };
}
