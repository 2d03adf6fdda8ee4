import type { Clock } from '../../lib/clock.ts';
import { sha256 } from '../../lib/digest.ts';
import { randomToken } from '../../lib/random.ts';
import type { Account } from '../accounts/account.ts';
import type { AccountStore } from '../accounts/account-store.ts';
import type { Audit } from '../audit/audit.ts';
import type { Origin } from '../audit/audit-log.ts';
import { FEDERATED } from '../federation/people.ts';
import type { VisitId } from '../federation/visits.ts';
import { isAllowedAddress } from '../limits/address.ts';
import type { MfaService, ProofOutcome } from '../mfa/mfa-service.ts';
import type { TenantStore } from '../tenants/tenant-store.ts';
import type { ChallengeStore } from './challenge-store.ts';
import type { AddressAllowance, LoginService } from './login-service.ts';

export interface Credentials {
  /** E-mail or username, as typed. */
  readonly identifier: string;
  readonly password: string;
  /** From an authenticator app, or a recovery code. */
  readonly code?: string | undefined;
}

/** Somebody proved who they are. */
export interface Passed {
  readonly kind: 'passed';
  /** As it was when the credentials were checked. */
  readonly account: Account;
  readonly secondFactor: boolean;
  /** From another provider, which vouched for them in the place of a password. */
  readonly visit: VisitId | undefined;
}

/** `code_wanted`: the password was right, and this person has a second factor. `address_refused`: their tenant does not allow it from there. */
export type SignInOutcome =
  | Passed
  | { readonly kind: 'failed' | 'code_wrong' | 'address_refused' }
  | { readonly kind: 'code_wanted'; readonly account: Account }
  | { readonly kind: 'paused'; readonly limit: 'address' | 'account' | 'codes'; readonly until: Date | undefined };

/** What came of a code for a sign-in that waits. `over`: it is unknown, expired, done, or had too many wrong codes. */
export type WaitingOutcome =
  | Passed
  | { readonly kind: 'over' | 'code_wrong' }
  | { readonly kind: 'paused'; readonly limit: 'codes'; readonly until: Date | undefined };

/** Signing in without a browser: the same checks, counts and records as the pages, for every API. */
export interface ApiSignIn {
  /** @throws OverloadedError */
  signIn(credentials: Credentials, origin: Origin): Promise<{ readonly outcome: SignInOutcome; readonly address: AddressAllowance }>;
  /** Somebody for whom another provider vouches: they owe their code all the same, unless its second factor is good enough. */
  vouched(account: Account, secondFactor: boolean, origin: Origin): Promise<SignInOutcome>;
  /**
   * A value that stands for the right password until the code comes: good for nothing else, for `mfa.challenge_seconds`.
   * @param visit of somebody for whom another provider vouched, instead of a password
   */
  wait(account: Account, visit?: VisitId): Promise<string>;
  /**
   * Each waiting sign-in takes `mfa.max_tries` codes, and ends with the right one.
   * @param visitors whether people whom another provider vouched for may go on here: whoever takes them has to let what they get hang on the visit
   */
  proceed(waiting: string, code: string, origin: Origin, visitors?: 'visitors'): Promise<WaitingOutcome>;
  /** Whether this is the person's password; counts like a sign-in. @throws OverloadedError */
  confirmPassword(account: Account, password: string, origin: Origin): Promise<SignInOutcome>;
  /** Whether this is a code of the person's authenticator app, or a recovery code; it is used up. */
  confirmCode(account: Account, code: string, origin: Origin): Promise<ProofOutcome>;
}

export interface ApiSignInDeps {
  readonly login: LoginService;
  readonly mfa: MfaService;
  readonly challenges: ChallengeStore;
  readonly accounts: AccountStore;
  readonly tenants: TenantStore;
  readonly audit: Audit;
  readonly clock: Clock;
  /** Tells the person of a sign-in from a new place. */
  readonly announce: (account: Account, origin: Origin) => Promise<void>;
  readonly challengeSeconds: number;
  readonly maxTries: number;
}

/** RFC 8176: what a code adds to the first proof. */
const WITH_CODE = ['otp', 'mfa'];

const idOf = (waiting: string) => sha256(`api sign-in ${waiting}`);

