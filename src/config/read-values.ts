import type { Environment } from './environment.ts';
import type { Fault } from './fault.ts';
import { isSection, type Section } from './layers.ts';
import { formatPath, type Path } from './path.ts';
import { hasReference, isWholeVariable, resolveReferences, UnreadableValueError } from './references.ts';
import { isNullable, keysOf, type Schema, schemaAt, textKind } from './schema-tree.ts';

export interface Reading {
  readonly env: Environment;
  /** Where the values come from, for the faults. */
  readonly source: string;
  /** Called for a value that cannot be read; it then stays as it is written. */
  readonly report: (fault: Fault) => void;
}

/** The value of an environment variable: its text, turned into what the schema wants. */
export function readVariableText(text: string, schema: Schema, path: Path, reading: Reading): unknown {
  return attempt(text, path, reading, () => {
    const holdsReferencesInside = textKind(schema) === 'json' && !isWholeVariable(text);
    return holdsReferencesInside ? readTree(parseJson(text), schema, path, reading) : convert(resolveReferences(text, reading.env), schema);
  });
}

/** The values of a file: references are resolved, and an empty section is left out, so that it takes nothing away. */
export function readSection(values: Section, schema: Schema, reading: Reading, at: Path = []): Section {
  return Object.fromEntries(
    Object.entries(values).flatMap(([key, value]) => {
      const child = schemaAt(schema, [key]);
      const isEmptySection = value === null && child !== undefined && keysOf(child).length > 0 && !isNullable(child);
      return isEmptySection ? [] : [[key, child ? readTree(value, child, [...at, key], reading) : value]];
    }),
  );
}

function readTree(value: unknown, schema: Schema, path: Path, reading: Reading): unknown {
  if (typeof value === 'string' && hasReference(value)) {
    return attempt(value, path, reading, () => convert(resolveReferences(value, reading.env), schema));
  }
  if (Array.isArray(value)) {
    const item = schemaAt(schema, [0]);
    return item ? value.map((each, index) => readTree(each, item, [...path, index], reading)) : value;
  }
  return isSection(value) ? readSection(value, schema, reading, path) : value;
}

function attempt(text: string, path: Path, reading: Reading, read: () => unknown): unknown {
  try {
    return read();
  } catch (error) {
    if (!(error instanceof UnreadableValueError)) throw error;
    reading.report({ path: formatPath(path), source: reading.source, problem: error.message, mend: error.mend });
    return text;
  }
}

/** Text that cannot be a number or a boolean stays text; validation says so. */
function convert(text: string, schema: Schema): unknown {
  if (text === 'null' && isNullable(schema)) return null;
  const kind = textKind(schema);
  if (kind === 'json') return parseJson(text);
  if (kind === 'number' && /^-?\d+(\.\d+)?$/.test(text)) return Number(text);
  if (kind === 'boolean' && /^(true|false)$/.test(text)) return text === 'true';
  return text;
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw new UnreadableValueError('It is not JSON.', { mend: 'Write a list as ["a", "b"] and a section as {"key": "value"}.', cause });
  }
}
