import type { TokensOfIdentity, UpstreamTokenStore } from '../../domain/federation/upstream-token-store.ts';
import type { Connection } from './connection.ts';
import { type IdentityRow, toIdentity } from './identity-store.ts';

/** A row of `federated_identities` that has tokens. */
export interface TokensRow extends IdentityRow {
  readonly sealed_tokens: string;
  readonly tokens_due_at: number;
}

export function createUpstreamTokenStore(connection: Connection): UpstreamTokenStore {
  const keep = connection.statement('UPDATE federated_identities SET sealed_tokens = :sealed, tokens_due_at = :due WHERE id = :id');
  const due = connection.statement<TokensRow>(
    'SELECT * FROM federated_identities WHERE tokens_due_at <= :now ORDER BY tokens_due_at LIMIT :limit',
  );
  const swap = connection.statement(
    `UPDATE federated_identities SET sealed_tokens = :sealed, tokens_due_at = :due
     WHERE id = :id AND sealed_tokens = :old_sealed AND tokens_due_at = :old_due`,
  );

  return {
    async keep(id, { sealed, dueAt }) {
      await connection.change(keep, { id, sealed, due: dueAt.getTime() });
    },
    due: (now, limit) => connection.read(() => due.all({ now: now.getTime(), limit }).map(toTokens)),
    async swap(id, old, next) {
      const values = { id, sealed: next?.sealed ?? null, due: next?.dueAt.getTime() ?? null };
      return (await connection.change(swap, { ...values, old_sealed: old.sealed, old_due: old.dueAt.getTime() })) === 1;
    },
  };
}

export function toTokens(row: TokensRow): TokensOfIdentity {
  return { identity: toIdentity(row), tokens: { sealed: row.sealed_tokens, dueAt: new Date(row.tokens_due_at) } };
}
