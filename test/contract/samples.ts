import { type Account, accountId } from '../../src/domain/accounts/account.ts';
import type { LinkDigest, OneTimeLink } from '../../src/domain/accounts/one-time-link.ts';
import type { AuditEvent } from '../../src/domain/audit/audit-log.ts';
import { type Client, clientId } from '../../src/domain/clients/client.ts';
import { type FederatedIdentity, identityId } from '../../src/domain/federation/identity.ts';
import { NO_CLAIM_PATHS, providerId, type UpstreamProvider } from '../../src/domain/federation/upstream-provider.ts';
import type { SealedTokens } from '../../src/domain/federation/upstream-token-store.ts';
import type { SigningKey } from '../../src/domain/keys/key-store.ts';
import { type Licence, licenceId } from '../../src/domain/licences/licence.ts';
import type { LoginChallenge } from '../../src/domain/login/challenge-store.ts';
import type { TotpFactor } from '../../src/domain/mfa/mfa-store.ts';
import { type Tenant, tenantId } from '../../src/domain/tenants/tenant.ts';
import type { Storage } from '../../src/storage/storage.ts';

/** Every field of every sample differs from its default, so that a column that is dropped shows. */
const T1 = new Date('2026-01-01T10:20:30.401Z');
const T2 = new Date('2026-01-01T11:21:31.502Z');

export function sampleTenant(changes: Partial<Tenant> = {}): Tenant {
  return {
    id: tenantId('tenant-a'),
    slug: 'acme',
    name: 'Acme “Ünïcode” GmbH',
    disabled: true,
    registrationOpen: true,
    allowedAddresses: ['192.0.2.7', '2001:db8::/32'],
    createdAt: new Date(T1),
    ...changes,
  };
}

export function sampleAccount(changes: Partial<Account> = {}): Account {
  return {
    id: accountId('account-1'),
    tenantId: tenantId('tenant-a'),
    email: 'Ada@Example.com',
    emailVerified: true,
    username: 'Ada.L',
    displayName: 'Ada Lovelace',
    phoneNumber: '+44 (0)20 7946-0000',
    newsletter: true,
    role: 'operator',
    superAdministrator: true,
    disabled: true,
    passwordHash: '$gatehouse$v=1$hash',
    credentialVersion: 7,
    createdAt: new Date(T1),
    updatedAt: new Date(T2),
    ...changes,
  };
}

/** Number n of many: unique id, e-mail and username. */
export function numberedAccount(n: number, changes: Partial<Account> = {}): Account {
  const digits = String(n).padStart(4, '0');
  return sampleAccount({
    id: accountId(`account-${digits}`),
    email: `person${digits}@example.com`,
    username: `person${digits}`,
    ...changes,
  });
}

export function sampleLink(changes: Partial<OneTimeLink> = {}): OneTimeLink {
  return {
    digest: linkDigest('digest-1'),
    purpose: 'set-password',
    accountId: accountId('account-1'),
    expiresAt: new Date('2026-01-03T00:00:00.123Z'),
    ...changes,
  };
}

export function linkDigest(value: string): LinkDigest {
  return value as LinkDigest;
}

export function sampleFactor(changes: Partial<TotpFactor> = {}): TotpFactor {
  return { accountId: accountId('account-1'), sealedSecret: 'v1.sealed', lastStep: 58_000_000, confirmedAt: new Date(T1), ...changes };
}

export function sampleClient(changes: Partial<Client> = {}): Client {
  return {
    id: clientId('client-1'),
    tenantId: tenantId('tenant-a'),
    name: 'Käse & Co <app>',
    type: 'native',
    verified: true,
    disabled: true,
    redirectUris: ['https://app.example/cb?x=1', 'http://127.0.0.1/cb'],
    postLogoutRedirectUris: ['https://app.example/bye'],
    scopes: ['read:interactions', 'read:users'],
    requirePkce: true,
    refreshWithoutOfflineAccess: true,
    allowedOrigins: ['https://app.example'],
    allowedAddresses: ['198.51.100.0/24'],
    secrets: [
      { id: 's1', digest: 'd1', createdAt: new Date(T1), expiresAt: new Date(T2) },
      { id: 's2', digest: 'd2', createdAt: new Date(T2), expiresAt: undefined },
    ],
    metadata: { logo_uri: 'https://app.example/logo.svg', jwks: { keys: [{ kty: 'EC' }] }, default_max_age: 5, tls: null, flag: false },
    createdAt: new Date(T1),
    updatedAt: new Date(T2),
    ...changes,
  };
}

