import type { Clock } from '../../lib/clock.ts';
import { sha256 } from '../../lib/digest.ts';
import { type Account, accountId, type LoginKey, loginKey } from '../accounts/account.ts';
import type { AccountStore } from '../accounts/account-store.ts';
import type { PasswordHasher } from '../accounts/password-hasher.ts';
import { MAX_PASSWORD_LENGTH } from '../accounts/password-policy.ts';
import type { Audit } from '../audit/audit.ts';
import type { Origin } from '../audit/audit-log.ts';
import { addressBucket } from '../limits/address.ts';
import type { CounterRule, CounterState, Counters } from '../limits/counters.ts';
import type { DeviceOwner, KnownDevices } from '../limits/known-device.ts';
import { totalRule } from '../limits/total-rule.ts';
import type { TenantId } from '../tenants/tenant.ts';
import type { TenantStore } from '../tenants/tenant-store.ts';

export interface PasswordAttempt {
  /** Where somebody wants in: an account of another tenant is like none at all, whatever it may do. Undefined: wherever they belong. */
  readonly tenantId: TenantId | undefined;
  /** E-mail or username, as typed. */
  readonly identifier: string;
  readonly password: string;
  /** The known-device cookie, if the browser sent one. */
  readonly deviceCookie: string | undefined;
  readonly origin: Origin;
  /** What the limit of the client address counts: pages `failures`, since many people may share an address; APIs every `attempt`, as they promise. */
  readonly counts: 'failures' | 'attempts';
}

/** How many more sign-ins the client address has. */
export interface AddressAllowance {
  readonly limit: number;
  readonly remaining: number;
  readonly resetsAt: Date;
}

/** `failed` is one answer for no such person, another tenant's, wrong password, no password, disabled, and a disabled tenant. `until` undefined: until the password is set anew. */
export type PasswordOutcome = { readonly address: AddressAllowance } & (
  | { readonly kind: 'passed'; readonly account: Account }
  | { readonly kind: 'failed' }
  | { readonly kind: 'paused'; readonly limit: 'address' | 'account'; readonly until: Date | undefined }
);

/** The one place a password is checked, for pages and APIs alike. */
export interface LoginService {
  /** @throws OverloadedError when too many sign-ins wait */
  checkPassword(attempt: PasswordAttempt): Promise<PasswordOutcome>;
  /** Lifts every pause that wrong passwords put on this person's names. */
  forgive(account: Account): Promise<void>;
}

export interface LoginServiceDeps {
  readonly accounts: AccountStore;
  readonly tenants: TenantStore;
  readonly hasher: Pick<PasswordHasher, 'hash' | 'verify'>;
  readonly counters: Counters;
  readonly devices: KnownDevices;
  readonly audit: Audit;
  readonly clock: Clock;
  readonly limits: { readonly address: CounterRule; readonly account: CounterRule; readonly accountTotal: number };
}

/** Looked for in the cookie when nobody has the name: a known name must not take longer. No device belongs to it. */
const NOBODY: DeviceOwner = { id: accountId('nobody'), credentialVersion: 0 };

/** By the name that was typed, whoever has it: a pause does not tell which names exist, or which two are one person. That somebody signs in, and so clears it, does. */
function keysOf(name: LoginKey) {
  const subject = sha256(`name ${name}`);
  return { window: `login:account:${subject}`, total: `login:total:${subject}` };
}

function allKeysOf({ email, username }: Account): readonly string[] {
  return [email, username ?? email].flatMap((name) => Object.values(keysOf(loginKey(name))));
}

