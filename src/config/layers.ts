import type { Path } from './path.ts';

export type Section = Readonly<Record<string, unknown>>;

/** What one source sets. Layers are ordered, weakest first. */
export interface Layer {
  /** `default`, the path of a file, or `environment NAME`. */
  readonly source: string;
  readonly values: Section;
}

export const DEFAULT_SOURCE = 'default';

export function isSection(value: unknown): value is Section {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** Sections merge key by key; everything else, lists included, replaces what is below. */
export function mergeLayers(layers: readonly Layer[]): Section {
  return layers.reduce<Section>((below, layer) => mergeSections(below, layer.values), {});
}

function mergeSections(below: Section, above: Section): Section {
  const added = Object.entries(above).map(([key, value]) => {
    const old = Object.hasOwn(below, key) ? below[key] : undefined;
    return [key, isSection(old) && isSection(value) ? mergeSections(old, value) : value];
  });
  return Object.fromEntries([...Object.entries(below), ...added]);
}

/** The value at a path; undefined when there is none. */
export function valueAt(values: unknown, path: Path): unknown {
  return path.reduce<unknown>(
    (value, key) => (typeof value === 'object' && value !== null && Object.hasOwn(value, key) ? Reflect.get(value, key) : undefined),
    values,
  );
}

/** Where the value at a path, or some of a section, came from: the strongest layer that has it. */
export function sourceOf(layers: readonly Layer[], path: Path): string | undefined {
  return layers.findLast((layer) => valueAt(layer.values, path) !== undefined)?.source;
}