export function sampleLicence(changes: Partial<Licence> = {}): Licence {
  return {
    id: licenceId('licence-1'),
    tenantId: tenantId('tenant-a'),
    key: 'ÄBCD-0001',
    agreement: { kind: 'Subscription', name: 'Gold “Plus”', provides: ['vision', 'audio'], publishedAt: new Date(T2) },
    startsAt: new Date('2026-02-01T00:00:00.001Z'),
    expiresAt: new Date('2027-02-01T00:00:00.002Z'),
    deviceId: 'device-1',
    amountPerMonth: 1999,
    discountBasisPoints: 1250,
    catalogueIds: ['catalogue-2', 'catalogue-1'],
    paidUntil: new Date('2026-05-01T00:00:00.003Z'),
    signedBy: accountId('account-1'),
    signedAt: new Date('2026-01-31T23:59:59.004Z'),
    createdAt: new Date(T1),
    ...changes,
  };
}

export function sampleProvider(changes: Partial<UpstreamProvider> = {}): UpstreamProvider {
  return {
    id: providerId('corp'),
    tenantId: tenantId('tenant-a'),
    name: 'Käse & Co <sign-in>',
    preset: 'entra',
    issuer: 'https://login.example.com/{tenantid}/v2.0',
    clientId: 'client at corp',
    authentication: 'client_secret_post',
    sealedSecret: 'v1.sealed',
    scopes: ['openid', 'email', 'https://corp.example/roles'],
    claims: { ...NO_CLAIM_PATHS, email: 'upn', groups: 'realm.$groups', role: 'roles' },
    roles: { map: { admin: ['corp-admins', 'root'], viewer: ['staff'] }, fallback: 'operator' },
    creation: 'domains',
    creationDomains: ['corp.example', 'sub.corp.example'],
    trustedDomains: ['corp.example'],
    homeDomains: ['home.example'],
    secondFactor: 'trust',
    endsSession: true,
    keepsTokens: true,
    disabled: true,
    configured: false,
    createdAt: new Date(T1),
    updatedAt: new Date(T2),
    ...changes,
  };
}

export function sampleIdentity(changes: Partial<FederatedIdentity> = {}): FederatedIdentity {
  return {
    id: identityId('identity-1'),
    tenantId: tenantId('tenant-a'),
    accountId: accountId('account-1'),
    providerId: providerId('corp'),
    issuer: 'https://login.example.com/7/v2.0',
    subject: 'Sübject-1',
    label: 'ada@corp.example',
    linkedAt: new Date(T1),
    lastSignInAt: new Date(T2),
    ...changes,
  };
}

export function sampleTokens(changes: Partial<SealedTokens> = {}): SealedTokens {
  return { sealed: 'v1.tokens', dueAt: new Date(T2), ...changes };
}

export function sampleKey(changes: Partial<SigningKey> = {}): SigningKey {
  return {
    kid: 'kid-1',
    alg: 'ES256',
    publicJwk: { kty: 'EC', crv: 'P-256', x: 'x', y: 'y' },
    sealedPrivateJwk: 'v1.sealed',
    active: true,
    createdAt: new Date(T1),
    ...changes,
  };
}

export function sampleChallenge(changes: Partial<LoginChallenge> = {}): LoginChallenge {
  return {
    id: 'challenge-1',
    tenantId: tenantId('tenant-a'),
    accountId: accountId('account-1'),
    credentialVersion: 7,
    step: 'enrol',
    remember: true,
    sealedSecret: 'v1.sealed',
    amr: ['pwd', 'otp'],
    expiresAt: new Date('2026-01-02T03:14:05.123Z'),
    ...changes,
  };
}

export function sampleEvent(changes: Partial<AuditEvent> = {}): Omit<AuditEvent, 'sequence'> {
  return {
    at: new Date(T1),
    type: 'token.issued',
    tenantId: 'tenant-a',
    accountId: 'account-1',
    clientId: 'client-1',
    requestId: 'request-1',
    ip: '2001:db8::1',
    detail: { scope: 'openid', amr: ['pwd'], nested: { deep: true }, none: null },
    ...changes,
  };
}

/** A tenant `tenant-a` with the person `account-1`, and an empty tenant `tenant-b`: what rows about people refer to. */
export async function seedPeople(storage: Storage): Promise<{ tenant: Tenant; other: Tenant; account: Account }> {
  const tenant = sampleTenant();
  const other = sampleTenant({ id: tenantId('tenant-b'), slug: 'other', createdAt: new Date(T2) });
  const account = sampleAccount();
  await storage.tenants.create(tenant);
  await storage.tenants.create(other);
  await storage.accounts.create(account);
  return { tenant, other, account };
}
