import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { Ajv2020, type ValidateFunction } from 'ajv/dist/2020.js';
import { describeProtocol } from '../../../src/http/docs/protocol-document.ts';
import type { OpenApiDocument, Operation } from '../../../src/http/rest/openapi.ts';
import { get } from '../../support/protocol-client.ts';
import { rawRequest } from '../../support/raw-request.ts';
import { routesOf } from '../../support/route-calls.ts';
import { startServer, type TestServer } from '../../support/start-server.ts';

/** OAuth and OpenID Connect are not among the surfaces. */
const PROTOCOL = 'oauth';

interface Example {
  readonly where: string;
  readonly schema: object;
  readonly value: unknown;
}

interface Content {
  readonly schema: object;
  readonly example?: unknown;
  readonly examples?: Readonly<Record<string, { readonly value: unknown }>>;
}

function operationsOf({ paths }: OpenApiDocument): readonly { name: string; operation: Operation }[] {
  return Object.entries(paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, operation]) => ({ name: `${method.toUpperCase()} ${path}`, operation })),
  );
}

/** Every example of a document, with the schema beside it. */
function examplesOf(document: OpenApiDocument): readonly Example[] {
  return operationsOf(document).flatMap(({ name, operation: { requestBody, responses } }) => {
    const contents = [['request', requestBody], ...Object.entries(responses)] as [
      string,
      { content?: Record<string, Content> } | undefined,
    ][];
    return contents.flatMap(([place, holder]) =>
      Object.values(holder?.content ?? {}).flatMap(({ schema, example, examples = {} }) => [
        ...(example === undefined ? [] : [{ where: `${name} ${place}`, schema, value: example }]),
        ...Object.entries(examples).map(([kind, { value }]) => ({ where: `${name} ${place} ${kind}`, schema, value })),
      ]),
    );
  });
}

/** Checks against schemas of a document, whose references lead into it. */
function validatorOf(document: OpenApiDocument): (schema: object) => ValidateFunction {
  // Formats are checked with the zod schemas; without strict mode `description` and the like are no fault.
  const ajv = new Ajv2020({ strict: false, validateFormats: false, allErrors: true });
  ajv.addSchema({ $id: 'https://gatehouse.example/document', components: document.components });
  const compiled = new Map<string, ValidateFunction>();
  return (schema) => {
    const text = JSON.stringify(schema).replaceAll('"#/components/', '"https://gatehouse.example/document#/components/');
    const validate = compiled.get(text) ?? ajv.compile(JSON.parse(text));
    compiled.set(text, validate);
    return validate;
  };
}

