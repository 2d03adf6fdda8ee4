import { renderSVG } from 'uqr';
import { z } from 'zod';
import type { Account } from '../../domain/accounts/account.ts';
import type { LoginChallenge } from '../../domain/login/challenge-store.ts';
import type { ProofOutcome } from '../../domain/mfa/mfa-service.ts';
import { formatRecoveryCode, totpUri } from '../../domain/mfa/totp.ts';
import { originOf } from '../middleware/request-context.ts';
import { trustedHtml } from '../trusted-html.ts';
import { type Problem, problems } from '../words.ts';
import { challengeExpiry } from './begin-second-factor.ts';
import { completeSignIn } from './complete-sign-in.ts';
import { backToShow, challengeId, formPage, onGet, onPost, page, pathOf, personOf, type Step } from './context.ts';
import { showPasswordForm } from './password.ts';

type Challenge = NonNullable<Step['challenge']>;

const openSecret = ({ deps }: Step, { id, sealedSecret }: LoginChallenge) => deps.keyring.open(sealedSecret ?? '', `challenge ${id}`);

export async function showSecondFactor(step: Step, challenge: Challenge): Promise<void> {
  if (challenge.step === 'code') return showTotpForm(step, challenge);
  if (challenge.step === 'enrol') return showEnrolment(step, challenge);
  showRecoveryCodes(step, challenge);
}

function showTotpForm(step: Step, { account }: Challenge, problem?: Problem, status?: number): void {
  const paths = { startOverAction: pathOf(step, 'start-over'), recoveryPath: pathOf(step, 'recovery') };
  page(step, 'interaction/totp', { ...formPage(step, 'totp'), ...paths, person: personOf(account), problem }, status);
}

function showRecoveryPage(step: Step, { account }: Challenge, problem?: Problem, status?: number): void {
  const paths = { startOverAction: pathOf(step, 'start-over'), totpPath: pathOf(step) };
  page(step, 'interaction/recovery', { ...formPage(step, 'recovery'), ...paths, person: personOf(account), problem }, status);
}

function showEnrolment(step: Step, challenge: Challenge, problem?: Problem, status?: number): void {
  const key = openSecret(step, challenge);
  const uri = totpUri({ secret: key, issuer: step.tenantName, label: challenge.account.email });
  const qr = trustedHtml(renderSVG(uri, { ecc: 'M', border: 4 }));
  page(step, 'interaction/totp-enrol', { ...formPage(step, 'enrol'), qr, key, cancelAction: pathOf(step, 'cancel'), problem }, status);
}

function showRecoveryCodes(step: Step, challenge: Challenge, problem?: Problem): void {
  const codes = (JSON.parse(openSecret(step, challenge)) as string[]).map(formatRecoveryCode);
  page(step, 'interaction/recovery-codes', {
    ...formPage(step, 'codes'),
    codes,
    login: challenge.account.email,
    madeAt: step.deps.clock(),
    textPath: undefined,
    problem,
  });
}

export const showRecoveryForm = onGet(async (step) => {
  if (step.challenge?.step !== 'code') return backToShow(step);
  showRecoveryPage(step, step.challenge);
});

const codeField = z.strictObject({ code: z.string().max(64) });

export const proveTotp = onPost(codeField, (step, { code }) =>
  prove(step, {
    attempt: (account) => step.deps.mfa.proveTotp(account, code, originOf(step.ctx)),
    amr: ['otp', 'mfa'],
    wrong: problems.wrongCode,
    again: showTotpForm,
  }),
);

export const proveRecoveryCode = onPost(codeField, (step, { code }) =>
  prove(step, {
    attempt: (account) => step.deps.mfa.proveRecoveryCode(account, code, originOf(step.ctx)),
    amr: ['mfa'],
    wrong: problems.wrongRecoveryCode,
    again: showRecoveryPage,
  }),
);

interface Proof {
  readonly attempt: (account: Account) => Promise<ProofOutcome>;
  /** RFC 8176; it has no name of its own for a recovery code. */
  readonly amr: readonly string[];
  readonly wrong: Problem;
  readonly again: (step: Step, challenge: Challenge, problem: Problem, status: number) => void;
}

async function prove(step: Step, { attempt, amr, wrong, again }: Proof): Promise<void> {
  const { challenge, deps } = step;
  if (challenge?.step !== 'code') return backToShow(step);
  const lastTry = await countTry(step, challenge);
  if (lastTry === 'beyond') return await sendBack(step);
  const outcome = await attempt(challenge.account);
  if (outcome.kind === 'paused')
    return again(step, challenge, outcome.until ? problems.codesPaused(outcome.until) : problems.codesShut, 429);
  if (outcome.kind === 'passed') {
    // Two right answers at the same time finish one sign-in.
    if (!(await deps.challenges.remove(challenge.id))) return backToShow(step);
    return await completeSignIn(step, challenge.account, {
      amr: [...challenge.amr, ...amr],
      acr: 'aal2',
      remember: challenge.remember,
    });
  }
  if (lastTry === 'last') return await sendBack(step);
  again(step, challenge, outcome.kind === 'replayed' ? problems.usedCode : wrong, 401);
}

/** Counted before the code is looked at, so that parallel guesses do not get more tries than one after the other would. */
async function countTry({ deps }: Step, challenge: Challenge): Promise<'more' | 'last' | 'beyond'> {
  const tries = await deps.challenges.countTry(challenge.id, deps.clock());
  if (tries === 0 || tries > deps.maxTries) return 'beyond';
  return tries === deps.maxTries ? 'last' : 'more';
}

/** Too many wrong codes: the password has to be given again. */
async function sendBack(step: Step): Promise<void> {
  await step.deps.challenges.remove(challengeId(step.pending));
  await showPasswordForm(step, { problem: problems.tooManyCodes, status: 401 });
}

export const enrol = onPost(codeField, async (step, { code }) => {
  const { challenge, deps } = step;
  if (challenge?.step !== 'enrol') return backToShow(step);
  const lastTry = await countTry(step, challenge);
  if (lastTry === 'beyond') return await sendBack(step);
  const outcome = await deps.mfa.enrol(challenge.account, openSecret(step, challenge), code, originOf(step.ctx));
  if (outcome.kind === 'taken') {
    // Set up by another sign-in meanwhile: this one owes its code.
    await deps.challenges.remove(challenge.id);
    return backToShow(step);
  }
  if (outcome.kind === 'wrong') return lastTry === 'last' ? await sendBack(step) : showEnrolment(step, challenge, problems.wrongCode, 401);
  const { account: _account, ...stored } = challenge;
  const sealedSecret = deps.keyring.seal(JSON.stringify(outcome.codes), `challenge ${challenge.id}`);
  await deps.challenges.put({
    ...stored,
    step: 'codes',
    sealedSecret,
    amr: [...stored.amr, 'otp', 'mfa'],
    expiresAt: challengeExpiry(step),
  });
  backToShow(step);
});

export const confirmCodesKept = onPost(z.strictObject({ kept: z.literal('1').optional() }), async (step, { kept }) => {
  const { challenge, deps } = step;
  if (challenge?.step !== 'codes') return backToShow(step);
  if (kept !== '1') return showRecoveryCodes(step, challenge, problems.codesNotKept);
  if (!(await deps.challenges.remove(challenge.id))) return backToShow(step);
  await completeSignIn(step, challenge.account, { amr: challenge.amr, acr: 'aal2', remember: challenge.remember });
});
