import { expectedTroubles } from './expected-troubles.ts';
import { createSchemaWriter, type JsonSchema, type SchemaWriter, schemaAround } from './json-schemas.ts';
import type { AnswerDoc, Route, RouteAccess } from './route.ts';
import type { Surface } from './surface.ts';

/** OpenAPI 3.1 (https://spec.openapis.org/oas/v3.1.1), as far as it is used here. */
export interface OpenApiDocument {
  readonly openapi: '3.1.0';
  readonly info: { readonly title: string; readonly description: string; readonly version: string };
  readonly servers: readonly { readonly url: string }[];
  readonly tags: readonly { readonly name: string; readonly description?: string }[];
  readonly paths: Readonly<Record<string, Readonly<Record<string, Operation>>>>;
  readonly components: Readonly<Record<string, Readonly<Record<string, object>>>>;
}

export interface Operation {
  readonly operationId: string;
  readonly tags: readonly string[];
  readonly summary: string;
  readonly description?: string;
  /** Any of them will do; empty: no token is looked at. */
  readonly security: readonly object[];
  readonly parameters?: readonly Parameter[];
  readonly requestBody?: { readonly required: boolean; readonly content: Readonly<Record<string, object>> };
  readonly responses: Readonly<Record<string, object>>;
}

interface Parameter {
  readonly name: string;
  readonly in: 'path' | 'query';
  readonly required: boolean;
  readonly description?: unknown;
  readonly schema: JsonSchema;
}

/** Of the documents, not of the software: paths carry their own. */
export const DOCUMENT_VERSION = '1.0.0';

/** Where an answer would have the ids of its request and of its error. */
const REQUEST_ID = 'req_7F3A-90C1-5E2B';
const ERROR_ID = 'f50af7e0-0dd5-4361-ab96-2e04f7bc7e30';

const ERROR = { $ref: '#/components/schemas/Error' };
const RATE_HEADERS = ['X-RateLimit-Limit', 'X-RateLimit-Remaining', 'X-RateLimit-Reset'] as const;
const HEADERS: Readonly<Record<string, object>> = {
  'X-RateLimit-Limit': { description: 'Calls that are allowed within the limit that is nearest.', schema: { type: 'integer' } },
  'X-RateLimit-Remaining': { description: 'Calls that are left of it.', schema: { type: 'integer' } },
  'X-RateLimit-Reset': { description: 'When it starts anew, in Unix seconds.', schema: { type: 'integer' } },
  'Retry-After': { description: 'Seconds to wait before trying again.', schema: { type: 'integer' } },
  'WWW-Authenticate': { description: 'RFC 6750, section 3.', schema: { type: 'string' } },
};
const SCHEMES: Readonly<Record<string, object>> = {
  bearer: { type: 'http', scheme: 'bearer', description: 'Any token that this Gatehouse issued, as far as it reaches.' },
  queryToken: {
    type: 'apiKey',
    in: 'query',
    name: 'token',
    description:
      'For what cannot send headers: a session token, where the operator allows it. For an EventSource a one-use ticket will do, too.',
  },
};

interface Writing {
  readonly surface: Surface;
  readonly schemas: SchemaWriter;
}

/** Describes a surface by its routes: what is checked and answered is what is shown, in the surface's own words. */
export function describeSurface(surface: Surface, issuer: string): OpenApiDocument {
  const schemas = createSchemaWriter('#/components/schemas');
  const paths: Record<string, Record<string, Operation>> = {};
  for (const route of surface.routes) {
    const path = surface.prefix + route.path;
    paths[path] = { ...paths[path], [route.method]: describeRoute(route, { surface, schemas }) };
  }
  const errors = surface.routes.flatMap(expectedTroubles).map((trouble) => surface.wording(trouble, REQUEST_ID, ERROR_ID).body);
  return {
    openapi: '3.1.0',
    info: { title: surface.title, description: surface.description, version: DOCUMENT_VERSION },
    servers: [{ url: issuer }],
    tags: [{ name: surface.title, description: surface.description }],
    paths,
    components: {
      schemas: { ...schemas.definitions, Error: schemaAround(errors) },
      headers: HEADERS,
      securitySchemes: surface.identifyByQuery ? SCHEMES : { bearer: SCHEMES.bearer ?? {} },
    },
  };
}

function describeRoute(route: Route, writing: Writing): Operation {
  const { surface, schemas } = writing;
  const parameters = [...parametersOf(route, 'path', schemas), ...parametersOf(route, 'query', schemas)];
  return {
    operationId: operationIdOf(surface, route),
    tags: [surface.title],
    summary: route.summary,
    description: [accessWords(route.access), timeWords(route)].filter(Boolean).join('\n\n'),
    security: route.access === 'open' ? [] : [{ bearer: [] }, ...(surface.identifyByQuery ? [{ queryToken: [] }] : [])],
    ...(parameters.length > 0 && { parameters }),
    ...(route.body && {
      requestBody: {
        required: !route.body.safeParse(undefined).success,
        content: { 'application/json': { schema: schemas.write(route.body, 'input'), ...exampleOf(route.bodyExample) } },
      },
    }),
    responses: { ...errorsOf(route, surface), ...answersOf(route, writing) },
  };
}

