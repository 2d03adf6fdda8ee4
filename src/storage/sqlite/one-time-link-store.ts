import { accountId } from '../../domain/accounts/account.ts';
import type { LinkDigest, OneTimeLink, OneTimeLinkStore } from '../../domain/accounts/one-time-link.ts';
import type { Connection } from './connection.ts';

export interface LinkRow {
  readonly digest: string;
  readonly purpose: string;
  readonly account_id: string | null;
  readonly expires_at: number;
}

export function createOneTimeLinkStore(connection: Connection): OneTimeLinkStore {
  const removeOlder = connection.statement('DELETE FROM one_time_links WHERE purpose = :purpose AND account_id IS :account_id');
  const insert = connection.statement(
    'INSERT INTO one_time_links (digest, purpose, account_id, expires_at) VALUES (:digest, :purpose, :account_id, :expires_at)',
  );
  const find = connection.statement<LinkRow>('SELECT * FROM one_time_links WHERE digest = :digest AND expires_at > :now');
  const take = connection.statement('DELETE FROM one_time_links WHERE digest = :digest AND expires_at > :now');
  const removeFor = connection.statement('DELETE FROM one_time_links WHERE account_id = :account');

  return {
    put(link) {
      const row = fromLink(link);
      return connection.transaction(() => {
        removeOlder.run({ purpose: row.purpose, account_id: row.account_id });
        insert.run(row);
      });
    },
    find: (digest, now) =>
      connection.read(() => {
        const row = find.get({ digest, now: now.getTime() });
        return row ? toLink(row) : undefined;
      }),
    take: async (digest, now) => (await connection.change(take, { digest, now: now.getTime() })) === 1,
    async removeFor(account) {
      await connection.change(removeFor, { account });
    },
  };
}

function fromLink(link: OneTimeLink) {
  return { digest: link.digest, purpose: link.purpose, account_id: link.accountId ?? null, expires_at: link.expiresAt.getTime() };
}

export function toLink(row: LinkRow): OneTimeLink {
  return {
    digest: row.digest as LinkDigest,
    purpose: row.purpose as OneTimeLink['purpose'],
    accountId: row.account_id === null ? undefined : accountId(row.account_id),
    expiresAt: new Date(row.expires_at),
  };
}
