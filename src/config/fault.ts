import { OperatorError } from '../lib/operator-error.ts';

/** One thing that is wrong with the configuration. */
export interface Fault {
  /** The key, like `server.port`; a variable or a file where the fault is not in a key. */
  readonly path: string;
  /** Where the value came from; undefined when nobody set it. */
  readonly source?: string | undefined;
  /** What is wrong, one sentence. Never holds a secret. */
  readonly problem: string;
  /** What to do about it, one sentence. */
  readonly mend: string;
}

/** Thrown with every fault there is, so that nobody has to start again and again to find the next one. */
export class ConfigError extends OperatorError {
  override readonly name = 'ConfigError';
  readonly code = 'invalid_configuration';
  readonly faults: readonly Fault[];

  constructor(faults: readonly Fault[], options?: { cause: unknown }) {
    super(describeFaults(faults), options);
    this.faults = faults;
  }
}

function describeFaults(faults: readonly Fault[]): string {
  const count = faults.length === 1 ? 'a fault' : `${faults.length} faults`;
  const blocks = faults.map(({ path, source, problem, mend }) => `  ${path}${source ? ` (${source})` : ''}\n    ${problem}\n    ${mend}`);
  return [`The configuration has ${count}.`, ...blocks].join('\n\n');
}
