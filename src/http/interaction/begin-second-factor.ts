import type { Account } from '../../domain/accounts/account.ts';
import { newTotpSecret } from '../../domain/mfa/totp.ts';
import { backToShow, challengeId, type Step } from './context.ts';

export function challengeExpiry({ deps }: Step): Date {
  return new Date(deps.clock().getTime() + deps.challengeSeconds * 1000);
}

/** Stores that the first proof is given and which second one is owed, then shows its page. */
export async function beginSecondFactor(
  step: Step,
  account: Account,
  first: { owed: 'code' | 'enrol'; amr: readonly string[]; remember: boolean },
): Promise<void> {
  const { deps, pending } = step;
  const id = challengeId(pending);
  await deps.challenges.put({
    id,
    tenantId: account.tenantId,
    accountId: account.id,
    credentialVersion: account.credentialVersion,
    step: first.owed,
    remember: first.remember,
    sealedSecret: first.owed === 'enrol' ? deps.keyring.seal(newTotpSecret(), `challenge ${id}`) : undefined,
    amr: first.amr,
    expiresAt: challengeExpiry(step),
  });
  backToShow(step);
}
