import type { Clock } from '../../lib/clock.ts';
import { sha256 } from '../../lib/digest.ts';
import type { Keyring } from '../../lib/keyring.ts';
import type { Account } from '../accounts/account.ts';
import type { AccountStore } from '../accounts/account-store.ts';
import type { Audit } from '../audit/audit.ts';
import type { Origin } from '../audit/audit-log.ts';
import type { CounterRule, Counters } from '../limits/counters.ts';
import { totalRule } from '../limits/total-rule.ts';
import type { Notices } from '../mail/notices.ts';
import type { Role } from '../policy/roles.ts';
import type { MfaStore } from './mfa-store.ts';
import { matchTotp, newRecoveryCodes, parseRecoveryCode } from './totp.ts';

/** `until` undefined: until the password is set anew. */
export type ProofOutcome =
  | { readonly kind: 'passed' | 'wrong' | 'replayed' }
  | { readonly kind: 'paused'; readonly until: Date | undefined };

/** `codes`: the recovery codes, which nobody can read again. `taken`: there is a factor already, and it stays. */
export type EnrolOutcome =
  | { readonly kind: 'enrolled'; readonly codes: readonly string[] }
  | { readonly kind: 'wrong' }
  | { readonly kind: 'taken' };

export interface MfaService {
  /** Whether their role may not do without a second factor. */
  owes(account: Account): boolean;
  /** What this person owes after the password: nothing, a code, or setting up an authenticator first. */
  required(account: Account): Promise<'none' | 'code' | 'enrol'>;
  /** Counts against the account, whatever sign-in it belongs to; each time step is accepted once. */
  proveTotp(account: Account, code: string, origin: Origin): Promise<ProofOutcome>;
  /** Same count; each recovery code works once. */
  proveRecoveryCode(account: Account, code: string, origin: Origin): Promise<ProofOutcome>;
  /** Turns two-step sign-in on when `code` fits `secret`. Never replaces a factor: whoever has one proves it instead. */
  enrol(account: Account, secret: string, code: string, origin: Origin): Promise<EnrolOutcome>;
  /**
   * False when there was nothing to remove. Counts the credential version up, which voids sign-ins under way and browser sessions:
   * they may rest on the factor that is taken away, and ends what came of signing in by API. Tokens of applications and private tokens go on.
   */
  remove(account: Account, origin: Origin): Promise<boolean>;
  /** Lifts every pause that wrong codes put on this person. */
  forgive(account: Account): Promise<void>;
}

export interface MfaServiceDeps {
  readonly mfa: MfaStore;
  readonly accounts: AccountStore;
  readonly counters: Counters;
  readonly keyring: Keyring;
  /** The person hears of it: it may have been somebody else. Undefined: nobody does. */
  readonly notices: Pick<Notices, 'secondFactorSet' | 'secondFactorRemoved'> | undefined;
  readonly audit: Audit;
  readonly clock: Clock;
  readonly limits: { readonly account: CounterRule; readonly accountTotal: number };
  readonly requiredRoles: readonly Role[];
  /** Ends what came of this person's signing in by API: it may rest on the factor that is taken away. */
  readonly endSignIns: (account: Account) => Promise<void>;
}

const digestOf = (account: Account, code: string) => sha256(`${account.id} ${parseRecoveryCode(code)}`);
const keysOf = ({ id }: Account) => ({ window: `mfa:${id}`, total: `mfa:total:${id}` });
const recordOf = (account: Account) => `totp ${account.id}`;

