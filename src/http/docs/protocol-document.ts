import { DOCUMENT_VERSION, type OpenApiDocument, type Operation } from '../rest/openapi.ts';

const TAG = 'OAuth 2 and OpenID Connect';

type Fields = Readonly<Record<string, string | { readonly description: string; readonly required: true }>>;

const needed = (description: string) => ({ description, required: true }) as const;
const propertyOf = (field: Fields[string]) => ({ type: 'string', description: typeof field === 'string' ? field : field.description });
const requiredOf = (fields: Fields) => Object.keys(fields).filter((name) => typeof fields[name] !== 'string');

const ERROR = { $ref: '#/components/schemas/Error' };
const CLIENT = [{ clientBasic: [] }, {}];

const json = (description: string, schema: object, example?: unknown) => ({
  description,
  content: { 'application/json': { schema, ...(example !== undefined && { example }) } },
});
const refusal = (description: string, error: string) => json(description, ERROR, { error, error_description: description });

const inQuery = (fields: Fields) =>
  Object.entries(fields).map(([name, field]) => ({
    name,
    in: 'query' as const,
    required: typeof field !== 'string',
    description: propertyOf(field).description,
    schema: { type: 'string' },
  }));

function form(fields: Fields, also: readonly string[] = []): NonNullable<Operation['requestBody']> {
  const schema = {
    type: 'object',
    properties: Object.fromEntries(Object.entries(fields).map(([name, field]) => [name, propertyOf(field)])),
    required: requiredOf(fields),
  };
  return { required: true, content: Object.fromEntries(['application/x-www-form-urlencoded', ...also].map((type) => [type, { schema }])) };
}

const operation = (rest: Omit<Operation, 'tags'>): Operation => ({ tags: [TAG], ...rest });

const AUTHORIZATION: Fields = {
  client_id: needed('Of the application.'),
  response_type: needed('Always `code`.'),
  redirect_uri: 'One that is registered. May be left out by an application with a single one.',
  scope: 'Separated by spaces: `openid`, `profile`, `email`, `offline_access`, and scopes of the API.',
  state: 'Comes back as it is.',
  nonce: 'Comes back in the ID token.',
  code_challenge: 'RFC 7636. Only applications that were registered without PKCE may leave it out.',
  code_challenge_method: 'Always `S256`.',
  prompt: '`none`, `login`, `consent` or `select_account`.',
  resource: 'RFC 8707: the API that the access token is for.',
};

const TOKEN: Fields = {
  grant_type: needed('`authorization_code`, `refresh_token` or `client_credentials`.'),
  code: 'With `authorization_code`.',
  redirect_uri: 'As at the authorization endpoint. May be left out by an application with a single one.',
  code_verifier: 'RFC 7636.',
  refresh_token: 'With `refresh_token`. It is replaced at each use; the old one used again ends all that came of it.',
  scope: 'Less than what was granted.',
  resource: 'RFC 8707.',
  client_id: 'Where the client does not use HTTP Basic.',
  client_secret: 'Where the client does not use HTTP Basic.',
};

const ONE_TOKEN: Fields = {
  token: needed('Of any kind that this Gatehouse issues.'),
  token_type_hint: 'RFC 7009, section 2.1.',
  client_id: 'Where the client does not use HTTP Basic.',
  client_secret: 'Where the client does not use HTTP Basic.',
};

const LOGOUT: Fields = {
  id_token_hint: 'An ID token of the session that ends.',
  client_id: 'Of the application.',
  post_logout_redirect_uri: 'One that is registered: where to go afterwards.',
  state: 'Comes back as it is.',
};

const TOKENS = {
  type: 'object',
  properties: {
    access_token: { type: 'string', description: 'A JWT (RFC 9068).' },
    token_type: { const: 'Bearer' },
    expires_in: { type: 'integer', description: 'Seconds.' },
    scope: { type: 'string' },
    id_token: { type: 'string', description: 'With the scope `openid`.' },
    refresh_token: { type: 'string', description: 'With the scope `offline_access`.' },
  },
  required: ['access_token', 'token_type', 'expires_in'],
};

/** Of the endpoints where a client proves itself first. */
const CLIENT_REFUSALS = {
  400: refusal('Something is missing.', 'invalid_request'),
  401: refusal('The client did not prove itself.', 'invalid_client'),
};

const page = (description: string) => ({ description, content: { 'text/html': {} } });

