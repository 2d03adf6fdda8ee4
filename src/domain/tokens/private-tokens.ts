import type { Clock } from '../../lib/clock.ts';
import type { Account, AccountId } from '../accounts/account.ts';
import type { Audit } from '../audit/audit.ts';
import type { AuditType, Origin } from '../audit/audit-log.ts';
import { InvalidValueError, NotFoundError } from '../errors.ts';
import type { HouseToken } from './house-token.ts';
import type { HouseTokens, IssuedToken } from './house-tokens.ts';
import type { TokenUses } from './token-uses.ts';

/** More than this nobody keeps track of. */
const MOST = 50;

/** A private token as its owner sees it. */
export interface OwnedToken {
  readonly token: HouseToken;
  readonly lastUsedAt: Date | undefined;
}

/** Long-lived tokens that people make for their programs, and manage themselves. What one may do is what its owner may do, at every use. */
export interface PrivateTokens {
  /** @throws InvalidValueError naming the field, NotFoundError when the account's credentials changed meanwhile */
  create(
    owner: Account,
    wish: { readonly name: string; readonly expiresAt: Date; readonly secondFactor: boolean },
    origin: Origin,
  ): Promise<IssuedToken>;
  list(owner: AccountId): Promise<readonly OwnedToken[]>;
  /** A new value under the same id, name and expiry; the old one is dead when this resolves. @throws NotFoundError */
  rotate(owner: Account, id: string, origin: Origin): Promise<IssuedToken>;
  /** @throws NotFoundError */
  remove(owner: Account, id: string, origin: Origin): Promise<void>;
}

export interface PrivateTokensDeps {
  readonly houseTokens: HouseTokens;
  readonly uses: TokenUses;
  readonly audit: Audit;
  readonly clock: Clock;
  /** Seconds from now. */
  readonly longest: number;
}

export function createPrivateTokens({ houseTokens, uses, audit, clock, longest }: PrivateTokensDeps): PrivateTokens {
  const all = (owner: AccountId) => houseTokens.list(owner, 'PrivateToken');
  const record = (type: AuditType, { tenantId, id: accountId }: Account, origin: Origin, token: HouseToken) =>
    audit.record({ type, origin, tenantId, accountId, detail: { kind: 'PrivateToken', id: token.id, name: token.name ?? '' } });
  const gone = () => new NotFoundError('There is no such token.');

  /** More than one while a rotation is under way. */
  async function ofId(owner: Account, id: string): Promise<readonly [HouseToken, ...HouseToken[]]> {
    const [first, ...others] = (await all(owner.id)).filter((token) => token.id === id);
    if (!first) throw gone();
    return [first, ...others];
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
    async create(owner, { name, expiresAt, secondFactor }, origin) {
      checkExpiry(expiresAt);
      if ((await all(owner.id)).length >= MOST)
        throw new InvalidValueError('name', `There are ${MOST} private tokens already. Remove those nobody uses.`);
      const issued = await houseTokens.issue({ kind: 'PrivateToken', account: owner, expiresAt, secondFactor, name });
      if (!issued) throw gone();
      await record('token.issued', owner, origin, issued.token);
      return issued;
    },

    async list(owner) {
      const lastUses = await uses.of(owner);
      return (await all(owner)).map((token) => ({ token, lastUsedAt: lastUses.get(token.id) }));
    },

    async rotate(owner, id, origin) {
      const [old, ...others] = await ofId(owner, id);
      const { expiresAt, secondFactor, name = '', family } = old;
      // The new one first: cut off in between, the old one still works and nobody has the other.
      const issued = await houseTokens.issue({ kind: 'PrivateToken', account: owner, expiresAt, secondFactor, name, id, family });
      if (!issued) throw gone();
      if (!(await houseTokens.useUp(old))) {
        await houseTokens.end(issued.token);
        throw gone();
      }
      for (const replaced of [old, ...others]) await houseTokens.end(replaced);
      await record('token.rotated', owner, origin, issued.token);
      return issued;
    },

    async remove(owner, id, origin) {
      const [first, ...others] = await ofId(owner, id);
      // A rotation at the same time stores its new token before it uses the old one up, so looking again finds it.
      for (let found = [first, ...others]; found.length > 0; found = (await all(owner.id)).filter((token) => token.id === id)) {
        for (const token of found) await houseTokens.end(token);
      }
      await record('token.revoked', owner, origin, first);
    },
  };
}