const exampleOf = (example: unknown) => (example === undefined ? {} : { example });

/** `patch /users/{id}` of the tenant API is `tenantApiPatchUsersById`: names of clients' functions, the same for good. */
function operationIdOf({ name }: Surface, { method, path }: Route): string {
  const words = `${name} ${method} ${path.replaceAll(/\{(\w+)\}/g, 'by $1')}`.split(/[^A-Za-z0-9]+/).filter(Boolean);
  return words.map((word, index) => (index === 0 ? word : word.charAt(0).toUpperCase() + word.slice(1))).join('');
}

function parametersOf(route: Route, place: 'path' | 'query', schemas: SchemaWriter): readonly Parameter[] {
  const names = place === 'path' ? [...route.path.matchAll(/\{(\w+)\}/g)].map(([, name = '']) => name) : undefined;
  const schema = place === 'path' ? route.params : route.query;
  const { properties = {}, required = [] } = (schema ? schemas.write(schema, 'input') : {}) as {
    properties?: Record<string, JsonSchema>;
    required?: readonly string[];
  };
  return (names ?? Object.keys(properties)).map((name) => {
    const { description, ...rest } = properties[name] ?? { type: 'string' };
    return {
      name,
      in: place,
      required: place === 'path' || required.includes(name),
      ...(description !== undefined && { description }),
      schema: rest,
    };
  });
}

function answersOf(route: Route, { surface, schemas }: Writing): Readonly<Record<string, object>> {
  const headers = surface.showsRates && !route.unlimited ? { headers: refer(RATE_HEADERS) } : {};
  const content = ({ schema, example }: AnswerDoc) =>
    schema ? { content: { 'application/json': { schema: schemas.write(schema, 'output'), ...exampleOf(example) } } } : {};
  return Object.fromEntries(
    Object.entries(route.answers).map(([status, doc]) => [status, { description: doc.description, ...headers, ...content(doc) }]),
  );
}

function errorsOf(route: Route, surface: Surface): Readonly<Record<string, object>> {
  const byStatus = new Map<number, Map<string, object>>();
  for (const trouble of expectedTroubles(route)) {
    const { status, body } = surface.wording(trouble, REQUEST_ID, ERROR_ID);
    const examples = byStatus.get(status) ?? new Map<string, object>();
    byStatus.set(status, examples.set(trouble.kind, { summary: titleOf(trouble.kind), value: body }));
  }
  return Object.fromEntries(
    [...byStatus].map(([status, examples]) => [
      status,
      {
        description: [...examples.keys()].map(titleOf).join('; '),
        headers: refer(headersOf(status, surface.showsRates === true && !route.unlimited)),
        content: { 'application/json': { schema: ERROR, examples: Object.fromEntries(examples) } },
      },
    ]),
  );
}

const titleOf = (kind: string) => kind.charAt(0).toUpperCase() + kind.slice(1).replaceAll('_', ' ');

function headersOf(status: number, showsRates: boolean): readonly string[] {
  return [
    ...(showsRates ? RATE_HEADERS : []),
    ...(status === 429 || status === 503 ? ['Retry-After'] : []),
    ...(status === 401 ? ['WWW-Authenticate'] : []),
  ];
}

function refer(headers: readonly string[]): Readonly<Record<string, object>> {
  return Object.fromEntries(headers.map((name) => [name, { $ref: `#/components/headers/${name}` }]));
}

function accessWords(access: RouteAccess): string {
  if (access === 'open') return 'Takes no token.';
  const { role, scopes, person, signedIn, withoutSecondFactor } = access;
  const whoever =
    role === 'viewer'
      ? 'Anybody’s own token will do'
      : `Your own token will do if your role is ${role}${role === 'admin' ? '' : ' or higher'}`;
  return [
    `${whoever}${signedIn ? ', unless it is a private token' : ''}.`,
    scopes.length === 0
      ? 'The token of an application will not.'
      : `The token of an application needs ${scopes.map((scope) => `\`${scope}\``).join(' or ')}${person ? ', and a person behind it' : ''}.`,
    withoutSecondFactor ? 'It may still owe the second factor that your role asks for.' : '',
  ]
    .filter(Boolean)
    .join(' ');
}

const timeWords = ({ timeoutMs }: Route) => (timeoutMs === undefined ? '' : `Time-out: ${timeoutMs / 1000} s.`);
