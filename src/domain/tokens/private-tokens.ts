import type { Clock } from '../../lib/clock.ts';
import type { Account, AccountId } from '../accounts/account.ts';
import type { Audit } from '../audit/audit.ts';
import type { AuditType, Origin } from '../audit/audit-log.ts';
import { InvalidValueError, NotFoundError, SecondFactorOwedError } from '../errors.ts';
import type { MfaService } from '../mfa/mfa-service.ts';
import type { HouseToken } from './house-token.ts';
import type { HouseTokens, IssuedToken } from './house-tokens.ts';
import type { TokenUses } from './token-uses.ts';

/** More than this nobody keeps track of. */
const MOST = 50;

/** Somebody who signed in, and the token that says so. */
export interface SignedInOwner {
  readonly account: Account;
  /** What is made with it says of the second factor what it says. */
  readonly bearer: HouseToken | undefined;
}

/** A private token as its owner sees it. */
export interface OwnedToken {
  readonly token: HouseToken;
  readonly lastUsedAt: Date | undefined;
}

/** Long-lived tokens that people make for their programs, and manage themselves. What one may do is what its owner may do, at every use. */
export interface PrivateTokens {
  /** Undefined when the account's credentials changed, or the bearer ended, meanwhile. @throws InvalidValueError naming the field, SecondFactorOwedError */
  create(owner: SignedInOwner, wish: { readonly name: string; readonly expiresAt: Date }, origin: Origin): Promise<IssuedToken | undefined>;
  /** Oldest first. */
  list(owner: AccountId): Promise<readonly OwnedToken[]>;
  /** A new value under the same id, name and expiry; the old one is dead when this resolves. Undefined as for create. @throws NotFoundError, SecondFactorOwedError */
  rotate(owner: SignedInOwner, id: string, origin: Origin): Promise<IssuedToken | undefined>;
  /** @throws NotFoundError */
  remove(owner: Account, id: string, origin: Origin): Promise<void>;
}

export interface PrivateTokensDeps {
  readonly houseTokens: HouseTokens;
  readonly mfa: Pick<MfaService, 'required'>;
  readonly uses: TokenUses;
  readonly audit: Audit;
  readonly clock: Clock;
  /** Seconds from now. */
  readonly longest: number;
}

export function createPrivateTokens({ houseTokens, mfa, uses, audit, clock, longest }: PrivateTokensDeps): PrivateTokens {
  const all = (owner: AccountId) => houseTokens.list(owner, 'PrivateToken');
  const record = (type: AuditType, { tenantId, id: accountId }: Account, origin: Origin, token: HouseToken) =>
    audit.record({ type, origin, tenantId, accountId, detail: { kind: 'PrivateToken', id: token.id, name: token.name ?? '' } });
  const gone = () => new NotFoundError('There is no such token.');

  async function list(owner: AccountId): Promise<readonly OwnedToken[]> {
    const lastUses = await uses.of(owner);
    const tokens = await all(owner);
    // While a rotation is under way, and after one that was cut off, two have one id: the older is the one somebody holds.
    const firsts = tokens.filter(({ id }, index) => tokens.findIndex((other) => other.id === id) === index);
    return firsts.map((token) => ({ token, lastUsedAt: lastUses.get(token.id) }));
  }

  /** More than one while a rotation is under way. */
  async function ofId(owner: AccountId, id: string): Promise<readonly [HouseToken, ...HouseToken[]]> {
    const [first, ...others] = (await all(owner)).filter((token) => token.id === id);
    if (!first) throw gone();
    return [first, ...others];
  }

  /** A token of one factor from before there was a second one must not become one that lasts for months. @throws SecondFactorOwedError */
  async function provedBy({ account, bearer }: SignedInOwner): Promise<boolean> {
    const secondFactor = bearer?.secondFactor ?? false;
    if (!secondFactor && (await mfa.required(account)) !== 'none')
      throw new SecondFactorOwedError('Sign in with the code of your authenticator app first.');
    return secondFactor;
  }

  function checkExpiry(expiresAt: Date): void {
    const now = clock().getTime();
    if (Number.isNaN(expiresAt.getTime()) || expiresAt.getTime() <= now)
      throw new InvalidValueError('expires_at', 'expires_at has to be a time to come.');
    if (expiresAt.getTime() > now + longest * 1000)
      throw new InvalidValueError(
        'expires_at',
        `expires_at is too far away: a private token lasts ${Math.floor(longest / 86_400)} days at most.`,
      );
  }

  return {
    async create(owner, { name, expiresAt }, origin) {
      const { account, bearer } = owner;
      checkExpiry(expiresAt);
      if ((await list(account.id)).length >= MOST)
        throw new InvalidValueError('name', `There are ${MOST} private tokens already. Remove those nobody uses.`);
      const secondFactor = await provedBy(owner);
      const issued = await houseTokens.issue({ kind: 'PrivateToken', account, source: bearer, expiresAt, secondFactor, name });
      if (!issued) return undefined;
      await record('token.issued', account, origin, issued.token);
      return issued;
    },

    list,

    async rotate(owner, id, origin) {
      const { account, bearer } = owner;
      const [old, ...others] = await ofId(account.id, id);
      const { expiresAt, name = '', family } = old;
      const secondFactor = await provedBy(owner);
      // The new one first: cut off in between, the old one still works and nobody has the other.
      const draft = { kind: 'PrivateToken', account, source: bearer, expiresAt, secondFactor, name, id, family } as const;
      const issued = await houseTokens.issue(draft);
      if (!issued) return undefined;
      if (!(await houseTokens.useUp(old))) {
        await houseTokens.end(issued.token);
        throw gone();
      }
      for (const replaced of [old, ...others]) await houseTokens.end(replaced);
      await record('token.rotated', account, origin, issued.token);
      return issued;
    },

    async remove(owner, id, origin) {
      const [token] = await ofId(owner.id, id);
      // With what a rotation makes at the same time: it stores its new token before it uses the old one up, which fails when that is gone.
      await houseTokens.endFamily(token.family);
      await uses.forget(token);
      await record('token.revoked', owner, origin, token);
    },
  };
}
