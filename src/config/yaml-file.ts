import { readFile } from 'node:fs/promises';
import { LineCounter, parseDocument } from 'yaml';
import { ConfigError } from './fault.ts';
import { isSection, type Section } from './layers.ts';
import { whyUnreadable } from './references.ts';

/**
 * The values of a YAML 1.2 file; none when it is empty.
 * @throws ConfigError when it cannot be read, or is not YAML with keys at its top
 */
export async function readYamlFile(file: string): Promise<Section> {
  const text = await readFile(file, 'utf8').catch((cause: unknown) => {
    throw fileError(file, `The file ${whyUnreadable(cause)}.`, 'Correct the path that names it, or its permissions.', cause);
  });
  const lines = new LineCounter();
  // prettyErrors would copy lines of the file, secrets included, into the messages.
  const document = parseDocument(text, { lineCounter: lines, prettyErrors: false });
  const problems = [...document.errors, ...document.warnings];
  if (problems.length > 0) {
    throw new ConfigError(
      problems.map((problem) => {
        const { line, col } = lines.linePos(problem.pos[0]);
        return yamlFault(file, `Line ${line}, column ${col} is not valid YAML: ${problem.message}.`);
      }),
    );
  }
  const values = toValues(file, () => document.toJS());
  if (values === null) return {};
  if (!isSection(values)) throw fileError(file, 'The file holds no keys.', 'Write keys and values, like those of config/default.yaml.');
  return values;
}

/** An alias without its anchor, or aliases that multiply into millions of values, come out only here. */
function toValues(file: string, toJs: () => unknown): unknown {
  try {
    return toJs();
  } catch (cause) {
    throw new ConfigError([yamlFault(file, `The file is not valid YAML: ${cause instanceof Error ? cause.message : cause}.`)], { cause });
  }
}

function yamlFault(file: string, problem: string) {
  return {
    path: file,
    problem,
    mend: 'Look there and at the line before for a missing quote, bracket or colon, a tab, or an indentation that does not match.',
  };
}

function fileError(file: string, problem: string, mend: string, cause?: unknown): ConfigError {
  return new ConfigError([{ path: file, problem, mend }], { cause });
}
