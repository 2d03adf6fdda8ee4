import { z } from 'zod';
import { openRoute, type Route } from '../rest/route.ts';
import { TroubleError } from '../rest/trouble.ts';
import { NX_ANSWER, refreshed, toNx, toPair } from './pair-view.ts';
import { type CloudServices, TIME_OUT } from './services.ts';

/** Whatever it is: what is none of ours is a 401. */
const anyToken = z.string().min(1).max(4096);

/** A plugin goes on with the sign-in of whoever gave it their refresh token. */
export function nxPluginLoginRoute({ pairs }: CloudServices): Route {
  return openRoute({
    method: 'post',
    path: '/nx/plugin-login',
    summary: 'Handle plugin login',
    body: z.strictObject({
      refresh_token: anyToken,
      system_nxid: z.string().min(1).max(200).meta({ description: 'Where the plugin runs: it is noted in the audit log.' }),
    }),
    bodyExample: { refresh_token: 'string', system_nxid: 'string' },
    answers: { 200: NX_ANSWER },
    troubles: ['bad_token', 'address_refused'],
    timeoutMs: TIME_OUT.list,
    async handle({ body: { refresh_token, system_nxid }, origin }) {
      return { status: 200, body: toNx(toPair(refreshed(await pairs.refresh(refresh_token, origin, { system_nxid })))) };
    },
  });
}

/** The `state` of an authorization request that is to end at RedirectURL. */
export function nxCsrfRoute({ states }: CloudServices): Route {
  return openRoute({
    method: 'post',
    path: '/nx/csrf',
    summary: 'Get a unique CSRF token',
    body: z.strictObject({
      // Looked at and never fetched.
      AuthenticationEndpoint: z.url({ protocol: /^https?$/ }).max(2048),
      RedirectURL: z.url().max(2048).meta({ description: 'The redirect_uri of the authorization request, as it stands there.' }),
    }),
    bodyExample: { AuthenticationEndpoint: 'https://id.example.com/oauth/authorize', RedirectURL: 'https://app.example.com/callback' },
    answers: {
      200: {
        description: 'To be sent as the state of the authorization request; good for one sign-in, for 10 minutes.',
        schema: z.strictObject({ CSRFToken: z.string() }),
        example: { CSRFToken: 'o2yW1G5ksx9c...' },
      },
    },
    timeoutMs: TIME_OUT.list,
    handle: async ({ body: { RedirectURL } }) => ({ status: 200, body: { CSRFToken: await states.create(RedirectURL) } }),
  });
}

/** The end of a sign-in that began with /nx/csrf and went by way of /oauth/authorize: the tokens are those of its client. */
export function nxCodeLoginRoute({ states, codes, pairs }: CloudServices): Route {
  return openRoute({
    method: 'post',
    path: '/nx/code-login',
    summary: 'Handle code login',
    body: z.strictObject({ code: anyToken, state: anyToken }),
    bodyExample: { code: 'string', state: 'string' },
    answers: { 200: NX_ANSWER },
    troubles: ['sign_in_over'],
    timeoutMs: TIME_OUT.list,
    async handle({ body: { code, state }, origin }) {
      const redirectUri = await states.redirectUriOf(state);
      // The code first: one that comes twice has to be noticed, although its state was used up with it.
      const redeemed = redirectUri === undefined ? undefined : await codes.redeem(code, { state, redirectUri }, origin);
      const pair = redeemed && (await states.use(state)) ? await pairs.startFor(redeemed, origin) : undefined;
      if (!pair) throw new TroubleError({ kind: 'sign_in_over' });
      return { status: 200, body: toNx(toPair(pair)) };
    },
  });
}