describe('the documentation of the APIs', () => {
  let server: TestServer;
  const documents = new Map<string, OpenApiDocument>();

  before(async () => {
    server = await startServer({ GATEHOUSE_DEMO: 'on' });
    for (const name of [PROTOCOL, ...server.surfaces.map((surface) => surface.name)]) {
      const { status, json, headers } = await get(`${server.issuer}/docs/${name}/openapi.json`);
      assert.equal(status, 200, name);
      assert.match(headers.get('content-type') ?? '', /^application\/json/);
      documents.set(name, json as unknown as OpenApiDocument);
    }
  });
  after(() => server[Symbol.asyncDispose]());

  it('has every route of every surface, and nothing else', () => {
    const documented = [...documents].filter(([name]) => name !== PROTOCOL).flatMap(([, document]) => operationsOf(document));
    assert.deepEqual(
      documented.map(({ name }) => name).toSorted(),
      routesOf(server)
        .map(({ name }) => name)
        .toSorted(),
    );
    assert.ok(documented.length > 50, `saw only ${documented.length} routes`);
  });

  it('names each operation once, by a name that says where it is', () => {
    const ids = [...documents.values()].flatMap(operationsOf).map(({ operation }) => operation.operationId);
    assert.equal(new Set(ids).size, ids.length);
    for (const id of ids) assert.match(id, /^[a-z][A-Za-z0-9]+$/);
    assert.ok(ids.includes('tenantApiPatchUsersById'));
  });

  it('says of each parameter, body and answer what it is', () => {
    for (const { route, path, name } of routesOf(server)) {
      const operation = [...documents.values()].flatMap(operationsOf).find((each) => each.name === name)?.operation;
      assert.ok(operation?.summary, name);
      const parameters = operation.parameters ?? [];
      assert.deepEqual(
        parameters.filter((parameter) => parameter.in === 'path').map((parameter) => `{${parameter.name}}`),
        path.match(/\{\w+\}/g) ?? [],
        name,
      );
      assert.equal(operation.requestBody !== undefined, route.body !== undefined, name);
      if (route.body) assert.notEqual(route.bodyExample, undefined, `${name} shows no body`);
      assert.equal(operation.security.length > 0, route.access !== 'open', name);
      const successes = Object.keys(operation.responses).filter((status) => /^[23]/.test(status));
      assert.ok(successes.length > 0, name);
      for (const [status, { schema, example }] of Object.entries(route.answers))
        assert.ok(!schema || example !== undefined, `${name} shows no answer ${status}`);
    }
  });

  it('shows only examples that its own checks let through', () => {
    for (const { route, name } of routesOf(server)) {
      if (route.body) {
        const parsed = route.body.safeParse(route.bodyExample);
        assert.ok(parsed.success, `${name}: ${parsed.error?.message}`);
      }
      for (const [status, { schema, example }] of Object.entries(route.answers)) {
        const parsed = schema?.safeParse(example);
        assert.ok(!parsed || parsed.success, `${name} ${status}: ${parsed?.error?.message}`);
      }
    }
  });

  it('shows only examples that fit the schemas beside them, and no schema that leads nowhere', () => {
    let seen = 0;
    for (const document of documents.values()) {
      const compile = validatorOf(document);
      for (const { where, schema, value } of examplesOf(document)) {
        const validate = compile(schema);
        assert.ok(validate(value), `${where}: ${JSON.stringify(validate.errors)}`);
        seen += 1;
      }
      // A schema that lets everything through proves nothing.
      const { Error: error } = document.components.schemas ?? {};
      assert.ok(error && !compile(error)('no error'));
    }
    assert.ok(seen > 500, `saw only ${seen} examples`);
  });

  it('shows errors in the words that callers get', async () => {
    const tenant = documents.get('tenant-api')?.paths['/api/v1/users']?.get;
    const { json, status } = await get(`${server.issuer}/api/v1/users`);
    const answers = tenant?.responses as Record<string, { content: Record<string, Content> }>;
    assert.deepEqual(answers[status]?.content['application/json']?.examples?.no_token?.value, json);
    assert.equal(
      JSON.stringify(answers['429']?.content['application/json']?.examples?.rate_limited?.value),
      '{"error":"Rate limit exceeded. Please retry after 60 seconds."}',
    );
  });

  it('describes the endpoints of the standards where discovery has them', async () => {
    const { json: discovery } = await get(`${server.issuer}/.well-known/openid-configuration`);
    const advertised = Object.entries(discovery)
      .filter(([name]) => name.endsWith('_endpoint') || name === 'jwks_uri')
      .map(([, address]) => new URL(String(address)).pathname);
    const { paths, servers } = describeProtocol(server.issuer);
    assert.deepEqual([...advertised, '/.well-known/openid-configuration'].toSorted(), Object.keys(paths).toSorted());
    assert.deepEqual(servers, [{ url: discovery.issuer }]);
  });

  it('is served to be kept until it changes', async () => {
    const address = `${server.issuer}/docs/tenant-api/openapi.json`;
    const etag = (await get(address)).headers.get('etag') ?? '';
    assert.equal((await rawRequest(address, { headers: { 'if-none-match': etag } })).status, 304);
    assert.equal((await get(`${server.issuer}/docs/nothing`)).status, 404);
    assert.equal((await get(`${server.issuer}/docs/nothing/openapi.json`)).status, 404);
  });
});
