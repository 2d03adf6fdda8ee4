import type { Clock } from '../../lib/clock.ts';
import { sha256 } from '../../lib/digest.ts';
import { type Account, type LoginKey, loginKey } from '../accounts/account.ts';
import type { AccountStore } from '../accounts/account-store.ts';
import type { PasswordHasher } from '../accounts/password-hasher.ts';
import { MAX_PASSWORD_LENGTH } from '../accounts/password-policy.ts';
import type { Audit } from '../audit/audit.ts';
import type { Origin } from '../audit/audit-log.ts';
import { OverloadedError } from '../errors.ts';
import { addressBucket } from '../limits/address.ts';
import type { CounterRule, Counters } from '../limits/counters.ts';
import type { KnownDevices } from '../limits/known-device.ts';

export interface PasswordAttempt {
  /** E-mail or username, as typed. */
  readonly identifier: string;
  readonly password: string;
  /** The known-device cookie, if the browser sent one. */
  readonly deviceCookie: string | undefined;
  readonly origin: Origin;
}

/** `failed` is one answer for no such person, wrong password, no password and disabled. `until` undefined: until the password is set anew. */
export type PasswordOutcome =
  | { readonly kind: 'passed'; readonly account: Account }
  | { readonly kind: 'failed' }
  | { readonly kind: 'paused'; readonly limit: 'address' | 'account'; readonly until: Date | undefined };

/** The one place a password is checked, for pages and APIs alike. */
export interface LoginService {
  /** @throws OverloadedError when too many sign-ins wait */
  checkPassword(attempt: PasswordAttempt): Promise<PasswordOutcome>;
  /** Lifts every pause that failed attempts put on this person. */
  forgive(account: Account): Promise<void>;
}

export interface LoginServiceDeps {
  readonly accounts: AccountStore;
  readonly hasher: PasswordHasher;
  readonly counters: Counters;
  readonly devices: KnownDevices;
  readonly audit: Audit;
  readonly clock: Clock;
  readonly limits: { readonly address: CounterRule; readonly account: CounterRule; readonly accountTotal: number };
}

/** How long a row of failures is remembered, and how long its pause lasts when nothing ends it sooner. */
const QUARTER_SECONDS = 90 * 86_400;

export function createLoginService(deps: LoginServiceDeps): LoginService {
  const { accounts, hasher, counters, devices, audit, clock, limits } = deps;
  const totalRule = { limit: limits.accountTotal, windowSeconds: QUARTER_SECONDS, blockSeconds: QUARTER_SECONDS };

  /** Names nobody has are counted like names somebody has, so that a pause does not tell which is which. */
  const subjectOf = (account: Account | undefined, key: LoginKey) => account?.id ?? sha256(`unknown ${key}`);
  const accountKeys = (subject: string) => ({ window: `login:account:${subject}`, total: `login:total:${subject}` });

  /** Counts this attempt as a failure before anything is checked; success takes the counts back. */
  async function count(
    attempt: PasswordAttempt,
    account: Account | undefined,
  ): Promise<{ keys: readonly string[]; paused?: { until: Date | undefined } }> {
    const now = clock();
    const device = account && devices.recognise(attempt.deviceCookie, account.id);
    const { window, total } = accountKeys(subjectOf(account, loginKey(attempt.identifier)));
    const keys = device ? [`login:device:${device}`] : [window, total];
    const [first = window] = keys;
    const state = await counters.hit(first, limits.account, now);
    if (!state.allowed) return { keys, paused: { until: state.resetsAt } };
    if (!device && !(await counters.hit(total, totalRule, now)).allowed) return { keys, paused: { until: undefined } };
    return { keys };
  }

  /** Can wait for the next sign-in when too many others are being hashed. */
  async function hashAnew(account: Account, password: string): Promise<void> {
    const passwordHash = await hasher.hash(password).catch((error: unknown) => {
      if (!(error instanceof OverloadedError)) throw error;
    });
    if (passwordHash === undefined) return;
    await accounts.update(account.tenantId, account.id, (old) =>
      old.passwordHash === account.passwordHash ? { ...old, passwordHash } : old,
    );
  }

  return {
    async checkPassword(attempt) {
      const { origin, identifier, password } = attempt;
      const now = clock();
      const address = `login:address:${addressBucket(origin.ip)}`;
      const fromAddress = await counters.hit(address, limits.address, now);
      if (!fromAddress.allowed) {
        await audit.record({ type: 'login.paused', origin, detail: { limit: 'address' } });
        return { kind: 'paused', limit: 'address', until: fromAddress.resetsAt };
      }

      const account = await accounts.findByLogin(loginKey(identifier));
      const about = { origin, tenantId: account?.tenantId, accountId: account?.id };
      const { keys, paused } = await count(attempt, account);
      if (paused) {
        await audit.record({ type: 'login.paused', ...about, detail: { limit: 'account' } });
        return { kind: 'paused', limit: 'account', until: paused.until };
      }

      const checkable = password.length <= 2 * MAX_PASSWORD_LENGTH ? password : '';
      const { matches, stale } = await hasher.verify(checkable, account?.passwordHash).catch(async (error: unknown) => {
        // Nobody looked at this guess, so it counts for nothing.
        for (const key of [address, ...keys]) await counters.refund(key, now);
        throw error;
      });
      if (!account || !matches || account.disabled) {
        const reason = !account ? 'unknown' : !matches ? 'password' : 'disabled';
        await audit.record({ type: 'login.failed', ...about, detail: { reason } });
        return { kind: 'failed' };
      }

      await counters.refund(address, now);
      for (const key of keys) await counters.clear(key);
      if (stale) await hashAnew(account, password);
      return { kind: 'passed', account };
    },

    async forgive(account) {
      const { window, total } = accountKeys(account.id);
      await counters.clear(window);
      await counters.clear(total);
      await counters.clear(`mfa:${account.id}`);
    },
  };
}
