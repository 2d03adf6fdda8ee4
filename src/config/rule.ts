/** What the rules look at. */
export interface RuleInput {
  /** Undefined where the value was refused already, so that nothing is said twice. */
  readonly value: (path: string) => unknown;
  /** Whether a file or the environment set it. */
  readonly isSet: (path: string) => boolean;
}

export interface Rule {
  readonly path: string;
  /** What is wrong and how to mend it; undefined when all is well. */
  readonly check: (input: RuleInput) => readonly [problem: string, mend: string] | undefined;
}
