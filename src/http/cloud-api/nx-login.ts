import { z } from 'zod';
import type { Origin } from '../../domain/audit/audit-log.ts';
import type { PairOwner } from '../../domain/tokens/cloud-pairs.ts';
import { openRoute, type PersonCall, personRoute, type Route } from '../rest/route.ts';
import { signedIn } from '../rest/trouble-of.ts';
import { OWN_SIGN_IN } from './access.ts';
import { passwordSchema, totpSchema, usernameSchema } from './credentials.ts';
import { NX_ANSWER, NX_EMPTY, started, toNx, toPair } from './pair-view.ts';
import { type CloudServices, TIME_OUT } from './services.ts';

/** A pair for 12 hours: these calls have no way to ask to stay signed in. */
async function begin({ pairs }: CloudServices, owner: Omit<PairOwner, 'keepLoggedIn'>, origin: Origin) {
  return { status: 200, body: toNx(toPair(started(await pairs.start({ ...owner, keepLoggedIn: false }, origin)))) };
}

export function nxLoginRoute(services: CloudServices): Route {
  const { signIn, clock } = services;
  return openRoute({
    method: 'post',
    path: '/nx/login',
    summary: 'Log into Nx',
    body: z.strictObject({ Email: usernameSchema, Password: passwordSchema }),
    bodyExample: { Email: 'string', Password: 'string' },
    answers: { 200: NX_ANSWER },
    troubles: ['bad_credentials', 'login_limited', 'address_refused', 'overloaded'],
    timeoutMs: TIME_OUT.list,
    async handle({ body: { Email: identifier, Password: password }, origin }) {
      const { outcome } = await signIn.signIn({ identifier, password }, origin);
      if (outcome.kind === 'code_wanted') return { status: 200, body: toNx({ TotpAccessCode: await signIn.wait(outcome.account) }) };
      return await begin(services, signedIn(outcome, clock()), origin);
    },
  });
}

export function nxTotpRoute(services: CloudServices): Route {
  const { signIn, clock } = services;
  return openRoute({
    method: 'post',
    path: '/nx/totp',
    summary: 'Add verification code to log in',
    body: z.strictObject({
      token: z.string().min(1).max(4096).meta({ description: 'The TotpAccessCode.' }),
      totp: totpSchema,
    }),
    bodyExample: { token: 'string', totp: 'string' },
    answers: { 200: NX_ANSWER },
    troubles: ['sign_in_over', 'bad_code', 'login_limited'],
    timeoutMs: TIME_OUT.read,
    handle: async ({ body: { token, totp }, origin }) =>
      await begin(services, signedIn(await signIn.proceed(token, totp, origin), clock()), origin),
  });
}

const confirmation = z.strictObject({
  GrantType: z.string().min(1).max(64).meta({ description: 'Whatever it says, it is the password that counts.' }),
  Password: passwordSchema,
});

const CONFIRMATION = { GrantType: 'string', Password: 'string' };

type Confirming = PersonCall<undefined, undefined, z.infer<typeof confirmation>>;

/** The person as they are now that the password was looked at. @throws TroubleError when it is not theirs */
async function confirm({ signIn, clock }: CloudServices, { account, body, origin }: Confirming) {
  return signedIn(await signIn.confirmPassword(account, body.Password, origin), clock()).account;
}

/** A new sign-in takes the place of the one that asks for it. */
export function nxTokensRoute(services: CloudServices): Route {
  const { signIn, mfa, houseTokens } = services;
  return personRoute({
    method: 'post',
    path: '/nx/tokens',
    summary: 'Update tokens',
    access: OWN_SIGN_IN,
    body: confirmation,
    bodyExample: CONFIRMATION,
    answers: { 200: NX_ANSWER },
    troubles: ['bad_credentials', 'login_limited', 'overloaded'],
    timeoutMs: TIME_OUT.list,
    async handle(call) {
      const account = await confirm(services, call);
      const { token: source } = call.bearer;
      const secondFactor = source?.secondFactor ?? false;
      // A token from before the authenticator app was set up, and a password: that is one factor.
      if (!secondFactor && (await mfa.required(account)) === 'code')
        return { status: 200, body: toNx({ TotpAccessCode: await signIn.wait(account) }) };
      const answer = await begin(services, { account, secondFactor, source }, call.origin);
      if (source) await houseTokens.endFamily(source.family);
      return answer;
    },
  });
}

export function nxLogoutRoute(services: CloudServices): Route {
  const { houseTokens, audit } = services;
  return personRoute({
    method: 'post',
    path: '/nx/logout',
    summary: 'Log user out',
    access: OWN_SIGN_IN,
    body: confirmation,
    bodyExample: CONFIRMATION,
    answers: { 200: NX_EMPTY },
    troubles: ['bad_credentials', 'login_limited', 'overloaded'],
    timeoutMs: TIME_OUT.list,
    async handle(call) {
      const { tenantId, id: accountId } = await confirm(services, call);
      const { token, kind } = call.bearer;
      if (token) await houseTokens.endFamily(token.family);
      await audit.record({ type: 'logout.succeeded', origin: call.origin, tenantId, accountId, detail: { kind } });
      return { status: 200, body: toNx({}) };
    },
  });
}
