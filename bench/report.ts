import { cpus } from 'node:os';
import { median, type Row, type Sizes, type StormRow } from './measure.ts';
import { BARE, ECHO } from './targets.ts';

export interface Report {
  readonly machine: { readonly processor: string; readonly cores: number; readonly node: string; readonly system: string };
  readonly takenAt: string;
  readonly sizes: Sizes;
  readonly rows: readonly RatedRow[];
  readonly storm: readonly StormRow[];
}

interface RatedRow extends Row {
  /** CPU time and throughput of the reference in the same scenario, over this row's: more is better, 1 is alike. */
  readonly ofBare: Rating | undefined;
  readonly ofEcho: Rating | undefined;
}

interface Rating {
  readonly perSecond: number;
  readonly cpu: number;
}

export function toReport({ rows, storm, sizes, at }: { rows: readonly Row[]; storm: readonly StormRow[]; sizes: Sizes; at: Date }): Report {
  const rate = (row: Row, name: string): Rating | undefined => {
    const reference = rows.find(({ scenario, target }) => scenario === row.scenario && target === name);
    if (!reference) return undefined;
    return { perSecond: row.perSecond / reference.perSecond, cpu: reference.cpuMicroseconds / row.cpuMicroseconds };
  };
  const processors = cpus();
  return {
    machine: {
      processor: processors[0]?.model ?? 'unknown',
      cores: processors.length,
      node: process.version,
      system: `${process.platform} ${process.arch}`,
    },
    takenAt: at.toISOString(),
    sizes,
    rows: rows.map((row) => ({ ...row, ofBare: rate(row, BARE.name), ofEcho: rate(row, ECHO.name) })),
    storm,
  };
}

const number = (value: number, digits = 0) =>
  Number.isNaN(value) ? '-' : value.toLocaleString('en', { minimumFractionDigits: digits, maximumFractionDigits: digits });
const ratio = (rating: Rating | undefined) => (rating ? `${number(rating.perSecond, 2)} / ${number(rating.cpu, 2)}` : '-');

/** As Markdown, so that it can be read in a terminal and pasted into docs/performance.md. */
export function toMarkdown({ machine, takenAt, sizes, rows, storm }: Report): string {
  const scenarios = [...new Set(rows.map(({ scenario }) => scenario))];
  const echo = rows.filter(({ target }) => target === ECHO.name);
  const ceiling = 1e6 / median(echo.map(({ loadMicroseconds }) => loadMicroseconds));
  return [
    `${machine.processor}, ${machine.cores} cores, ${machine.system}, Node ${machine.node}, ${takenAt}`,
    `${sizes.rounds} rounds of ${sizes.seconds} s, ${sizes.connections} connections; medians. Ratios: requests a second / CPU time; 1.00 is alike, more is better.`,
    `The load had a processor's time for ${number(ceiling)} requests a second. \`*\`: the server shared a processor with the load, only its CPU time counts.`,
    ...scenarios.flatMap((name) => tableOf(rows.filter(({ scenario }) => scenario === name))),
    ...stormTable(storm, sizes),
    ...voidedRounds(rows),
  ].join('\n');
}

function tableOf(rows: readonly RatedRow[]): readonly string[] {
  const [first] = rows;
  return [
    '',
    `**${first?.scenario}** (stored: ${first?.stored})`,
    '',
    '| | req/s | CPU µs | x bare | x echo | p50 ms | p99 ms |',
    '|---|---:|---:|---:|---:|---:|---:|',
    ...rows.map((row) => {
      const name = `${row.target}${row.sharedWithLoad ? ' *' : ''}`;
      const cells = [number(row.perSecond), number(row.cpuMicroseconds), ratio(row.ofBare), ratio(row.ofEcho)];
      return `| ${[name, ...cells, number(row.p50Milliseconds, 1), number(row.p99Milliseconds, 1)].join(' | ')} |`;
    }),
  ];
}

function stormTable(storm: readonly StormRow[], sizes: Sizes): readonly string[] {
  if (storm.length === 0) return [];
  return [
    '',
    `**client_credentials while ${sizes.people} people sign in at a time** (bcrypt cost 12)`,
    '',
    '| | tokens/s | idle p50 / p99 ms | storm p50 / p99 ms | p99 storm / idle | logins/s |',
    '|---|---:|---:|---:|---:|---:|',
    ...storm.map(({ target, ratePerSecond, idle, storm: busy }) => {
      const times = ({ p50Milliseconds, p99Milliseconds }: StormRow['idle']) =>
        `${number(p50Milliseconds, 1)} / ${number(p99Milliseconds, 1)}`;
      const growth = number(busy.p99Milliseconds / idle.p99Milliseconds, 2);
      return `| ${[target, number(ratePerSecond), times(idle), times(busy), growth, number(busy.loginsPerSecond, 1)].join(' | ')} |`;
    }),
  ];
}

function voidedRounds(rows: readonly RatedRow[]): readonly string[] {
  const voided = rows.flatMap(({ scenario, target, voided: reasons }) => reasons.map((reason) => `- ${scenario}, ${target}: ${reason}`));
  return voided.length === 0 ? [] : ['', '**Voided rounds**', '', ...voided];
}
