import type { AccountStore } from '../domain/accounts/account-store.ts';
import type { OneTimeLinkStore } from '../domain/accounts/one-time-link.ts';
import type { AuditLog } from '../domain/audit/audit-log.ts';
import type { ClientStore } from '../domain/clients/client-store.ts';
import type { IdentityStore } from '../domain/federation/identity-store.ts';
import type { ProviderStore } from '../domain/federation/provider-store.ts';
import type { UpstreamTokenStore } from '../domain/federation/upstream-token-store.ts';
import type { KeyStore } from '../domain/keys/key-store.ts';
import type { LicenceStore } from '../domain/licences/licence-store.ts';
import type { Counters } from '../domain/limits/counters.ts';
import type { RateLimits } from '../domain/limits/rate-limits.ts';
import type { ChallengeStore } from '../domain/login/challenge-store.ts';
import type { MfaStore } from '../domain/mfa/mfa-store.ts';
import type { TenantStore } from '../domain/tenants/tenant-store.ts';
import type { ArtifactStore } from '../domain/tokens/artifact-store.ts';
import type { Holdings } from './holdings.ts';

/** Every port, from one backend. Opened by compose.ts; the contract suites in test/contract hold for each backend. */
export interface Storage extends AsyncDisposable {
  readonly tenants: TenantStore;
  readonly accounts: AccountStore;
  readonly links: OneTimeLinkStore;
  readonly mfa: MfaStore;
  readonly clients: ClientStore;
  readonly keys: KeyStore;
  readonly licences: LicenceStore;
  readonly providers: ProviderStore;
  readonly identities: IdentityStore;
  readonly upstreamTokens: UpstreamTokenStore;
  readonly artifacts: ArtifactStore;
  readonly challenges: ChallengeStore;
  readonly counters: Counters;
  readonly rates: RateLimits;
  readonly audit: AuditLog;
  readonly holdings: Holdings;
  /** Rejects with StoreUnavailableError when the store does not answer. */
  ping(): Promise<void>;
  /** Deletes what has expired; returns how many rows. Security never depends on it. */
  sweep(now: Date): Promise<number>;
}
