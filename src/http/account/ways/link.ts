import { z } from 'zod';
import { waysPath } from '../../../domain/clients/account-client.ts';
import { NotFoundError } from '../../../domain/errors.ts';
import type { Journey } from '../../../domain/federation/journeys.ts';
import { type ProviderId, providerId } from '../../../domain/federation/upstream-provider.ts';
import { sha256 } from '../../../lib/digest.ts';
import { paramOf } from '../../middleware/param.ts';
import { originOf } from '../../middleware/request-context.ts';
import { type UpstreamTrouble, upstreamTrouble } from '../../upstream-trouble.ts';
import { wayNotices, wayProblems } from '../../words.ts';
import { csrfToken, goTo, onPost, page, pathOf, type Step, whenSignedIn } from './context.ts';
import { browserMark, dropTicket, keepTicket, markBrowser, ticketOf } from './cookies.ts';
import { backWith, personOf, refuseStale, sayNobody } from './show.ts';

/** What is asked of a provider here, and what it says, is for this account in this browser alone. */
function journeyOf({ account, tenant }: Step, mark: string): Journey {
  return { kind: 'account', accountId: account.id, tenantId: tenant.id, browser: sha256(mark) };
}

/** A button of the page. */
export const beginLink = onPost(z.strictObject({ provider: z.string().min(1).max(40) }), async (step, { provider }) => {
  const { ctx, deps, account, fresh } = step;
  if (!fresh) return refuseStale(step);
  const wish = { provider: providerId(provider), journey: journeyOf(step, markBrowser(step)) };
  try {
    const sending = await deps.linking.begin(wish, account, originOf(ctx));
    if (sending.kind === 'barred') return backWith(step, { problem: wayProblems.barred(sending.provider), status: 403 });
    goTo(ctx, sending.address.href);
  } catch (error) {
    backWith(step, await troubleWith(step, error, wish.provider));
  }
});

/** The browser comes back: the callback of the provider (http/federation) sent it here, where the cookies are. */
export const arrive = whenSignedIn(
  async (step) => {
    const { ctx, deps, account } = step;
    const provider = providerId(paramOf(ctx, 'provider'));
    const answer = { provider, journey: journeyOf(step, browserMark(ctx)), callback: new URL(ctx.url, deps.issuer) };
    try {
      const met = await deps.linking.meet(answer, account, originOf(ctx));
      if (met.kind !== 'offered') return backWith(step, { problem: wayProblems[met.kind](met.provider, met.label), status: 409 });
      keepTicket(step, met.ticket);
      goTo(ctx, pathOf(step, 'confirm'));
    } catch (error) {
      backWith(step, await troubleWith(step, error, provider));
    }
  },
  (ctx, tenant, deps) => sayNobody(ctx, tenant, deps, wayProblems.gone),
);

/** Who they are there and whose account it will be linked to: a yes of their own, for a browser may be signed in there as somebody else. */
export const showOffer = whenSignedIn(async (step) => {
  const { ctx, deps, account, tenant, fresh } = step;
  if (!fresh) return refuseStale(step);
  const ticket = ticketOf(ctx);
  const offered = await deps.federation.offeredLink(ticket, account, journeyOf(step, browserMark(ctx)));
  if (!offered) return backWith(step, { problem: wayProblems.gone, status: 410 });
  page(step, 'account/link', {
    tenantName: tenant.name,
    csrf: csrfToken(step),
    action: pathOf(step, 'confirm'),
    person: personOf(step),
    providerName: offered.provider.name,
    label: offered.label,
    offer: sha256(ticket),
  });
});

const answerSchema = z.strictObject({ decision: z.enum(['link', 'skip']), offer: z.string().max(64) });

export const confirmLink = onPost(answerSchema, async (step, { decision, offer }) => {
  const { ctx, deps, account, fresh } = step;
  const ticket = ticketOf(ctx);
  const journey = journeyOf(step, browserMark(ctx));
  // The browser may hold the offer of another tab by now, about somebody else than this page asked about.
  const asked = offer === sha256(ticket);
  if (asked) dropTicket(step);
  if (decision === 'skip') return goTo(ctx, waysPath(step.tenant));
  if (!fresh) return refuseStale(step);
  const offered = asked && (await deps.federation.offeredLink(ticket, account, journey));
  const linked = offered && (await deps.federation.link(ticket, account, journey, originOf(ctx)));
  backWith(step, linked ? { notice: wayNotices.linked(offered.provider.name) } : { problem: wayProblems.gone, status: 410 });
});

/** Why somebody is still here; nothing was linked. */
async function troubleWith({ deps, tenant }: Step, error: unknown, provider: ProviderId): Promise<UpstreamTrouble> {
  if (error instanceof NotFoundError) return { problem: wayProblems.gone, status: 400 };
  return await upstreamTrouble(error, { federation: deps.federation, tenant: tenant.id, provider });
}
