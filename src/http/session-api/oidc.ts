import type { Context } from 'koa';
import { z } from 'zod';
import { accountId } from '../../domain/accounts/account.ts';
import { NotFoundError } from '../../domain/errors.ts';
import type { FederationOutcome } from '../../domain/federation/federation-service.ts';
import type { Journey } from '../../domain/federation/journeys.ts';
import { UpstreamError } from '../../domain/federation/upstream.ts';
import { providerId } from '../../domain/federation/upstream-provider.ts';
import { sha256 } from '../../lib/digest.ts';
import { randomToken } from '../../lib/random.ts';
import { placeOf } from '../federation/place-of.ts';
import { openRoute, type Route } from '../rest/route.ts';
import type { RestServices } from '../rest/services.ts';
import { TroubleError } from '../rest/trouble.ts';
import { linkFirst, type Problem, upstreamProblems, upstreamRefusals } from '../words.ts';
import { SIGNED_IN, signedInBody, waitingOrSignedIn } from './login.ts';

/** The provider that web.oidc of the configuration makes. */
const PROVIDER = providerId('oidc');

const COOKIE = 'gatehouse_oidc';
const PATH = '/api/auth/oidc';
const KIND = 'UpstreamHandover';
const HANDOVER_MS = 30_000;

const query = z.object({
  code: z.string().max(8192).optional(),
  state: z.string().max(8192).optional(),
  iss: z.string().max(2048).optional(),
  error: z.string().max(2048).optional(),
});

/** What binds the way there to the way back: the cookie of this browser. */
function journeyOf(browser: string): Journey {
  return { kind: 'session-api', browser: sha256(browser) };
}

export function oidcAuthorize(services: RestServices): Route {
  return openRoute({
    method: 'get',
    path: '/auth/oidc/authorize',
    summary: 'Sign in with the identity provider: redirects there',
    acts: true,
    answers: { 302: { description: 'To the identity provider.' } },
    troubles: ['not_found', 'forbidden', 'overloaded'],
    async handle({ ctx, origin }) {
      const browser = randomToken();
      const secure = services.issuer.startsWith('https:');
      ctx.cookies.set(COOKIE, browser, { httpOnly: true, sameSite: 'lax', secure, signed: false, path: PATH, maxAge: 600_000 });
      const url = await told(services.federation.begin({ provider: PROVIDER, journey: journeyOf(browser), hints: {} }, origin));
      return redirect(ctx, url.href);
    },
  });
}

export function oidcCallback(services: RestServices): Route {
  return openRoute({
    method: 'get',
    path: '/auth/oidc/callback',
    summary: 'Where the identity provider sends people back to: signs them in',
    acts: true,
    query,
    answers: {
      200: SIGNED_IN,
      302: { description: 'A browser goes on to the configured page, with a code for POST /api/auth/oidc/exchange.' },
    },
    troubles: ['not_found', 'forbidden', 'overloaded', 'bad_credentials', 'sign_in_over'],
    async handle({ ctx, origin, query: { state = '' } }) {
      const { federation, oidcPage } = services;
      // The same provider serves the pages, whose cookies have other paths.
      const journey = await federation.journeyOf(PROVIDER, state);
      const place = await placeOf(journey, PROVIDER, services.stores.tenants);
      if (place) return redirect(ctx, `${place}${ctx.search}`);
      const browser = ctx.cookies.get(COOKIE, { signed: false }) ?? '';
      const callback = new URL(ctx.url, services.issuer);
      const outcome = await told(federation.finish({ provider: PROVIDER, journey: journeyOf(browser), callback }, origin));
      const { account, secondFactor, visit } = signedInHere(outcome);
      if (ctx.accepts('json', 'html') === 'html' && oidcPage !== null) {
        const code = randomToken();
        const expiresAt = new Date(services.clock().getTime() + HANDOVER_MS);
        await services.stores.artifacts.put(KIND, sha256(code), { accountId: account.id, payload: { secondFactor, visit } }, expiresAt);
        const page = new URL(oidcPage);
        page.searchParams.set('code', code);
        return redirect(ctx, page.href);
      }
      return { status: 200, body: await signedInBody(services, await services.signIn.vouched(account, secondFactor, origin), visit) };
    },
  });
}

export function oidcExchange(services: RestServices): Route {
  return openRoute({
    method: 'post',
    path: '/auth/oidc/exchange',
    summary: 'The code that the page was called with, for a session token: once, within 30 seconds',
    body: z.strictObject({ code: z.string().min(1).max(200) }),
    bodyExample: { code: 'Zk3x...' },
    answers: { 200: { ...SIGNED_IN, schema: waitingOrSignedIn } },
    troubles: ['sign_in_over', 'bad_credentials'],
    async handle({ origin, body: { code } }) {
      const { artifacts, accounts } = services.stores;
      const handover = await artifacts.find(KIND, sha256(code));
      const account = handover?.accountId && (await accounts.findSubject(accountId(handover.accountId)));
      if (!account || account.disabled || !(await artifacts.consume(KIND, sha256(code)))) throw new TroubleError({ kind: 'sign_in_over' });
      const outcome = await services.signIn.vouched(account, handover.payload.secondFactor === true, origin);
      const { visit } = handover.payload;
      return { status: 200, body: await signedInBody(services, outcome, typeof visit === 'string' ? visit : undefined) };
    },
  });
}

function redirect(ctx: Context, address: string): undefined {
  ctx.redirect(address);
  return undefined;
}

/** @throws TroubleError in words for what the provider did */
async function told<T>(work: Promise<T>): Promise<T> {
  try {
    return await work;
  } catch (error) {
    if (error instanceof NotFoundError)
      throw new TroubleError({ kind: 'not_found', message: 'There is no such sign-in here.' }, { cause: error });
    if (!(error instanceof UpstreamError)) throw error;
    const name = 'The identity provider';
    if (error.kind === 'unavailable')
      throw new TroubleError({ kind: 'overloaded', seconds: 30, message: wordsOf(upstreamProblems.down(name)) }, { cause: error });
    const problem = error.kind === 'refused' ? upstreamProblems.refused(name) : upstreamProblems.wrong(name);
    throw new TroubleError({ kind: 'forbidden', message: wordsOf(problem) }, { cause: error });
  }
}

const wordsOf = ({ what, next }: Problem) => `${what} ${next}`;

function signedInHere(outcome: FederationOutcome): Extract<FederationOutcome, { kind: 'signed_in' }> {
  if (outcome.kind === 'signed_in') return outcome;
  const { name } = outcome.provider;
  const problem = outcome.kind === 'refused' ? upstreamRefusals[outcome.reason](name) : linkFirst(name, outcome.accountEmail);
  throw new TroubleError({ kind: 'forbidden', message: wordsOf(problem) });
}