export function createMfaService(deps: MfaServiceDeps): MfaService {
  const { mfa, counters, keyring, notices, audit, clock, limits } = deps;
  const inTotal = totalRule(limits.accountTotal);
  const about = (account: Account, origin: Origin) => ({ origin, tenantId: account.tenantId, accountId: account.id });

  async function count(account: Account): Promise<{ readonly until: Date | undefined } | undefined> {
    const { window, total } = keysOf(account);
    const state = await counters.hit(window, limits.account, clock());
    if (!state.allowed) return { until: state.resetsAt };
    return (await counters.hit(total, inTotal, clock())).allowed ? undefined : { until: undefined };
  }

  async function forgive(account: Account): Promise<void> {
    const { window, total } = keysOf(account);
    await counters.clear(window);
    await counters.clear(total);
  }

  /** Counts first and takes the count back on success, so that parallel guesses cannot slip past the limit. */
  async function limited(account: Account, origin: Origin, prove: () => Promise<'passed' | 'wrong' | 'replayed'>): Promise<ProofOutcome> {
    const paused = await count(account);
    if (paused) {
      await audit.record({ type: 'login.paused', ...about(account, origin), detail: { step: 'mfa' } });
      return { kind: 'paused', until: paused.until };
    }
    const kind = await prove();
    if (kind === 'passed') await forgive(account);
    else await audit.record({ type: kind === 'replayed' ? 'mfa.replayed' : 'mfa.failed', ...about(account, origin) });
    return { kind };
  }

  const owes = (account: Account) => deps.requiredRoles.includes(account.role);

  return {
    forgive,
    owes,

    async required(account) {
      if (await mfa.find(account.tenantId, account.id)) return 'code';
      return owes(account) ? 'enrol' : 'none';
    },

    proveTotp: (account, code, origin) =>
      limited(account, origin, async () => {
        const factor = await mfa.find(account.tenantId, account.id);
        const step = factor && (await matchTotp(keyring.open(factor.sealedSecret, recordOf(account)), code, clock));
        if (step === undefined) return 'wrong';
        if (!(await mfa.acceptStep(account.tenantId, account.id, step))) return 'replayed';
        await audit.record({ type: 'mfa.succeeded', ...about(account, origin), detail: { method: 'totp' } });
        return 'passed';
      }),

    proveRecoveryCode: (account, code, origin) =>
      limited(account, origin, async () => {
        if (!(await mfa.useRecoveryCode(account.tenantId, account.id, digestOf(account, code)))) return 'wrong';
        const left = await mfa.countRecoveryCodes(account.tenantId, account.id);
        await audit.record({ type: 'mfa.recovery_code_used', ...about(account, origin), detail: { left } });
        return 'passed';
      }),

    async enrol(account, secret, code, origin) {
      const step = await matchTotp(secret, code, clock);
      if (step === undefined) {
        await audit.record({ type: 'mfa.failed', ...about(account, origin), detail: { step: 'enrol' } });
        return { kind: 'wrong' };
      }
      const codes = newRecoveryCodes();
      const factor = { accountId: account.id, sealedSecret: keyring.seal(secret, recordOf(account)), lastStep: step, confirmedAt: clock() };
      const digests = codes.map((recovery) => digestOf(account, recovery));
      if (!(await mfa.enrol(account.tenantId, factor, digests))) return { kind: 'taken' };
      await audit.record({ type: 'mfa.enrolled', ...about(account, origin), detail: { method: 'totp' } });
      notices?.secondFactorSet(account, origin);
      return { kind: 'enrolled', codes };
    },

    async remove(account, origin) {
      if (!(await mfa.find(account.tenantId, account.id))) return false;
      // First: cut off in between, people sign in again with the factor they still have.
      await deps.accounts.update(account.tenantId, account.id, (old) => ({ ...old, credentialVersion: old.credentialVersion + 1 }));
      // Before and after: wherever this is cut off, and whatever is issued meanwhile, nothing outlives the factor it may rest on.
      await deps.endSignIns(account);
      const removed = await mfa.remove(account.tenantId, account.id);
      if (!removed) return false;
      await deps.endSignIns(account);
      await audit.record({ type: 'mfa.removed', ...about(account, origin) });
      notices?.secondFactorRemoved(account, origin);
      return true;
    },
  };
}