export function createLoginService(deps: LoginServiceDeps): LoginService {
  const { accounts, tenants, hasher, counters, devices, audit, clock, limits } = deps;
  const inTotal = totalRule(limits.accountTotal);

  /** Counts this attempt as a failure before anything is checked; success takes the counts back. */
  async function count(
    attempt: PasswordAttempt,
    account: Account | undefined,
  ): Promise<{ keys: readonly string[]; paused?: { until: Date | undefined } }> {
    const now = clock();
    const device = devices.recognise(attempt.deviceCookie, account ?? NOBODY);
    const { window, total } = device
      ? { window: `login:device:${device}`, total: `login:device-total:${device}` }
      : keysOf(loginKey(attempt.identifier));
    const keys = [window, total];
    const state = await counters.hit(window, limits.account, now);
    if (!state.allowed) return { keys, paused: { until: state.resetsAt } };
    if (!(await counters.hit(total, inTotal, now)).allowed) return { keys, paused: { until: undefined } };
    return { keys };
  }

  /**
   * Attempts are counted before they are looked at. Failures are counted afterwards: people behind one address who sign in at the same moment are in
   * nobody's way, and as many guesses as wait for a hash at once are looked at before the first of them counts.
   */
  async function lookAt(address: string, counts: PasswordAttempt['counts'], now: Date): Promise<CounterState> {
    if (counts === 'attempts') return await counters.hit(address, limits.address, now);
    const state = await counters.find(address, now);
    if (state && (!state.allowed || state.count >= limits.address.limit)) return await counters.hit(address, limits.address, now);
    return state ?? { allowed: true, count: 0, resetsAt: now };
  }

  function allowanceOf({ allowed, count: made, resetsAt }: CounterState): AddressAllowance {
    const { limit } = limits.address;
    return { limit, remaining: allowed ? Math.max(0, limit - made) : 0, resetsAt };
  }

  /** Never fails a sign-in: what cannot be hashed or stored now waits for the next one. */
  async function hashAnew(account: Account, password: string): Promise<void> {
    await hasher
      .hash(password)
      .then((passwordHash) =>
        accounts.update(account.tenantId, account.id, (old) =>
          old.passwordHash === account.passwordHash ? { ...old, passwordHash } : old,
        ),
      )
      .catch(() => undefined);
  }

  async function clear(keys: readonly string[]): Promise<void> {
    await Promise.all([...new Set(keys)].map((key) => counters.clear(key)));
  }

  return {
    async checkPassword(attempt) {
      const { origin, identifier, password, tenantId } = attempt;
      const now = clock();
      const address = `login:address:${addressBucket(origin.ip)}`;
      const fromAddress = await lookAt(address, attempt.counts, now);
      const allowance = allowanceOf(fromAddress);
      if (!fromAddress.allowed) {
        await audit.record({ type: 'login.paused', origin, tenantId, detail: { limit: 'address' } });
        return { kind: 'paused', limit: 'address', until: fromAddress.resetsAt, address: allowance };
      }

      const named = await accounts.findByLogin(loginKey(identifier));
      const account = tenantId === undefined || named?.tenantId === tenantId ? named : undefined;
      // Somebody who tries another tenant's account concerns that tenant.
      const about = { origin, tenantId: named?.tenantId ?? tenantId, accountId: named?.id };
      const { keys, paused } = await count(attempt, account);
      if (paused) {
        await audit.record({ type: 'login.paused', ...about, detail: { limit: 'account' } });
        if (attempt.counts === 'failures') await counters.hit(address, limits.address, now);
        return { kind: 'paused', limit: 'account', until: paused.until, address: allowance };
      }

      const checkable = password.length <= 2 * MAX_PASSWORD_LENGTH ? password : '';
      const { matches, stale } = await hasher.verify(checkable, account?.passwordHash).catch(async (error: unknown) => {
        // Nobody looked at this guess, so it counts for nothing.
        for (const key of attempt.counts === 'attempts' ? [address, ...keys] : keys) await counters.refund(key, now);
        throw error;
      });
      const closed = account && (await tenants.find(account.tenantId))?.disabled !== false;
      if (!account || !matches || account.disabled || closed) {
        const reason = !named ? 'unknown' : !account ? 'tenant' : !matches ? 'password' : account.disabled ? 'disabled' : 'tenant disabled';
        await audit.record({ type: 'login.failed', ...about, detail: { reason } });
        if (attempt.counts === 'failures') await counters.hit(address, limits.address, now);
        return { kind: 'failed', address: allowance };
      }

      await clear([...keys, ...allKeysOf(account)]);
      if (stale) await hashAnew(account, password);
      return { kind: 'passed', account, address: allowance };
    },

    forgive: (account) => clear(allKeysOf(account)),
  };
}