/** The endpoints of the standards, written by hand: the engine that serves them has no schemas of ours. Discovery says more, and is what clients read. */
export function describeProtocol(issuer: string): OpenApiDocument {
  return {
    openapi: '3.1.0',
    info: {
      title: TAG,
      description:
        'The endpoints of RFC 6749, RFC 7662, RFC 7009 and OpenID Connect. A library for OpenID Connect configures itself from the discovery document; this page is for looking things up.',
      version: DOCUMENT_VERSION,
    },
    servers: [{ url: issuer }],
    tags: [{ name: TAG }],
    paths: PATHS,
    components: {
      schemas: {
        Error: {
          type: 'object',
          properties: {
            error: { type: 'string', description: 'RFC 6749, section 5.2.' },
            error_description: { type: 'string' },
          },
          required: ['error'],
        },
      },
      securitySchemes: {
        clientBasic: { type: 'http', scheme: 'basic', description: 'Id and secret of the client (RFC 6749, section 2.3.1).' },
        bearer: { type: 'http', scheme: 'bearer', description: 'An access token.' },
      },
    },
  };
}

const PATHS: OpenApiDocument['paths'] = {
  '/.well-known/openid-configuration': {
    get: operation({
      operationId: 'discovery',
      summary: 'What this issuer can do, and where',
      security: [],
      responses: { 200: json('OpenID Connect Discovery 1.0, section 3.', { type: 'object' }) },
    }),
  },
  '/oauth/authorize': {
    get: operation({
      operationId: 'authorize',
      summary: 'Send a person here to sign in',
      description:
        'For a browser, not for a program. The person comes back to `redirect_uri` with `code`, `state` and `iss`, or with `error`.',
      security: [],
      parameters: inQuery(AUTHORIZATION),
      responses: {
        303: { description: 'To the sign-in pages, or back to the application.' },
        400: page('A page that says what is wrong, where it is not safe to go back.'),
      },
    }),
  },
  '/oauth/token': {
    post: operation({
      operationId: 'token',
      summary: 'Get tokens for a code, a refresh token, or for the client itself',
      security: CLIENT,
      requestBody: form(TOKEN, ['application/json']),
      responses: {
        200: json('Tokens.', TOKENS, { access_token: 'eyJ…', token_type: 'Bearer', expires_in: 600, scope: 'read:interactions' }),
        ...CLIENT_REFUSALS,
        400: refusal('The grant is unknown, used, expired, or of another client.', 'invalid_grant'),
      },
    }),
  },
  '/oauth/introspect': {
    post: operation({
      operationId: 'introspect',
      summary: 'Ask whether a token is good (RFC 7662)',
      description: 'A client asks for its own tokens; a service with `admin:all` for every token of its tenant.',
      security: CLIENT,
      requestBody: form(ONE_TOKEN),
      responses: {
        200: json(
          '`active`, and of an active token what it is.',
          { type: 'object', properties: { active: { type: 'boolean' } }, required: ['active'] },
          {
            active: false,
          },
        ),
        ...CLIENT_REFUSALS,
      },
    }),
  },
  '/oauth/revoke': {
    post: operation({
      operationId: 'revoke',
      summary: 'End a token (RFC 7009)',
      security: CLIENT,
      requestBody: form(ONE_TOKEN),
      responses: {
        200: { description: 'It is no good any more; nobody is told whether it ever was.' },
        ...CLIENT_REFUSALS,
      },
    }),
  },
  '/oauth/userinfo': {
    get: operation({
      operationId: 'userinfo',
      summary: 'Who signed in',
      security: [{ bearer: [] }],
      responses: {
        200: json('The claims that the scopes of the token allow.', {
          type: 'object',
          properties: { sub: { type: 'string' } },
          required: ['sub'],
        }),
        401: refusal('The token is no good.', 'invalid_token'),
        403: refusal('The token lacks the scope openid.', 'insufficient_scope'),
      },
    }),
  },
  '/oauth/jwks': {
    get: operation({
      operationId: 'jwks',
      summary: 'The public keys that tokens are verified with (RFC 7517)',
      security: [],
      responses: {
        200: json('Keys.', { type: 'object', properties: { keys: { type: 'array', items: { type: 'object' } } }, required: ['keys'] }),
      },
    }),
  },
  '/oauth/logout': {
    get: operation({
      operationId: 'logout',
      summary: 'Send a person here to sign out',
      description: 'For a browser. OpenID Connect RP-Initiated Logout 1.0.',
      security: [],
      parameters: inQuery(LOGOUT),
      responses: { 200: page('A page that asks whether to sign out.'), 400: page('A page that says what is wrong.') },
    }),
  },
};
