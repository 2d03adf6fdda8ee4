import { z } from 'zod';
import { accountId } from '../../domain/accounts/account.ts';
import { originOf } from '../middleware/request-context.ts';
import { beginSecondFactor } from './begin-second-factor.ts';
import { showConsent } from './consent.ts';
import {
  AS_ANOTHER,
  backToShow,
  challengeId,
  formPage,
  goTo,
  isAnother,
  onGet,
  onPost,
  page,
  pathOf,
  personOf,
  type Step,
} from './context.ts';
import { showLinkOffer } from './link.ts';
import { takeNotice } from './notice.ts';
import { showPasswordForm } from './password.ts';
import { showSecondFactor } from './second-factor.ts';
import { hintedProvider, sendUpstream } from './send-upstream.ts';

/** What is due now, from what is stored and nothing else. */
export const show = onGet(async (step) => {
  const { pending, challenge } = step;
  if (challenge?.step === 'link') return await showLinkOffer(step, challenge);
  if (challenge) return await showSecondFactor(step, challenge);
  const notice = takeNotice(step);
  if (notice || isAnother(step)) return await showPasswordForm(step, notice);
  if (pending.prompt === 'consent') return await showConsent(step);
  if (pending.prompt === 'select_account' && pending.sessionAccountId) return await showAccountChoice(step);
  if (pending.prompt === 'mfa') return await stepUp(step);
  const hinted = hintedProvider(step);
  if (hinted) {
    const trouble = await sendUpstream(step, hinted);
    return trouble && (await showPasswordForm(step, trouble));
  }
  await showPasswordForm(step);
});

async function sessionAccount({ deps, pending }: Step) {
  const account = pending.sessionAccountId && (await deps.accounts.findSubject(accountId(pending.sessionAccountId)));
  return account && !account.disabled ? account : undefined;
}

async function showAccountChoice(step: Step): Promise<void> {
  const account = await sessionAccount(step);
  if (!account) return await showPasswordForm(step);
  page(step, 'interaction/select-account', {
    ...formPage(step, 'account'),
    clientName: step.pending.client.name,
    person: personOf(account),
  });
}

/**
 * A session that has the first proof owes the second: no password again for whoever has an authenticator.
 * Setting one up takes the password: a session alone, which may be stolen, must not lock its person out.
 */
async function stepUp(step: Step): Promise<void> {
  const { deps, pending } = step;
  const account = await sessionAccount(step);
  if (!account || (await deps.mfa.required(account)) !== 'code') return await showPasswordForm(step);
  await beginSecondFactor(step, account, { owed: 'code', amr: pending.sessionAmr, remember: pending.sessionRemembered });
}

export const chooseAccount = onPost(z.strictObject({ choice: z.enum(['continue', 'another']) }), async (step, { choice }) => {
  if (choice === 'another') return goTo(step.ctx, `${pathOf(step)}${AS_ANOTHER}`);
  if (step.pending.prompt !== 'select_account' || !step.pending.sessionAccountId) return backToShow(step);
  goTo(step.ctx, await step.deps.engine.keepAccount(step.ctx));
});

/** "Not you?": whatever was proved so far is forgotten. */
export const startOver = onPost(z.strictObject({}), async (step) => {
  await step.deps.challenges.remove(challengeId(step.pending));
  goTo(step.ctx, `${pathOf(step)}${AS_ANOTHER}`);
});

/** The application hears access_denied. The button stands in the form of the code, so that comes along. */
export const cancel = onPost(z.strictObject({ code: z.string().max(64).optional() }), async (step) => {
  await step.deps.challenges.remove(challengeId(step.pending));
  await step.deps.audit.record({
    type: 'login.abandoned',
    origin: originOf(step.ctx),
    tenantId: step.pending.client.tenantId,
    accountId: step.challenge?.account.id ?? step.pending.sessionAccountId,
    clientId: step.pending.client.id,
  });
  goTo(step.ctx, await step.deps.engine.refuse(step.ctx));
});
