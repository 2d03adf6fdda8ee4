import type { Context } from 'koa';
import { clientId } from '../../domain/clients/client.ts';
import type { ClientStore } from '../../domain/clients/client-store.ts';
import type { InteractionLostError, PendingInteraction } from '../../domain/sessions/interaction.ts';
import { type Clock, epochSeconds } from '../../lib/clock.ts';
import { InteractionOverError } from '../errors.ts';

const COOKIE = 'gatehouse_trail';
const DAY_MS = 86_400_000;

interface TrailDeps {
  readonly clients: ClientStore;
  readonly clock: Clock;
  readonly secureCookies: boolean;
}

/**
 * What this browser keeps of an interaction, at its address, beyond its end: which application it was for, and until when it was good.
 * So a page that expired, and one that Back returns to, can say so and lead back, and a sign-in from another browser is still told apart.
 */
export function leaveTrail(ctx: Context, { uid, client, secondsLeft }: PendingInteraction, deps: TrailDeps): void {
  ctx.cookies.set(COOKIE, `${epochSeconds(deps.clock()) + secondsLeft} ${encodeURIComponent(client.id)}`, {
    httpOnly: true,
    sameSite: 'lax',
    secure: deps.secureCookies,
    signed: true,
    path: `/interaction/${uid}`,
    maxAge: DAY_MS,
  });
}

/** The reason behind a lost interaction, as far as this browser remembers it. */
export async function explainLoss(ctx: Context, lost: InteractionLostError, deps: TrailDeps): Promise<Error> {
  const [goodUntil = '', id = ''] = ctx.cookies.get(COOKIE, { signed: true })?.split(' ') ?? [];
  const client = await deps.clients.find(clientId(decodeURIComponent(id)));
  if (!client || client.disabled) return lost;
  const code = epochSeconds(deps.clock()) < Number(goodUntil) ? 'interaction_done' : 'interaction_expired';
  return new InteractionOverError(code, client, lost);
}
