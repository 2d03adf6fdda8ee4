import type { AccountMail } from '../../domain/accounts/account-mail.ts';
import type { AccountService } from '../../domain/accounts/account-service.ts';
import type { AccountStore } from '../../domain/accounts/account-store.ts';
import type { PasswordHasher } from '../../domain/accounts/password-hasher.ts';
import type { PasswordRules } from '../../domain/accounts/password-policy.ts';
import type { Audit } from '../../domain/audit/audit.ts';
import type { AuditLog } from '../../domain/audit/audit-log.ts';
import type { Federation } from '../../domain/federation/federation-service.ts';
import type { Identities } from '../../domain/federation/identities.ts';
import type { ProviderRegistration } from '../../domain/federation/provider-registration.ts';
import type { ProviderRegistry } from '../../domain/federation/provider-registry.ts';
import type { Upstream } from '../../domain/federation/upstream.ts';
import type { ProviderId } from '../../domain/federation/upstream-provider.ts';
import type { Visits } from '../../domain/federation/visits.ts';
import type { LicenceService } from '../../domain/licences/licence-service.ts';
import type { LicenceStore } from '../../domain/licences/licence-store.ts';
import type { RateLimits } from '../../domain/limits/rate-limits.ts';
import type { ApiSignIn } from '../../domain/login/api-sign-in.ts';
import type { ChallengeStore } from '../../domain/login/challenge-store.ts';
import type { MfaService } from '../../domain/mfa/mfa-service.ts';
import type { Tenant } from '../../domain/tenants/tenant.ts';
import type { TenantService } from '../../domain/tenants/tenant-service.ts';
import type { TenantStore } from '../../domain/tenants/tenant-store.ts';
import type { ArtifactStore } from '../../domain/tokens/artifact-store.ts';
import type { Bearers } from '../../domain/tokens/bearers.ts';
import type { CodeRedemption } from '../../domain/tokens/code-redemption.ts';
import type { HouseTokens } from '../../domain/tokens/house-tokens.ts';
import type { PrivateTokens } from '../../domain/tokens/private-tokens.ts';
import type { Clock } from '../../lib/clock.ts';
import type { Keyring } from '../../lib/keyring.ts';

/** What the REST surfaces are built on; each takes what it uses. */
export interface RestServices {
  readonly issuer: string;
  readonly clock: Clock;
  readonly rates: RateLimits;
  readonly keyring: Keyring;
  readonly signIn: ApiSignIn;
  readonly bearers: Bearers;
  readonly houseTokens: HouseTokens;
  /** Of the OAuth engine. */
  readonly codes: CodeRedemption;
  readonly privateTokens: PrivateTokens;
  readonly accounts: AccountService;
  readonly accountMail: AccountMail;
  readonly mfa: MfaService;
  readonly visits: Visits;
  readonly federation: Federation;
  readonly providers: ProviderRegistry;
  readonly upstream: Pick<Upstream, 'test'>;
  readonly identities: Identities;
  /** Where a provider sends browsers back to. */
  readonly registrationOf: (provider: ProviderId) => ProviderRegistration;
  /** Of the front end that signs in by the session API and an identity provider; null: there is none. */
  readonly oidcPage: string | null;
  readonly tenants: TenantService;
  readonly licences: LicenceService;
  readonly audit: Audit;
  readonly hasher: Pick<PasswordHasher, 'assess'>;
  readonly passwordRules: PasswordRules;
  /** Where strangers register. */
  readonly firstTenant: Tenant;
  /** Whether mails leave the house at all. */
  readonly sendsMail: boolean;
  /** Seconds that an access token of the cloud API lives. */
  readonly accessTokenSeconds: number;
  /** What the session API takes as `?token=`. */
  readonly queryTokens: 'tokens' | 'tickets';
  /** Reading, where no rule of a service is in the way. */
  readonly stores: {
    readonly accounts: AccountStore;
    readonly tenants: TenantStore;
    readonly audit: AuditLog;
    readonly licences: LicenceStore;
    readonly artifacts: ArtifactStore;
    readonly challenges: ChallengeStore;
    ping(): Promise<void>;
  };
  /** Aborted when the process begins to drain: streams end. */
  readonly stop: AbortSignal;
}
