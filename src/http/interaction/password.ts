import { z } from 'zod';
import { accountId } from '../../domain/accounts/account.ts';
import type { OfferedProvider } from '../../domain/federation/federation-service.ts';
import type { PasswordOutcome } from '../../domain/login/login-service.ts';
import { originOf } from '../middleware/request-context.ts';
import { type Problem, problems } from '../words.ts';
import { beginSecondFactor } from './begin-second-factor.ts';
import { completeSignIn, deviceCookie } from './complete-sign-in.ts';
import { AS_ANOTHER, formPage, isAnother, onPost, page, pathOf, personOf, type Step } from './context.ts';
import { linkTicket } from './link-ticket.ts';
import { sendUpstream } from './send-upstream.ts';

interface Shown {
  readonly identifier?: string;
  readonly remember?: boolean;
  readonly problem?: Problem;
  readonly status?: number;
}

export async function showPasswordForm(step: Step, shown: Shown = {}): Promise<void> {
  const { pending, deps } = step;
  const another = isAnother(step);
  const known = pending.reauthenticate && !another && pending.sessionAccountId;
  const account = known ? await deps.accounts.findSubject(accountId(known)) : undefined;
  const identifier = shown.identifier ?? account?.email ?? pending.loginHint ?? '';
  const home = await homeOf(step, identifier);
  const providers = await deps.federation.offered(pending.client.tenantId);
  page(
    step,
    'interaction/login',
    {
      ...formPage(step, another ? `password${AS_ANOTHER}` : 'password'),
      clientName: pending.client.name,
      identifier,
      remember: shown.remember ?? false,
      reauthenticate: account && { person: personOf(account), startOverAction: pathOf(step, 'start-over') },
      problem: shown.problem,
      home,
      providers: hintedFirst(
        providers.filter(({ id }) => id !== home?.id),
        pending.providerHint,
      ),
      sendsHome: !linkTicket(step) && providers.some(({ homeDomains }) => homeDomains.length > 0),
      providerAction: pathOf(step, 'upstream'),
    },
    shown.status,
  );
}

function hintedFirst(providers: readonly OfferedProvider[], hint: string | undefined): readonly OfferedProvider[] {
  return providers.toSorted((one, other) => Number(other.id === hint) - Number(one.id === hint));
}

/**
 * Whoever has an address of another provider proves themselves there; their username, if they have one, still takes a password here.
 * Who is to show that an account here is theirs shows it here.
 */
async function homeOf(step: Step, identifier: string): Promise<OfferedProvider | undefined> {
  return linkTicket(step) ? undefined : await step.deps.federation.homeOf(step.pending.client.tenantId, identifier);
}

const fields = z.strictObject({ identifier: z.string().min(1).max(320), password: z.string(), remember: z.literal('1').optional() });

export const signInWithPassword = onPost(fields, async (step, { identifier, password, remember }) => {
  const { ctx, deps } = step;
  const { tenantId } = step.pending.client;
  const keep = remember === '1';
  const home = await homeOf(step, identifier);
  if (home) {
    const trouble = await sendUpstream(step, home.id, identifier);
    return trouble && (await showPasswordForm(step, { ...trouble, identifier }));
  }
  if (password === '') return await showPasswordForm(step, { identifier, remember: keep, problem: problems.passwordMissing, status: 400 });
  const device = deviceCookie(ctx);
  const outcome = await deps.login.checkPassword({
    tenantId,
    identifier,
    password,
    deviceCookie: device,
    origin: originOf(ctx),
    counts: 'failures',
  });
  if (outcome.kind !== 'passed') return await refuse(step, outcome, { identifier, remember: keep });
  const { account } = outcome;
  const required = await deps.mfa.required(account);
  const owed = required === 'none' && step.pending.asksSecondFactor ? 'enrol' : required;
  if (owed !== 'none') return await beginSecondFactor(step, account, { owed, amr: ['pwd'], remember: keep });
  await completeSignIn(step, account, { amr: ['pwd'], acr: 'aal1', remember: keep });
});

async function refuse(
  step: Step,
  outcome: Exclude<PasswordOutcome, { kind: 'passed' }>,
  typed: Pick<Shown, 'identifier' | 'remember'>,
): Promise<void> {
  if (outcome.kind === 'failed') return await showPasswordForm(step, { ...typed, problem: problems.wrongPassword, status: 401 });
  const { until, limit } = outcome;
  const problem =
    until === undefined ? problems.accountShut : limit === 'address' ? problems.addressPaused(until) : problems.accountPaused(until);
  if (until) step.ctx.set('Retry-After', String(Math.max(1, Math.ceil((until.getTime() - step.deps.clock().getTime()) / 1000))));
  await showPasswordForm(step, { ...typed, problem, status: 429 });
}
