import { readFileSync } from 'node:fs';
import { isAbsolute } from 'node:path';
import { type Environment, readVariable } from './environment.ts';

const FILE = 'file:';
const VARIABLE = /\$\{([^}]*)\}/g;

/** A text has no value: what it refers to is missing, or it is malformed. The message is the problem of a fault, `mend` its way out. */
export class UnreadableValueError extends Error {
  override readonly name = 'UnreadableValueError';
  readonly mend: string;

  constructor(problem: string, options: { mend: string; cause?: unknown }) {
    super(problem, { cause: options.cause });
    this.mend = options.mend;
  }
}

export function hasReference(text: string): boolean {
  return text.startsWith(FILE) || text.search(VARIABLE) >= 0;
}

export function isWholeVariable(text: string): boolean {
  return /^\$\{[^}]*\}$/.test(text);
}

/**
 * Puts in what `${NAME}` and `file:/path` refer to. What they yield is not looked into again.
 * @throws UnreadableValueError
 */
export function resolveReferences(text: string, env: Environment): string {
  const resolved = text.replace(VARIABLE, (reference, name: string) => variable(reference, name, env));
  return text.startsWith(FILE) ? contentOf(resolved.slice(FILE.length)) : resolved;
}

function variable(reference: string, name: string, env: Environment): string {
  if (!/^[A-Za-z_][A-Za-z0-9_]*$/.test(name)) {
    throw new UnreadableValueError(`It refers to ${reference}, which is no name of a variable.`, {
      mend: 'Write the name alone between the braces, without a default.',
    });
  }
  const value = readVariable(env, name);
  if (value !== undefined) return value;
  throw new UnreadableValueError(`It refers to ${reference}, and ${name} is not set in the environment.`, {
    mend: `Set ${name}, or write the value itself.`,
  });
}

function contentOf(file: string): string {
  if (!isAbsolute(file)) {
    throw new UnreadableValueError(`It refers to the file ${JSON.stringify(file)}, which is not an absolute path.`, {
      mend: 'Write the whole path, like file:/run/secrets/name.',
    });
  }
  try {
    return readFileSync(file, 'utf8').replace(/\r?\n$/, '');
  } catch (cause) {
    const problem = `It refers to the file ${file}, which ${whyUnreadable(cause)}.`;
    throw new UnreadableValueError(problem, { mend: 'Put the file there for this user to read, or correct the path.', cause });
  }
}

/** Ends a sentence that begins with the name of a file. */
export function whyUnreadable(error: unknown): string {
  const code = error instanceof Error && 'code' in error ? error.code : undefined;
  if (code === 'ENOENT' || code === 'ENOTDIR') return 'does not exist';
  if (code === 'EACCES' || code === 'EPERM') return 'this user may not read';
  if (code === 'EISDIR') return 'is a folder';
  return `cannot be read (${String(code ?? error)})`;
}
