import { z } from 'zod';
import { originOf } from '../middleware/request-context.ts';
import { problems } from '../words.ts';
import { finishSignIn } from './complete-sign-in.ts';
import { backToShow, formPage, journeyOf, onPost, page, personOf, type Step } from './context.ts';
import { dropLinkTicket, linkTicket } from './link-ticket.ts';
import { backWith, takeNotice } from './notice.ts';

type Challenge = NonNullable<Step['challenge']>;

/** Signed in here, and known there: whether the two are one person is theirs to say. */
export async function showLinkOffer(step: Step, challenge: Challenge): Promise<void> {
  const shown = { ...formPage(step, 'link'), person: personOf(challenge.account) };
  const notice = takeNotice(step);
  if (notice) return page(step, 'interaction/not-linked', { ...shown, problem: notice.problem });
  const offered = await step.deps.federation.offeredLink(linkTicket(step) ?? '', challenge.account, journeyOf(step));
  if (!offered) return await finish(step, challenge);
  const { provider, label } = offered;
  page(step, 'interaction/link', { ...shown, providerName: provider.name, label });
}

export const decideLink = onPost(z.strictObject({ decision: z.enum(['link', 'skip']) }), async (step, { decision }) => {
  const { challenge, deps, ctx } = step;
  if (challenge?.step !== 'link') return backToShow(step);
  const ticket = linkTicket(step) ?? '';
  // Two answers at the same time finish one sign-in.
  if (!(await deps.challenges.remove(challenge.id))) return backToShow(step);
  const linked = decision === 'skip' || (await deps.federation.link(ticket, challenge.account, journeyOf(step), originOf(ctx)));
  if (!linked) return await sayNotLinked(step, challenge);
  await goOn(step, challenge);
});

/** They are signed in all the same, once they have read it. */
async function sayNotLinked(step: Step, { account: _account, ...challenge }: Challenge): Promise<void> {
  await step.deps.challenges.put(challenge);
  dropLinkTicket(step);
  backWith(step, { problem: problems.notLinked });
}

async function finish(step: Step, challenge: Challenge): Promise<void> {
  if (!(await step.deps.challenges.remove(challenge.id))) return backToShow(step);
  await goOn(step, challenge);
}

async function goOn(step: Step, { account, amr, remember }: Challenge): Promise<void> {
  dropLinkTicket(step);
  await finishSignIn(step, account, { amr, acr: amr.includes('mfa') ? 'aal2' : 'aal1', remember });
}
