import { isSection, type Section } from './layers.ts';
import type { Path } from './path.ts';
import { type Schema, schemaAt, variantsOf } from './schema-tree.ts';

/**
 * Takes the defaults of the variants that were not chosen out of a section: the default file explains those of all.
 * A key that somebody set stays, and validation refuses it: they meant another variant.
 */
export function dropOtherVariants(values: Section, schema: Schema, isDefault: (path: Path) => boolean, at: Path = []): Section {
  const variants = variantsOf(schema);
  const chosen = variants?.byKind.get(String(values[variants.discriminator]));
  const kept = Object.entries(values).filter(([key]) => !chosen || Object.hasOwn(chosen.shape, key) || !isDefault([...at, key]));
  return Object.fromEntries(
    kept.map(([key, value]) => {
      const child = schemaAt(schema, [key]);
      return [key, child && isSection(value) ? dropOtherVariants(value, child, isDefault, [...at, key]) : value];
    }),
  );
}
