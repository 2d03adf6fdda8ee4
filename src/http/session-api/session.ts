import { z } from 'zod';
import { guardedRoute, personRoute, type Route } from '../rest/route.ts';
import type { RestServices } from '../rest/services.ts';
import { TroubleError } from '../rest/trouble.ts';
import { LEAVE, SEE_ONESELF } from './access.ts';
import { roleSchema, shownName } from './user-view.ts';

/** The answer of whatever has nothing else to tell. */
export const DONE = { description: 'Done.', schema: z.strictObject({ status: z.literal('ok') }), example: { status: 'ok' } };

export const done = () => ({ status: 200, body: { status: 'ok' } });

export function logout({ houseTokens, visits, audit, issuer }: Pick<RestServices, 'houseTokens' | 'visits' | 'audit' | 'issuer'>): Route {
  return guardedRoute({
    method: 'post',
    path: '/logout',
    summary: 'End the token of this call, at once',
    access: LEAVE,
    troubles: ['forbidden'],
    answers: { 200: DONE },
    async handle({ bearer: { token, account, tenant }, origin }) {
      if (!token)
        throw new TroubleError({ kind: 'forbidden', message: `This token is ended by its application, at ${issuer}/oauth/revoke.` });
      // With a provider's ID token, where the sign-in began with one.
      await visits.end(token.family);
      await houseTokens.endFamily(token.family);
      await audit.record({ type: 'logout.succeeded', origin, tenantId: tenant.id, accountId: account?.id, detail: { kind: token.kind } });
      return done();
    },
  });
}

export function me(): Route {
  return personRoute({
    method: 'get',
    path: '/me',
    summary: 'Show who you are',
    access: SEE_ONESELF,
    answers: {
      200: {
        description: 'The person behind the token.',
        schema: z.strictObject({ username: z.string(), role: roleSchema }),
        example: { username: 'admin', role: 'admin' },
      },
    },
    handle: async ({ account }) => ({ status: 200, body: { username: shownName(account), role: account.role } }),
  });
}
