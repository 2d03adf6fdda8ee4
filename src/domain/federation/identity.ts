import type { Brand } from '../../lib/brand.ts';
import type { AccountId } from '../accounts/account.ts';
import type { TenantId } from '../tenants/tenant.ts';
import type { ProviderId } from './upstream-provider.ts';

/** A UUID. */
export type IdentityId = Brand<'IdentityId'>;

/** That an account belongs to somebody a provider knows: the pair of issuer and subject says who, never an e-mail address. */
export interface FederatedIdentity {
  readonly id: IdentityId;
  readonly tenantId: TenantId;
  readonly accountId: AccountId;
  readonly providerId: ProviderId;
  /** The `iss` of the provider's tokens: of one Entra tenant, say. */
  readonly issuer: string;
  /** The `sub` there, at most 255 characters (OpenID Connect Core 2). */
  readonly subject: string;
  /** What the provider called them last, for lists. */
  readonly label: string;
  readonly linkedAt: Date;
  readonly lastSignInAt: Date | undefined;
}

export function identityId(value: string): IdentityId {
  return value as IdentityId;
}
