import { z } from 'zod';
import type { Path } from './path.ts';

export type Schema = z.core.$ZodType;

/** The schema without its "or null" and "or absent". */
function unwrap(schema: Schema): Schema {
  return schema instanceof z.ZodNullable || schema instanceof z.ZodOptional ? unwrap(schema.unwrap()) : schema;
}

export function isNullable(schema: Schema): boolean {
  return schema instanceof z.ZodNullable;
}

/** A section that comes in variants, told apart by the value of one of its keys. */
export interface Variants {
  readonly discriminator: string;
  readonly byKind: ReadonlyMap<string, z.ZodObject>;
}

export function variantsOf(schema: Schema): Variants | undefined {
  const inner = unwrap(schema);
  if (!(inner instanceof z.ZodDiscriminatedUnion)) return undefined;
  const { discriminator } = inner.def;
  const objects = inner.options.filter((option) => option instanceof z.ZodObject);
  const kindsOf = (object: z.ZodObject) => {
    const kind = object.shape[discriminator];
    return kind instanceof z.ZodLiteral ? [...kind.values].map(String) : [];
  };
  return { discriminator, byKind: new Map(objects.flatMap((object) => kindsOf(object).map((kind) => [kind, object] as const))) };
}

/** The keys of a section, of all its variants together; empty for everything that is a single value. */
export function keysOf(schema: Schema): readonly string[] {
  const inner = unwrap(schema);
  if (inner instanceof z.ZodObject) return Object.keys(inner.shape);
  const variants = variantsOf(inner);
  return variants ? [...new Set([...variants.byKind.values()].flatMap(keysOf))] : [];
}

/** The schema of a key of a section, or of an item of a list. */
function childOf(schema: Schema, key: string | number): Schema | undefined {
  const inner = unwrap(schema);
  if (inner instanceof z.ZodArray) return inner.element;
  if (inner instanceof z.ZodObject) return Object.hasOwn(inner.shape, key) ? inner.shape[key] : undefined;
  const variants = variantsOf(inner);
  if (variants?.discriminator === key) return z.enum([...variants.byKind.keys()]);
  return [...(variants?.byKind.values() ?? [])].map((variant) => childOf(variant, key)).find((child) => child !== undefined);
}

export function schemaAt(schema: Schema, path: Path): Schema | undefined {
  return path.reduce<Schema | undefined>((parent, key) => parent && childOf(parent, key), schema);
}

/** Every key, sections before what they hold. A list is one value: its items have no path here. */
export function keyPaths(schema: Schema, at: readonly string[] = []): readonly (readonly string[])[] {
  return keysOf(schema).flatMap((key) => {
    const child = childOf(schema, key);
    return child ? [[...at, key], ...keyPaths(child, [...at, key])] : [];
  });
}

/** Every key that is a value and no section. */
export function leafPaths(schema: Schema): readonly (readonly string[])[] {
  return keyPaths(schema).filter((path) => keysOf(schemaAt(schema, path) ?? schema).length === 0);
}

/** What text has to be turned into for this schema. */
export function textKind(schema: Schema): 'string' | 'number' | 'boolean' | 'json' {
  const inner = unwrap(schema);
  if (inner instanceof z.ZodNumber) return 'number';
  if (inner instanceof z.ZodBoolean) return 'boolean';
  return inner instanceof z.ZodArray || inner instanceof z.ZodRecord || keysOf(inner).length > 0 ? 'json' : 'string';
}

/** The values to choose from; empty when it is no such choice. */
export function choicesOf(schema: Schema): readonly string[] {
  const inner = unwrap(schema);
  return inner instanceof z.ZodEnum ? inner.options.map(String) : [];
}

/** What a value has to be, in words that follow "is not" and "has to be". */
export function expectation(schema: Schema): string {
  const inner = unwrap(schema);
  return describe(inner) + (isNullable(schema) ? ', or null' : '');
}

function describe(schema: Schema): string {
  if (schema instanceof z.ZodType && schema.description) return schema.description;
  if (schema instanceof z.ZodEnum) return oneOf(choicesOf(schema));
  if (schema instanceof z.ZodNumber) return `a whole number ${range(schema.minValue, schema.maxValue)}`;
  if (schema instanceof z.ZodBoolean) return 'true or false';
  if (schema instanceof z.ZodArray) return 'a list';
  if (keysOf(schema).length > 0) return `a section with the keys ${keysOf(schema).join(', ')}`;
  return 'a text that is not empty';
}

function oneOf(options: readonly string[]): string {
  return options.length > 1 ? `one of ${options.slice(0, -1).join(', ')} or ${options.at(-1)}` : `${options[0]}, the only choice`;
}

function range(min: number | null, max: number | null): string {
  return max === null || max >= Number.MAX_SAFE_INTEGER ? `from ${min} on` : `from ${min} to ${max}`;
}
