import type { Context } from 'koa';
import type { Account } from '../../domain/accounts/account.ts';
import { FEDERATED } from '../../domain/federation/people.ts';
import type { Visit } from '../../domain/federation/visits.ts';
import { InteractionLostError, type SignIn } from '../../domain/sessions/interaction.ts';
import { originOf } from '../middleware/request-context.ts';
import { backToShow, challengeId, goTo, journeyOf, type Step } from './context.ts';
import { linkTicket } from './link-ticket.ts';

const DEVICE_COOKIE = 'gatehouse_device';
const DEVICE_DAYS = 400;

type Proof = Pick<SignIn, 'amr' | 'acr' | 'remember'>;

export function deviceCookie(ctx: Context): string | undefined {
  return ctx.cookies.get(DEVICE_COOKIE, { signed: false });
}

/** The person has proved all that is asked. When they came from another provider first, they are asked about the link before they go on. */
export async function completeSignIn(step: Step, account: Account, proof: Proof): Promise<void> {
  const { deps } = step;
  const ticket = linkTicket(step);
  const offered = ticket && (await deps.federation.offeredLink(ticket, account, journeyOf(step)));
  if (!offered) return await finishSignIn(step, account, proof);
  await deps.challenges.put({
    id: challengeId(step.pending),
    tenantId: account.tenantId,
    accountId: account.id,
    credentialVersion: account.credentialVersion,
    step: 'link',
    remember: proof.remember,
    sealedSecret: undefined,
    amr: proof.amr,
    expiresAt: new Date(deps.clock().getTime() + deps.challengeSeconds * 1000),
  });
  backToShow(step);
}

/** The device is remembered, the engine takes over. */
export async function finishSignIn({ ctx, deps, pending }: Step, account: Account, proof: Proof): Promise<void> {
  const elsewhere = proof.amr.includes(FEDERATED) ? await visitOf({ deps, pending }, account) : undefined;
  const cookie = deps.devices.remember(deviceCookie(ctx), account);
  ctx.cookies.set(DEVICE_COOKIE, cookie, {
    httpOnly: true,
    sameSite: 'lax',
    secure: deps.secureCookies,
    signed: false,
    path: '/interaction',
    maxAge: DEVICE_DAYS * 86_400_000,
  });
  await deps.audit.record({
    type: 'login.succeeded',
    origin: originOf(ctx),
    tenantId: account.tenantId,
    accountId: account.id,
    clientId: pending.client.id,
    detail: { amr: proof.amr, acr: proof.acr },
  });
  await deps.newPlaces.announce(account, originOf(ctx));
  const { id: accountId, credentialVersion } = account;
  // A code that they gave here proves it now.
  const authTime = proof.amr.includes('otp') ? undefined : elsewhere?.authTime;
  goTo(ctx, await deps.engine.signIn(ctx, { accountId, credentialVersion, ...proof, visit: elsewhere?.id, authTime }));
}

/** That of this sign-in; a session that only owed its second factor goes on hanging on the one it has. */
async function visitOf({ deps, pending }: Pick<Step, 'deps' | 'pending'>, account: Account): Promise<Pick<Visit, 'id' | 'authTime'>> {
  const begun = await deps.visits.ofSignIn(pending.uid);
  if (begun?.accountId === account.id) return begun;
  if (pending.sessionAccountId === account.id && pending.sessionVisit) return { id: pending.sessionVisit, authTime: undefined };
  throw new InteractionLostError('They have signed out where they came from in the meantime.');
}
