import { z } from 'zod';
import { presentedToken } from '../rest/admit.ts';
import { guardedRoute, type Method, openRoute, type Route } from '../rest/route.ts';
import { TroubleError } from '../rest/trouble.ts';
import { ANYBODY } from './access.ts';
import { PAIR_ANSWER, refreshed, toPair } from './pair-view.ts';
import { type CloudServices, TIME_OUT } from './services.ts';

export function refreshRoute({ pairs }: CloudServices): Route {
  return openRoute({
    method: 'post',
    path: '/authenticate/refresh',
    summary: 'Refresh a JWT token: send the refresh token as Bearer, once',
    body: z.strictObject({ GrantType: z.literal('refresh_token') }),
    bodyExample: { GrantType: 'refresh_token' },
    answers: { 200: PAIR_ANSWER },
    troubles: ['no_token', 'bad_token', 'address_refused'],
    timeoutMs: TIME_OUT.sign,
    async handle({ ctx, origin }) {
      const token = presentedToken(ctx);
      if (token === undefined) throw new TroubleError({ kind: 'no_token' });
      return { status: 200, body: toPair(refreshed(await pairs.refresh(token, origin))) };
    },
  });
}

/** @param method the documentation names none */
export function signOutRoute({ houseTokens, audit }: CloudServices, method: Method): Route {
  return guardedRoute({
    method,
    acts: true,
    path: '/authenticate/signout',
    summary: 'Sign a user out: the access token and its refresh token end',
    access: ANYBODY,
    answers: { 204: { description: 'Signed out.' } },
    troubles: ['forbidden'],
    timeoutMs: TIME_OUT.sign,
    async handle({ bearer: { token }, origin }) {
      if (!token)
        throw new TroubleError({
          kind: 'forbidden',
          message: 'A token of /oauth/token is ended by the client it was issued to, at /oauth/revoke.',
        });
      await houseTokens.endFamily(token.family);
      const { tenantId, accountId, clientId, kind } = token;
      await audit.record({ type: 'logout.succeeded', origin, tenantId, accountId, clientId, detail: { kind } });
      return { status: 204 };
    },
  });
}