export function createApiSignIn(deps: ApiSignInDeps): ApiSignIn {
  const { login, mfa, challenges, accounts, tenants, audit, clock } = deps;

  function prove(account: Account, code: string, origin: Origin): Promise<ProofOutcome> {
    return /^[\d\s]{6,}$/.test(code) ? mfa.proveTotp(account, code, origin) : mfa.proveRecoveryCode(account, code, origin);
  }

  async function passed(account: Account, amr: readonly string[], origin: Origin, visit?: VisitId): Promise<Passed> {
    await audit.record({
      type: 'login.succeeded',
      origin,
      tenantId: account.tenantId,
      accountId: account.id,
      detail: { amr: [...amr], api: true },
    });
    await deps.announce(account, origin);
    return { kind: 'passed', account, secondFactor: amr.includes('mfa'), visit };
  }

  async function withCode(account: Account, code: string | undefined, origin: Origin): Promise<SignInOutcome> {
    if ((await mfa.required(account)) !== 'code') return await passed(account, ['pwd'], origin);
    if (code === undefined) return { kind: 'code_wanted', account };
    const proof = await prove(account, code, origin);
    if (proof.kind === 'passed') return await passed(account, ['pwd', ...WITH_CODE], origin);
    return proof.kind === 'paused' ? { kind: 'paused', limit: 'codes', until: proof.until } : { kind: 'code_wrong' };
  }

  async function addressFits({ tenantId }: Account, origin: Origin): Promise<boolean> {
    const tenant = await tenants.find(tenantId);
    return tenant !== undefined && isAllowedAddress(origin.ip, tenant.allowedAddresses);
  }

  return {
    confirmCode: prove,

    async signIn({ identifier, password, code }, origin) {
      const checked = await login.checkPassword({
        tenantId: undefined,
        identifier,
        password,
        deviceCookie: undefined,
        origin,
        counts: 'attempts',
      });
      const { address } = checked;
      if (checked.kind !== 'passed') return { outcome: checked, address };
      if (!(await addressFits(checked.account, origin))) return { outcome: { kind: 'address_refused' }, address };
      return { outcome: await withCode(checked.account, code, origin), address };
    },

    async vouched(account, secondFactor, origin) {
      if (!(await addressFits(account, origin))) return { kind: 'address_refused' };
      if (secondFactor) return await passed(account, [FEDERATED, 'mfa'], origin);
      return (await mfa.required(account)) === 'code' ? { kind: 'code_wanted', account } : await passed(account, [FEDERATED], origin);
    },

    async wait(account, visit) {
      // Whoever waits brings the name of their visit along; it is bound to the rest by the digest.
      const waiting = visit === undefined ? randomToken() : `${randomToken()}.${visit}`;
      await challenges.put({
        id: idOf(waiting),
        tenantId: account.tenantId,
        accountId: account.id,
        credentialVersion: account.credentialVersion,
        step: 'code',
        remember: false,
        sealedSecret: undefined,
        amr: [visit === undefined ? 'pwd' : FEDERATED],
        expiresAt: new Date(clock().getTime() + deps.challengeSeconds * 1000),
      });
      return waiting;
    },

    async proceed(waiting, code, origin, visitors) {
      const id = idOf(waiting);
      const challenge = await challenges.find(id, clock());
      const account = challenge && (await accounts.find(challenge.tenantId, challenge.accountId));
      if (!account || account.disabled || account.credentialVersion !== challenge.credentialVersion) return { kind: 'over' };
      const visit = challenge.amr.includes(FEDERATED) ? waiting.split('.')[1] : undefined;
      if (visit !== undefined && !visitors) return { kind: 'over' };
      if ((await tenants.find(account.tenantId))?.disabled !== false || !(await addressFits(account, origin))) return { kind: 'over' };
      // Counted before the code is looked at, so that parallel guesses get no more tries.
      const tries = await challenges.countTry(id, clock());
      if (tries === 0 || tries > deps.maxTries) return { kind: 'over' };
      const proof = await prove(account, code, origin);
      if (proof.kind === 'paused') return { kind: 'paused', limit: 'codes', until: proof.until };
      // It stays until it expires: a right code that came at the same time as the last wrong one may still be under way.
      if (proof.kind !== 'passed') return { kind: 'code_wrong' };
      return (await challenges.remove(id)) ? await passed(account, [...challenge.amr, ...WITH_CODE], origin, visit) : { kind: 'over' };
    },

    async confirmPassword(account, password, origin) {
      const { tenantId, email: identifier } = account;
      const checked = await login.checkPassword({ tenantId, identifier, password, deviceCookie: undefined, origin, counts: 'attempts' });
      return checked.kind === 'passed' ? { kind: 'passed', account: checked.account, secondFactor: false, visit: undefined } : checked;
    },
  };
}
