import { tenantId } from '../../domain/tenants/tenant.ts';
import type { Clock } from '../../lib/clock.ts';
import type { EnrolledFactor, Holdings, StoredArtifact } from '../holdings.ts';
import { type ArtifactRow, LIVE, selectArtifact, toEntry } from './artifact-store.ts';
import { type AuditRow, fromEvent, toEvent } from './audit-log.ts';
import type { Connection, Statement } from './connection.ts';
import { type IdentityRow, toIdentity } from './identity-store.ts';
import { type FactorRow, toFactor } from './mfa-store.ts';
import { type LinkRow, toLink } from './one-time-link-store.ts';
import { type TokensRow, toTokens } from './upstream-token-store.ts';

/** Every SELECT gives the row's place in its table under this name. */
interface Placed {
  readonly place: number;
}

export function createHoldings(connection: Connection, clock: Clock): Holdings {
  const factors = connection.statement<FactorRow & Placed & { readonly digests: string }>(
    `SELECT f.rowid AS place, f.*,
       (SELECT json_group_array(digest) FROM recovery_codes c WHERE c.account_id = f.account_id) AS digests
     FROM totp_factors f WHERE f.rowid > :place ORDER BY f.rowid LIMIT :limit`,
  );
  const identities = connection.statement<IdentityRow & Placed>(
    'SELECT rowid AS place, * FROM federated_identities WHERE rowid > :place ORDER BY rowid LIMIT :limit',
  );
  const tokens = connection.statement<TokensRow & Placed>(
    'SELECT rowid AS place, * FROM federated_identities WHERE rowid > :place AND sealed_tokens IS NOT NULL ORDER BY rowid LIMIT :limit',
  );
  const links = connection.statement<LinkRow & Placed>(
    'SELECT rowid AS place, * FROM one_time_links WHERE rowid > :place AND expires_at > :now ORDER BY rowid LIMIT :limit',
  );
  const artifacts = connection.statement<ArtifactRow & Placed & { readonly kind: string; readonly expires_at: number | null }>(
    `${selectArtifact('a.rowid AS place, a.kind, a.expires_at, ')} WHERE a.rowid > :place AND ${LIVE} ORDER BY a.rowid LIMIT :limit`,
  );
  const events = connection.statement<AuditRow & Placed>(
    'SELECT sequence AS place, * FROM audit_events WHERE sequence > :place ORDER BY sequence LIMIT :limit',
  );
  const restore = connection.statement(
    `INSERT INTO audit_events (sequence, at, type, tenant_id, account_id, client_id, request_id, ip, detail)
     VALUES (:sequence, :at, :type, :tenant_id, :account_id, :client_id, :request_id, :ip, :detail) ON CONFLICT DO NOTHING`,
  );

  async function* pages<Row extends Placed, Entry>(statement: Statement<Row>, limit: number, toEntry: (row: Row) => Entry, now?: number) {
    let place = 0;
    for (;;) {
      const values = { place, limit, ...(now !== undefined && { now }) };
      const rows = await connection.read(() => statement.all(values));
      const last = rows.at(-1);
      if (!last) return;
      yield rows.map(toEntry);
      place = last.place;
    }
  }

  return {
    factors: (limit) => pages(factors, limit, toEnrolled),
    identities: (limit) => pages(identities, limit, toIdentity),
    upstreamTokens: (limit) => pages(tokens, limit, toTokens),
    links: (limit) => pages(links, limit, toLink, clock().getTime()),
    artifacts: (limit) => pages(artifacts, limit, toStored, clock().getTime()),
    auditEvents: (limit) => pages(events, limit, toEvent),
    async restoreAuditEvents(missing) {
      await connection.transaction(() => {
        for (const event of missing) restore.run({ ...fromEvent(event), sequence: event.sequence });
      });
    },
  };
}

function toEnrolled(row: FactorRow & { readonly digests: string }): EnrolledFactor {
  return { tenantId: tenantId(row.tenant_id), factor: toFactor(row), recoveryDigests: JSON.parse(row.digests) };
}

function toStored(row: ArtifactRow & { readonly kind: string; readonly expires_at: number | null }): StoredArtifact {
  const { id, artifact } = toEntry(row);
  return { kind: row.kind, id, artifact, expiresAt: row.expires_at === null ? undefined : new Date(row.expires_at) };
}
