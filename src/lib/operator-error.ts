/** Whoever runs this has to act before it can go on. The message says what is wrong and how to mend it, so no stack is shown. */
export abstract class OperatorError extends Error {
  /** For scripts, snake_case. */
  abstract readonly code: string;
}
