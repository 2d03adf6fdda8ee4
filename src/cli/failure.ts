import type { Command, CommanderError } from 'commander';
import { AlreadyExistsError, DomainError, InvalidValueError, StoreUnavailableError } from '../domain/errors.ts';
import { OperatorError } from '../lib/operator-error.ts';

/** How a command ended that did not do what it was asked. */
export interface Failure {
  /** 1 when the thing failed, 2 when the command line makes no sense. */
  readonly exitCode: 1 | 2;
  /** For scripts: snake_case. */
  readonly error: string;
  /** What happened, then what to do. */
  readonly message: string;
  /** For whoever mends Gatehouse: set when nobody expected this. */
  readonly stack?: string | undefined;
}

/** The command line makes no sense. */
export class UsageError extends Error {
  override readonly name = 'UsageError';

  constructor(message: string, command: Command) {
    super(`${message}\n\`${pathOf(command)} --help\` shows what there is.`);
  }
}

/** What commander has to say about a command line; undefined when it was asked for help or the version and has answered. */
export function readCommanderError(error: CommanderError, command: Command): Error | undefined {
  if (error.exitCode === 0) return undefined;
  if (error.code === 'commander.help') {
    const known = command.commands.map((each) => each.name()).join(', ');
    return new UsageError(`\`${pathOf(command)}\` needs a command: ${known}.`, command);
  }
  const text = error.message.replace(/^error: /, '');
  const sentence = `${text.charAt(0).toUpperCase()}${text.slice(1)}`.replace(/([^.?)])$/, '$1.');
  return error.code === 'commander.invalidArgument' ? new InvalidValueError('argument', sentence) : new UsageError(sentence, command);
}

export function failureOf(error: unknown): Failure {
  if (!(error instanceof Error)) return { exitCode: 1, error: 'internal', message: String(error) };
  if (error instanceof UsageError) return { exitCode: 2, error: 'usage', message: error.message };
  if (error instanceof DomainError) return { exitCode: 1, error: error.code, message: explain(error) };
  if (error instanceof OperatorError) return { exitCode: 1, error: error.code, message: error.message };
  return { exitCode: 1, error: 'internal', message: `Something went wrong inside Gatehouse: ${error.message}`, stack: error.stack };
}

/** Where to look for what has a name already, by the name of the name. */
const LIST_OF: Readonly<Record<string, string>> = { slug: 'tenant', key: 'licence', 'provider id': 'provider' };

function explain(error: DomainError): string {
  if (error instanceof AlreadyExistsError)
    return `${error.message} Give another; \`gatehouse ${LIST_OF[error.field] ?? 'account'} list\` shows who has it.`;
  // Whoever runs this looks after the store, and may know what its driver says.
  if (error instanceof StoreUnavailableError && error.detail) return `${error.message}\n${error.detail}`;
  return error.message;
}

function pathOf(command: Command): string {
  return command.parent ? `${pathOf(command.parent)} ${command.name()}` : command.name();
}
