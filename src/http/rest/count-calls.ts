import type { Context } from 'koa';
import { addressBucket } from '../../domain/limits/address.ts';
import type { RateLimits, RateRule, RateState } from '../../domain/limits/rate-limits.ts';
import type { TenantId } from '../../domain/tenants/tenant.ts';
import { type Clock, epochSeconds } from '../../lib/clock.ts';
import { TroubleError } from './trouble.ts';
import { secondsUntil } from './trouble-of.ts';

interface CountDeps {
  readonly rates: RateLimits;
  readonly limits: { readonly address: RateRule; readonly tenant: RateRule };
  readonly clock: Clock;
}

type Rate = Omit<RateState, 'allowed'>;

/** @param shown whether the answer carries X-RateLimit-* @throws TroubleError beyond the limit of this client address */
export async function countAddress(ctx: Context, { rates, limits, clock }: CountDeps, shown: boolean): Promise<void> {
  judge(ctx, await rates.hit(`api:address:${addressBucket(ctx.ip)}`, limits.address), { shown, now: clock() });
}

/** @throws TroubleError beyond the limit of this tenant */
export async function countTenant(ctx: Context, tenant: TenantId, { rates, limits, clock }: CountDeps, shown: boolean): Promise<void> {
  judge(ctx, await rates.hit(`api:tenant:${tenant}`, limits.tenant), { shown, now: clock() });
}

/** Besides those two, for what costs more than others. @throws TroubleError */
export async function countCostly(
  ctx: Context,
  { key, rule }: { readonly key: string; readonly rule: RateRule },
  { rates, clock }: Pick<CountDeps, 'rates' | 'clock'>,
): Promise<void> {
  judge(ctx, await rates.hit(`api:${key}`, rule), { shown: true, now: clock() });
}

function judge(ctx: Context, state: RateState, { shown, now }: { shown: boolean; now: Date }): void {
  if (shown) showRate(ctx, state);
  if (!state.allowed) throw new TroubleError({ kind: 'rate_limited', seconds: secondsUntil(state.resetsAt, now) });
}

/** Of all limits that a call counted for, the one with the least left is shown. */
export function showRate(ctx: Context, rate: Rate): void {
  const before = ctx.state.rate as Rate | undefined;
  if (before && before.remaining <= rate.remaining) return;
  ctx.state.rate = rate;
  ctx.set('X-RateLimit-Limit', String(rate.limit));
  ctx.set('X-RateLimit-Remaining', String(rate.remaining));
  ctx.set('X-RateLimit-Reset', String(epochSeconds(new Date(rate.resetsAt.getTime() + 999))));
}
