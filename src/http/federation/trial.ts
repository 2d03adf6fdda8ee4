import type { Context } from 'koa';
import type { TrialJourney, Trials } from '../../domain/federation/trials.ts';
import type { ProviderId } from '../../domain/federation/upstream-provider.ts';
import { originOf } from '../middleware/request-context.ts';
import type { Views } from '../views.ts';

interface Answer {
  readonly provider: ProviderId;
  readonly journey: TrialJourney;
  readonly query: URLSearchParams;
}

/** Somebody tried a provider out, and is back: what it told of them, and what would come of that here. Whoever began the trial hears the same. */
export async function showTrial(
  ctx: Context,
  { provider, journey, query }: Answer,
  { trials, views, tenantName }: { trials: Trials; views: Views; tenantName: string },
): Promise<void> {
  const callback = new URL(`?${query}`, 'https://callback.invalid');
  const outcome = await trials.finish({ provider, journey, callback }, originOf(ctx));
  ctx.type = 'html';
  ctx.body = views.render('federation/trial', { tenantName, provider, outcome });
}
