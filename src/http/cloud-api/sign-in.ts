import type { Context } from 'koa';
import { z } from 'zod';
import type { Origin } from '../../domain/audit/audit-log.ts';
import { parse } from '../rest/read-input.ts';
import { openRoute, type Route } from '../rest/route.ts';
import { signedIn } from '../rest/trouble-of.ts';
import { basicCredentials, passwordSchema, totpSchema, usernameSchema } from './credentials.ts';
import { PAIR_ANSWER, started, toPair } from './pair-view.ts';
import { type CloudServices, TIME_OUT } from './services.ts';

const bodySchema = z.strictObject({
  KeepLoggedIn: z.boolean().meta({ description: 'Stay signed in for 30 days instead of 12 hours.' }),
  Password: passwordSchema,
  Username: usernameSchema,
  Totp: totpSchema.optional(),
});

const EXAMPLE = { KeepLoggedIn: true, Password: 'string', Username: 'string' };

const summary = 'Sign in a single user';

/** Names and passwords in an address end up in logs. */
const query = z.strictObject({});

/** What is left of the body where name and password are in the header. */
const beside = bodySchema.pick({ KeepLoggedIn: true, Totp: true }).partial();

type SignIn = z.infer<typeof bodySchema>;

export function signInRoute(services: CloudServices): Route {
  return openRoute({
    method: 'post',
    path: '/authenticate/signin',
    summary,
    query,
    body: bodySchema,
    bodyExample: EXAMPLE,
    answers: { 200: PAIR_ANSWER },
    troubles: ['bad_credentials', 'code_wanted', 'bad_code', 'login_limited', 'address_refused', 'overloaded'],
    timeoutMs: TIME_OUT.sign,
    handle: async ({ body, origin }) => ({ status: 200, body: await signIn(services, body, origin) }),
  });
}

/** The same by GET, with the same body; or with HTTP Basic, and the rest in the body. */
export function getSignInRoute(services: CloudServices): Route {
  return openRoute({
    method: 'get',
    acts: true,
    path: '/authenticate/signin',
    summary,
    query,
    body: bodySchema.partial().optional(),
    bodyExample: EXAMPLE,
    answers: { 200: PAIR_ANSWER },
    troubles: ['bad_credentials', 'code_wanted', 'bad_code', 'login_limited', 'address_refused', 'overloaded'],
    timeoutMs: TIME_OUT.sign,
    handle: async ({ ctx, body = {}, origin }) => ({ status: 200, body: await signIn(services, fromHeader(ctx, body), origin) }),
  });
}

/** @throws TroubleError where something is missing, or there twice */
function fromHeader(ctx: Context, body: object): SignIn {
  const basic = basicCredentials(ctx.get('Authorization'));
  if (!basic) return parse(bodySchema, body);
  const { KeepLoggedIn = false, Totp } = parse(beside, body);
  return { KeepLoggedIn, Totp, Username: basic.identifier, Password: basic.password };
}

async function signIn({ signIn: service, pairs, clock }: CloudServices, body: SignIn, origin: Origin) {
  const { outcome } = await service.signIn({ identifier: body.Username, password: body.Password, code: body.Totp }, origin);
  const { account, secondFactor } = signedIn(outcome, clock());
  return toPair(started(await pairs.start({ account, secondFactor, keepLoggedIn: body.KeepLoggedIn }, origin)));
}
