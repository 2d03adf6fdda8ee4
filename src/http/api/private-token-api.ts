import { z } from 'zod';
import type { IssuedToken } from '../../domain/tokens/house-tokens.ts';
import type { OwnedToken, PrivateTokens } from '../../domain/tokens/private-tokens.ts';
import { type Access, personRoute, type Route } from '../rest/route.ts';
import type { RestServices } from '../rest/services.ts';
import type { Surface } from '../rest/surface.ts';
import { TroubleError } from '../rest/trouble.ts';
import { wording } from './private-token-wording.ts';
import { shortTokenRoute } from './short-token.ts';

/** Only people who signed in themselves have a say over private tokens. */
const OWNER: Access = { role: 'viewer', scopes: [], signedIn: true };

const TOKENS = '/api/v1/auth/private-tokens';

const EXAMPLE = { id: '7d7d2b54-7f6c-4f0e-9a5e-0a4d5f6c1b11', name: 'Nightly export', expires_at: '2030-01-31T00:00:00.000Z' };

const newToken = z.strictObject({
  name: z
    .string()
    .trim()
    .min(1)
    .max(120)
    .regex(/^\P{Cc}*$/u, 'has to be one line')
    .meta({ description: 'What it is for; 1 to 120 characters.' }),
  expires_at: z.iso.datetime({ offset: true }).max(40).meta({ description: 'ISO 8601 with a time zone. There is no default.' }),
});

const oneToken = z.strictObject({ id: z.string().max(64) });

const issuedToken = z.strictObject({
  id: z.uuid(),
  name: z.string(),
  token: z.string().meta({ description: 'Shown this once.' }),
  expires_at: z.iso.datetime(),
});

const ownedToken = z.strictObject({
  id: z.uuid(),
  name: z.string(),
  created_at: z.iso.datetime(),
  expires_at: z.iso.datetime(),
  last_used_at: z.iso.datetime().nullable().meta({ description: 'To the minute; null when it was not used yet.' }),
});

/** Long-lived tokens for programs, that people make and manage themselves. */
export function createPrivateTokenApi(services: RestServices): Surface {
  const { privateTokens } = services;
  return {
    name: 'private-tokens',
    title: 'Private tokens',
    description: 'Sign in for a short-lived token, and make long-lived private tokens for your programs with it.',
    prefix: '',
    routes: [shortTokenRoute(services), create(privateTokens), list(privateTokens), rotate(privateTokens), remove(privateTokens)],
    wording,
    showsRates: true,
  };
}

function create(privateTokens: PrivateTokens): Route {
  return personRoute({
    method: 'post',
    path: TOKENS,
    summary: 'Make a private token',
    access: OWNER,
    body: newToken,
    bodyExample: { name: EXAMPLE.name, expires_at: EXAMPLE.expires_at },
    answers: { 201: { description: 'The token, which is shown this once', schema: issuedToken, example: { ...EXAMPLE, token: 'eyJ…' } } },
    async handle({ account, bearer, body: { name, expires_at }, origin }) {
      const issued = await privateTokens.create({ account, bearer: bearer.token }, { name, expiresAt: new Date(expires_at) }, origin);
      return { status: 201, body: presentIssued(issued) };
    },
  });
}

function list(privateTokens: PrivateTokens): Route {
  return personRoute({
    method: 'get',
    path: TOKENS,
    summary: 'List your private tokens',
    access: OWNER,
    answers: {
      200: {
        description: 'Oldest first, without the tokens themselves',
        schema: z.array(ownedToken),
        example: [{ ...EXAMPLE, created_at: '2029-11-01T09:30:00.000Z', last_used_at: null }],
      },
    },
    handle: async ({ account }) => ({ status: 200, body: (await privateTokens.list(account.id)).map(presentOwned) }),
  });
}

function rotate(privateTokens: PrivateTokens): Route {
  return personRoute({
    method: 'post',
    path: `${TOKENS}/{id}/rotate`,
    summary: 'Replace a private token: the new one has the same name and expiry, the old one is dead at once',
    access: OWNER,
    params: oneToken,
    answers: {
      200: { description: 'The new token, which is shown this once', schema: issuedToken, example: { ...EXAMPLE, token: 'eyJ…' } },
    },
    async handle({ account, bearer, params, origin }) {
      const issued = await privateTokens.rotate({ account, bearer: bearer.token }, params.id, origin);
      return { status: 200, body: presentIssued(issued) };
    },
  });
}

function remove(privateTokens: PrivateTokens): Route {
  return personRoute({
    method: 'delete',
    path: `${TOKENS}/{id}`,
    summary: 'Revoke a private token',
    access: OWNER,
    params: oneToken,
    answers: { 204: { description: 'It is dead' } },
    async handle({ account, params, origin }) {
      await privateTokens.remove(account, params.id, origin);
      return { status: 204 };
    },
  });
}

/** @throws TroubleError when the token that was presented ended while it was used */
function presentIssued(issued: IssuedToken | undefined) {
  if (!issued) throw new TroubleError({ kind: 'bad_token' });
  const { value, token } = issued;
  return { id: token.id, name: token.name ?? '', token: value, expires_at: token.expiresAt.toISOString() };
}

function presentOwned({ token, lastUsedAt }: OwnedToken) {
  return {
    id: token.id,
    name: token.name ?? '',
    created_at: token.issuedAt.toISOString(),
    expires_at: token.expiresAt.toISOString(),
    last_used_at: lastUsedAt?.toISOString() ?? null,
  };
}
