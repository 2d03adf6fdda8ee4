import { type Environment, readVariable, settingVariables, variableName } from './environment.ts';
import type { Fault } from './fault.ts';
import type { Layer, Section } from './layers.ts';
import { readVariableText } from './read-values.ts';
import { keyPaths, type Schema, schemaAt } from './schema-tree.ts';
import { unknownVariable } from './unknown-keys.ts';

/**
 * One layer for each variable: PORT first, then sections (as JSON) before what they hold, so that the more exact name wins.
 * Unknown variables, and values that cannot be read, are reported.
 */
export function environmentLayers(env: Environment, schema: Schema, report: (fault: Fault) => void): readonly Layer[] {
  const byName = new Map(keyPaths(schema).map((path) => [variableName(path), path]));
  for (const [name] of settingVariables(env)) if (!byName.has(name)) report(unknownVariable(name, schema));

  const named = [['PORT', ['server', 'port']] as const, ...[...byName].sort(([, a], [, b]) => a.length - b.length)];
  return named.flatMap(([name, path]) => {
    const text = readVariable(env, name);
    const leaf = schemaAt(schema, path);
    if (text === undefined || !leaf) return [];
    const source = `environment ${name}`;
    return [{ source, values: nest(path, readVariableText(text, leaf, path, { env, source, report })) }];
  });
}

function nest(path: readonly string[], value: unknown): Section {
  return path.reduceRight<unknown>((inner, key) => ({ [key]: inner }), value) as Section;
}
