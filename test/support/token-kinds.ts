import { randomUUID } from 'node:crypto';
import type { House } from '../../src/compose.ts';
import type { Account } from '../../src/domain/accounts/account.ts';
import { HOUSE_TOKEN_KINDS, type HouseTokenKind } from '../../src/domain/tokens/house-token.ts';

/** The value of one token of each kind that the REST surfaces issue, for an hour; those of the cloud API are a pair. */
export async function issueEveryKind({ houseTokens, clock }: House, account: Account): Promise<Readonly<Record<HouseTokenKind, string>>> {
  const pair = randomUUID();
  const expiresAt = new Date(clock().getTime() + 3_600_000);
  const values: [HouseTokenKind, string][] = [];
  for (const kind of HOUSE_TOKEN_KINDS) {
    const family = kind.startsWith('Cloud') ? pair : randomUUID();
    const name = kind === 'PrivateToken' ? { name: 'Nightly export' } : {};
    const issued = await houseTokens.issue({ kind, account, expiresAt, secondFactor: true, family, ...name });
    if (!issued) throw new Error(`no ${kind} was issued`);
    values.push([kind, issued.value]);
  }
  return Object.fromEntries(values) as Record<HouseTokenKind, string>;
}
