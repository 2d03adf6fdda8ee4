import { z } from 'zod';
import type { FederationOutcome } from '../../domain/federation/federation-service.ts';
import { providerId } from '../../domain/federation/upstream-provider.ts';
import { paramOf } from '../middleware/param.ts';
import { originOf } from '../middleware/request-context.ts';
import { linkFirst, problems, upstreamRefusals } from '../words.ts';
import { beginSecondFactor } from './begin-second-factor.ts';
import { completeSignIn } from './complete-sign-in.ts';
import { journeyOf, onGet, onPost, type Step } from './context.ts';
import { keepLinkTicket } from './link-ticket.ts';
import { backWith } from './notice.ts';
import { showPasswordForm } from './password.ts';
import { sendUpstream, troubleWith } from './send-upstream.ts';

/** A button of the sign-in page. */
export const signInUpstream = onPost(z.strictObject({ provider: z.string().min(1).max(40) }), async (step, { provider }) => {
  const trouble = await sendUpstream(step, providerId(provider));
  if (trouble) await showPasswordForm(step, trouble);
});

/**
 * The browser comes back: the callback of the provider (http/federation/router.ts) sent it here, where the interaction's cookie is. Whatever became of
 * it, nobody stays at this address: it is good once.
 */
export const arriveFromUpstream = onGet(async (step) => {
  const { ctx, deps } = step;
  const provider = providerId(paramOf(ctx, 'provider'));
  const callback = new URL(ctx.url, 'https://callback.invalid');
  let outcome: FederationOutcome;
  try {
    outcome = await deps.federation.finish({ provider, journey: journeyOf(step), callback }, originOf(ctx));
  } catch (error) {
    return backWith(step, { problem: problems.answerUsed, status: 400, ...(await troubleWith(step, error, provider)) });
  }
  await settle(step, outcome);
});

async function settle(step: Step, outcome: FederationOutcome): Promise<void> {
  if (outcome.kind === 'refused') return backWith(step, { problem: upstreamRefusals[outcome.reason](outcome.provider.name), status: 403 });
  if (outcome.kind === 'signed_in') return await goOn(step, outcome);
  keepLinkTicket(step, outcome.ticket);
  const { provider, accountEmail } = outcome;
  backWith(step, { identifier: accountEmail, problem: linkFirst(provider.name, accountEmail) });
}

/** As after a password; the provider's second factor counts where it is trusted for that. */
async function goOn(step: Step, { account, amr, secondFactor }: Extract<FederationOutcome, { kind: 'signed_in' }>): Promise<void> {
  if (secondFactor) return await completeSignIn(step, account, { amr, acr: 'aal2', remember: false });
  const required = await step.deps.mfa.required(account);
  const owed = required === 'none' && step.pending.asksSecondFactor ? 'enrol' : required;
  if (owed !== 'none') return await beginSecondFactor(step, account, { owed, amr, remember: false });
  await completeSignIn(step, account, { amr, acr: 'aal1', remember: false });
}
