import { z } from 'zod';

/** A JSON Schema (draft 2020-12), as OpenAPI 3.1 takes them. */
export type JsonSchema = Readonly<Record<string, unknown>>;

/** Turns zod schemas into the schemas of one document; what refers to itself is kept once, in `definitions`. */
export interface SchemaWriter {
  /** @param io what a client sends, or what it gets */
  write(schema: z.ZodType, io: 'input' | 'output'): JsonSchema;
  readonly definitions: Readonly<Record<string, JsonSchema>>;
}

/** @param home where the document keeps its definitions */
export function createSchemaWriter(home: string): SchemaWriter {
  const definitions: Record<string, JsonSchema> = {};
  const names = new Map<string, string>();

  function nameOf(definition: unknown): string {
    const text = JSON.stringify(definition);
    const name = names.get(text) ?? `Value${names.size + 1}`;
    names.set(text, name);
    return name;
  }

  return {
    definitions,
    write(schema, io) {
      const { $schema, $defs = {}, ...rest } = z.toJSONSchema(schema, { target: 'draft-2020-12', io, unrepresentable: 'any' });
      const local = new Map(Object.entries($defs).map(([name, definition]) => [`#/$defs/${name}`, nameOf(definition)]));
      const moved = (value: unknown): unknown => {
        if (typeof value === 'string') return local.has(value) ? `${home}/${local.get(value)}` : value;
        if (typeof value !== 'object' || value === null) return value;
        if (Array.isArray(value)) return value.map(moved);
        return Object.fromEntries(Object.entries(value).map(([name, member]) => [name, moved(member)]));
      };
      for (const definition of Object.values($defs)) definitions[nameOf(definition)] = moved(definition) as JsonSchema;
      return moved(rest) as JsonSchema;
    },
  };
}

/** The schema that all of these values fit: of errors, whose words are data and no schema. */
export function schemaAround(values: readonly unknown[]): JsonSchema {
  const objects = values.filter((value) => typeof value === 'object' && value !== null && !Array.isArray(value)) as JsonSchema[];
  if (objects.length < values.length || values.length === 0) {
    const types = [...new Set(values.map((value) => (value === null ? 'null' : typeof value)))];
    return types.length === 1 ? { type: types[0] } : { type: types };
  }
  const names = [...new Set(objects.flatMap((object) => Object.keys(object)))];
  return {
    type: 'object',
    properties: Object.fromEntries(
      names.map((name) => [name, schemaAround(objects.filter((object) => name in object).map((object) => object[name]))]),
    ),
    required: names.filter((name) => objects.every((object) => name in object)),
  };
}
