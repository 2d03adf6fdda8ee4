import type { OneTimeLink } from '../domain/accounts/one-time-link.ts';
import type { AuditEvent } from '../domain/audit/audit-log.ts';
import type { FederatedIdentity } from '../domain/federation/identity.ts';
import type { TokensOfIdentity } from '../domain/federation/upstream-token-store.ts';
import type { TotpFactor } from '../domain/mfa/mfa-store.ts';
import type { TenantId } from '../domain/tenants/tenant.ts';
import type { Artifact } from '../domain/tokens/artifact-store.ts';

/** A factor with the recovery codes (digests) that are left. */
export interface EnrolledFactor {
  readonly tenantId: TenantId;
  readonly factor: TotpFactor;
  readonly recoveryDigests: readonly string[];
}

export interface StoredArtifact {
  readonly kind: string;
  readonly id: string;
  readonly artifact: Artifact;
  readonly expiresAt: Date | undefined;
}

/**
 * What an instance holds that no port shows whole, for whoever carries it to another store (src/move-instance.ts). Nothing that has expired is among it.
 * Pages come in any order, each entry at least once; `limit` is how many to read in one go. Challenges and counters stay behind: they are of minutes.
 */
export interface Holdings {
  factors(limit: number): AsyncIterable<readonly EnrolledFactor[]>;
  identities(limit: number): AsyncIterable<readonly FederatedIdentity[]>;
  upstreamTokens(limit: number): AsyncIterable<readonly TokensOfIdentity[]>;
  links(limit: number): AsyncIterable<readonly OneTimeLink[]>;
  artifacts(limit: number): AsyncIterable<readonly StoredArtifact[]>;
  /** Oldest first. */
  auditEvents(limit: number): AsyncIterable<readonly AuditEvent[]>;
  /** Stores entries under the numbers they have; those that are there already are left as they are. */
  restoreAuditEvents(events: readonly AuditEvent[]): Promise<void>;
}
