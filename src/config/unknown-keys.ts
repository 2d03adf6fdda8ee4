import { spelledPath, variableName } from './environment.ts';
import type { Fault } from './fault.ts';
import { nearest } from './nearest.ts';
import { formatPath, type Path } from './path.ts';
import { keyPaths, keysOf, type Schema, schemaAt, variantsOf } from './schema-tree.ts';

/** A key of a file, or of JSON in the environment, that the schema does not have. */
export function unknownKey(path: Path, schema: Schema, source: string | undefined): Fault {
  const name = formatPath(path);
  const section = path.slice(0, -1);
  const owner = schemaAt(schema, section);
  const kind = ownerKind(path, owner);
  if (owner && kind) {
    const switchKey = formatPath([...section, variantsOf(owner)?.discriminator ?? '']);
    return {
      path: name,
      source,
      problem: `This key counts only when ${switchKey} is ${kind}.`,
      mend: `Set ${switchKey} to ${kind}, or take the key out.`,
    };
  }
  const siblings = owner ? keysOf(owner).map((key) => formatPath([...section, key])) : [];
  const meant = nearest(name, [...siblings, ...keyPaths(schema).map(formatPath)]);
  return { path: name, source, problem: 'There is no key of that name.', mend: suggestion(meant, 'Take it out') };
}

/** A variable with our prefix that names no key. */
export function unknownVariable(name: string, schema: Schema): Fault {
  const variables = new Map(keyPaths(schema).map((path) => [formatPath(path), variableName(path)]));
  const meant = nearest(spelledPath(name), [...variables.keys()]);
  const mend = suggestion(meant && variables.get(meant), 'Take it out of the environment');
  return { path: name, problem: 'The variable belongs to no key.', mend };
}

/** The variant that has this key, when only another one than the chosen has it. */
function ownerKind(path: Path, owner: Schema | undefined): string | undefined {
  const variants = owner && variantsOf(owner);
  const entry = [...(variants?.byKind ?? [])].find(([, variant]) => Object.hasOwn(variant.shape, path.at(-1) ?? ''));
  return entry?.[0];
}

function suggestion(meant: string | undefined, otherwise: string): string {
  return meant ? `Did you mean ${meant}?` : `${otherwise}; config/default.yaml has every key there is.`;
}
