import { NotFoundError } from '../../domain/errors.ts';
import { type ProviderId, providerId } from '../../domain/federation/upstream-provider.ts';
import { originOf } from '../middleware/request-context.ts';
import { type UpstreamTrouble, upstreamTrouble } from '../upstream-trouble.ts';
import { goTo, isAnother, journeyOf, type Step } from './context.ts';

/**
 * Sends the browser to another provider; undefined when it is on its way.
 * @param loginHint a name that was typed here counts for more than the one the application knew
 */
export async function sendUpstream(
  step: Step,
  provider: ProviderId,
  loginHint = step.pending.loginHint,
): Promise<Partial<UpstreamTrouble> | undefined> {
  const { ctx, deps, pending } = step;
  try {
    const wish = { provider, journey: journeyOf(step), hints: { ...pending.passedOn, loginHint } };
    goTo(ctx, (await deps.federation.begin(wish, originOf(ctx))).href);
    return undefined;
  } catch (error) {
    return await troubleWith(step, error, provider);
  }
}

/** Whatever went wrong there, the other ways to sign in are as they were. */
export async function troubleWith({ deps, pending }: Step, error: unknown, provider: ProviderId): Promise<Partial<UpstreamTrouble>> {
  if (error instanceof NotFoundError) return {};
  return await upstreamTrouble(error, { federation: deps.federation, tenant: pending.client.tenantId, provider });
}

const SENT_COOKIE = 'gatehouse_sent';

/**
 * The application may name the provider (idp_hint): then people go straight there, once. Undefined: they stay. Whoever is signed in here is not made
 * somebody else by a link alone.
 */
export function hintedProvider(step: Step): ProviderId | undefined {
  const { ctx, deps, pending } = step;
  const { providerHint, prompt, uid, sessionAccountId } = pending;
  const stays = prompt !== 'login' || sessionAccountId !== undefined || isAnother(step);
  if (stays || !providerHint || ctx.cookies.get(SENT_COOKIE, { signed: false })) return undefined;
  const options = { httpOnly: true, sameSite: 'lax', secure: deps.secureCookies, signed: false, path: `/interaction/${uid}` } as const;
  ctx.cookies.set(SENT_COOKIE, '1', { ...options, maxAge: pending.secondsLeft * 1000 });
  return providerId(providerHint);
}
