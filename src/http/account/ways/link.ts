import { z } from 'zod';
import { NotFoundError } from '../../../domain/errors.ts';
import type { Journey } from '../../../domain/federation/federation-service.ts';
import { UpstreamError } from '../../../domain/federation/upstream.ts';
import { type ProviderId, providerId } from '../../../domain/federation/upstream-provider.ts';
import { sha256 } from '../../../lib/digest.ts';
import { originOf } from '../../middleware/request-context.ts';
import { type Problem, upstreamProblems, wayNotices, wayProblems } from '../../words.ts';
import { browserMark, dropTicket, keepTicket, markBrowser, ticketOf } from './cookies.ts';
import { backWith, personOf, refuseStale, sayNobody } from './show.ts';
import { csrfToken, goTo, page, pathOf, posted, type Visit, visited } from './visit.ts';

/** What is asked of a provider here, and what it says, is for this account in this browser alone. */
function journeyOf({ account, tenant }: Visit, mark: string): Journey {
  return { kind: 'account', accountId: account.id, tenantId: tenant.id, browser: sha256(mark) };
}

/** A button of the page. */
export const beginLink = posted(z.strictObject({ provider: z.string().min(1).max(40) }), async (visit, { provider }) => {
  const { ctx, deps, fresh } = visit;
  if (!fresh) return refuseStale(visit);
  const wish = { provider: providerId(provider), journey: journeyOf(visit, markBrowser(visit)), hints: {} };
  try {
    goTo(ctx, (await deps.linking.begin(wish, originOf(ctx))).href);
  } catch (error) {
    backWith(visit, await troubleWith(visit, error, wish.provider));
  }
});

/** The browser comes back: the callback of the provider (http/federation) sent it here, where the cookies are. */
export const arrive = visited(
  async (visit) => {
    const { ctx, deps, account } = visit;
    const provider = providerId(String((ctx as typeof ctx & { params: Record<string, string> }).params.provider));
    const answer = { provider, journey: journeyOf(visit, browserMark(ctx)), callback: new URL(ctx.url, deps.issuer) };
    try {
      const met = await deps.linking.meet(answer, account, originOf(ctx));
      if (met.kind !== 'offered') return backWith(visit, { problem: wayProblems[met.kind](met.provider, met.label), status: 409 });
      keepTicket(visit, met.ticket);
      goTo(ctx, pathOf(visit, 'confirm'));
    } catch (error) {
      backWith(visit, await troubleWith(visit, error, provider));
    }
  },
  (ctx, tenant, deps) => sayNobody(ctx, tenant, deps, wayProblems.gone),
);

/** Who they are there and whose account it will be linked to: a yes of their own, for a browser may be signed in there as somebody else. */
export const showOffer = visited(async (visit) => {
  const { ctx, deps, account, tenant } = visit;
  const offered = await deps.federation.offeredLink(ticketOf(ctx), account, journeyOf(visit, browserMark(ctx)));
  if (!offered) return backWith(visit, { problem: wayProblems.gone, status: 410 });
  page(visit, 'account/link', {
    tenantName: tenant.name,
    csrf: csrfToken(visit),
    action: pathOf(visit, 'confirm'),
    person: personOf(visit),
    providerName: offered.provider.name,
    label: offered.label,
  });
});

export const confirmLink = posted(z.strictObject({ decision: z.enum(['link', 'skip']) }), async (visit, { decision }) => {
  const { ctx, deps, account } = visit;
  const ticket = ticketOf(ctx);
  const journey = journeyOf(visit, browserMark(ctx));
  dropTicket(visit);
  if (decision === 'skip') return backWith(visit);
  const offered = await deps.federation.offeredLink(ticket, account, journey);
  const linked = offered && (await deps.federation.link(ticket, account, journey, originOf(ctx)));
  backWith(visit, linked ? { notice: wayNotices.linked(offered.provider.name) } : { problem: wayProblems.gone, status: 410 });
});

/** Why somebody is still here; nothing was linked. */
async function troubleWith({ deps, tenant }: Visit, error: unknown, id: ProviderId): Promise<{ problem: Problem; status: number }> {
  if (error instanceof NotFoundError) return { problem: wayProblems.gone, status: 400 };
  if (!(error instanceof UpstreamError)) throw error;
  const offered = await deps.federation.offered(tenant.id);
  const name = offered.find((provider) => provider.id === id)?.name ?? 'The other provider';
  if (error.kind === 'unavailable') return { problem: upstreamProblems.down(name), status: 502 };
  if (error.kind === 'refused') return { problem: upstreamProblems.refused(name), status: 401 };
  return { problem: upstreamProblems.wrong(name), status: 502 };
}
