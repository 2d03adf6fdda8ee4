import { z } from 'zod';
import type { VisitId } from '../../domain/federation/visits.ts';
import type { Passed, SignInOutcome } from '../../domain/login/api-sign-in.ts';
import { ROLES } from '../../domain/policy/roles.ts';
import { TOKEN_SECONDS } from '../../domain/tokens/house-token.ts';
import { type AnswerDoc, openRoute, type Route } from '../rest/route.ts';
import type { RestServices } from '../rest/services.ts';
import { TroubleError } from '../rest/trouble.ts';
import { signedIn } from '../rest/trouble-of.ts';
import { shownName } from './user-view.ts';

const sessionSchema = z.strictObject({ token: z.string(), role: z.enum(ROLES), username: z.string() });
const waitingSchema = z.strictObject({ totp_required: z.literal(true), partial_token: z.string() });
export const codeSchema = z.string().min(1).max(64).meta({ description: 'Six digits of the authenticator app, or a recovery code.' });

/** A token; or, where two-factor authentication is on, what stands for the sign-in until the code comes. */
export const waitingOrSignedIn = z.union([sessionSchema, waitingSchema]);

const SESSION = { token: 'abc123def456...', role: 'admin', username: 'admin' };

export const SIGNED_IN: AnswerDoc = { description: 'A token for 24 hours.', schema: waitingOrSignedIn, example: SESSION };

type LoginServices = Pick<RestServices, 'signIn' | 'houseTokens' | 'visits' | 'clock'>;

export function login(services: LoginServices): Route {
  const { signIn } = services;
  return openRoute({
    method: 'post',
    path: '/login',
    summary: 'Sign in with username and password',
    body: z.strictObject({
      username: z.string().min(1).max(320).meta({ description: 'Username or e-mail address.' }),
      password: z.string().min(1).max(1024),
    }),
    bodyExample: { username: 'admin', password: 'yourpassword' },
    troubles: ['bad_credentials', 'address_refused', 'login_limited', 'overloaded'],
    answers: {
      200: {
        description: 'A token for 24 hours; or, where two-factor authentication is on, what stands for the password for 5 minutes.',
        schema: waitingOrSignedIn,
        example: SESSION,
      },
    },
    async handle({ origin, body: { username, password } }) {
      const { outcome } = await signIn.signIn({ identifier: username, password }, origin);
      return { status: 200, body: await signedInBody(services, outcome) };
    },
  });
}

export function loginTotp(services: LoginServices): Route {
  const { signIn, clock } = services;
  return openRoute({
    method: 'post',
    path: '/login/totp',
    summary: 'Sign in, second step: the code',
    body: z.strictObject({ partial_token: z.string().min(1).max(256), code: codeSchema }),
    bodyExample: { partial_token: 'temp_abc123', code: '123456' },
    troubles: ['bad_code', 'sign_in_over', 'login_limited'],
    answers: { 200: { description: 'A token for 24 hours.', schema: sessionSchema, example: SESSION } },
    async handle({ origin, body: { partial_token: waiting, code } }) {
      const person = signedIn(await signIn.proceed(waiting, code, origin, 'visitors'), clock());
      return { status: 200, body: await startSession(services, person, person.visit) };
    },
  });
}

/**
 * The session token, or what the code has to come with. @throws TroubleError when nobody signed in
 * @param visit from another provider, which the token hangs on
 */
export async function signedInBody(services: LoginServices, outcome: SignInOutcome, visit?: VisitId) {
  if (outcome.kind !== 'code_wanted') return await startSession(services, signedIn(outcome, services.clock()), visit);
  return { totp_required: true, partial_token: await services.signIn.wait(outcome.account, visit) };
}

async function startSession({ houseTokens, visits, clock }: LoginServices, { account, secondFactor }: Passed, visit: VisitId | undefined) {
  const expiresAt = new Date(clock().getTime() + TOKEN_SECONDS.SessionToken * 1000);
  const family = visit === undefined ? undefined : { family: visit };
  const issued = await houseTokens.issue({ kind: 'SessionToken', account, secondFactor, expiresAt, ...family });
  if (!issued) throw new TroubleError({ kind: 'bad_credentials' });
  // Looked at after the token is there: whoever ends the visit later ends this token too.
  if (visit !== undefined && !(await visits.stands(visit))) {
    await houseTokens.endFamily(visit);
    throw new TroubleError({ kind: 'sign_in_over' });
  }
  return { token: issued.value, role: account.role, username: shownName(account) };
}
