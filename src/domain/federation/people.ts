import { randomUUID } from 'node:crypto';
import type { Clock } from '../../lib/clock.ts';
import { type Account, loginKey, parseDisplayName, parseEmail, parseUsername } from '../accounts/account.ts';
import type { AccountService } from '../accounts/account-service.ts';
import type { AccountStore } from '../accounts/account-store.ts';
import type { Audit } from '../audit/audit.ts';
import type { Origin } from '../audit/audit-log.ts';
import { AlreadyExistsError, InvalidValueError, NotFoundError } from '../errors.ts';
import type { Notices } from '../mail/notices.ts';
import type { TenantId } from '../tenants/tenant.ts';
import type { TenantService } from '../tenants/tenant-service.ts';
import { labelOf, mapClaims, type UpstreamProfile } from './claims-mapping.ts';
import type { FederationRefusal } from './federation-service.ts';
import { type FederatedIdentity, identityId } from './identity.ts';
import type { IdentityStore } from './identity-store.ts';
import type { KeepTokens } from './kept-tokens.ts';
import type { UpstreamIdentity } from './upstream.ts';
import { mayVouchFor, type UpstreamProvider } from './upstream-provider.ts';

/** RFC 8176 values that tell of a second factor. */
const STRONG_AMR = ['mfa', 'otp', 'hwk', 'swk', 'sms', 'tel'];

/** How we call it when somebody else checked who it is; RFC 8176 has no word for that. */
export const FEDERATED = 'fed';

export type Recognition =
  | { readonly kind: 'known'; readonly account: Account; readonly amr: readonly string[]; readonly secondFactor: boolean }
  /** An account has the same address, and whoever came has yet to show that it is theirs. */
  | { readonly kind: 'claimed'; readonly account: Account; readonly label: string }
  | { readonly kind: 'refused'; readonly reason: FederationRefusal };

/** Whose account somebody from another provider has. */
export interface People {
  /**
   * By (issuer, subject) alone, else by the provider's rules for people it sends for the first time. An account that is made for them is whole or not there.
   * @param tenant where they want in; undefined: where the provider says
   */
  recognise(provider: UpstreamProvider, identity: UpstreamIdentity, tenant: TenantId | undefined, origin: Origin): Promise<Recognition>;
  /** The person is told by mail. False when somebody at that provider is linked already, and when its word is not good for this account. */
  link(
    provider: UpstreamProvider,
    who: Pick<FederatedIdentity, 'issuer' | 'subject' | 'label'>,
    account: Account,
    origin: Origin,
  ): Promise<boolean>;
}

export interface PeopleDeps {
  readonly identities: IdentityStore;
  readonly accounts: AccountStore;
  readonly accountService: Pick<AccountService, 'create' | 'setRole' | 'remove'>;
  readonly tenants: Pick<TenantService, 'resolve'>;
  readonly keepTokens: KeepTokens;
  readonly notices: Pick<Notices, 'providerLinked'>;
  readonly audit: Audit;
  readonly clock: Clock;
  readonly firstTenant: TenantId;
}

export function createPeople(deps: PeopleDeps): People {
  const { identities, accounts, accountService, tenants, audit, clock } = deps;

  const refused = async (reason: FederationRefusal, provider: UpstreamProvider, origin: Origin): Promise<Recognition> => {
    await audit.record({ type: 'federation.refused', origin, tenantId: provider.tenantId, detail: { provider: provider.id, reason } });
    return { kind: 'refused', reason };
  };

  async function join(
    provider: UpstreamProvider,
    { issuer, subject, label }: Pick<FederatedIdentity, 'issuer' | 'subject' | 'label'>,
    account: Account,
    origin: Origin,
  ): Promise<FederatedIdentity | undefined> {
    const { id: accountId, tenantId } = account;
    const now = clock();
    const made = {
      id: identityId(randomUUID()),
      tenantId,
      accountId,
      providerId: provider.id,
      issuer,
      subject,
      label,
      linkedAt: now,
      lastSignInAt: now,
    };
    try {
      await identities.create(made);
    } catch (error) {
      if (error instanceof AlreadyExistsError) return undefined;
      throw error;
    }
    await audit.record({ type: 'federation.linked', origin, tenantId, accountId, detail: { provider: provider.id, issuer } });
    return made;
  }

  /** The role is the provider's to give, where it gives one; who may do everything everywhere is ours. */
  async function withRole(account: Account, { role }: UpstreamProfile, origin: Origin): Promise<Account | undefined> {
    if (role === 'none') return undefined;
    if (role === undefined || role === account.role || account.superAdministrator) return account;
    return await accountService.setRole(account, role, origin);
  }

  async function tenantFor(
    provider: UpstreamProvider,
    asked: TenantId | undefined,
    profile: UpstreamProfile,
  ): Promise<TenantId | undefined> {
    if (provider.tenantId !== undefined) return asked === undefined || asked === provider.tenantId ? provider.tenantId : undefined;
    if (profile.tenant === undefined) return asked ?? deps.firstTenant;
    const told = await tenants.resolve(profile.tenant).catch((error: unknown) => {
      if (error instanceof NotFoundError) return undefined;
      throw error;
    });
    return told && (asked === undefined || asked === told.id) ? told.id : undefined;
  }

  /**
   * An account that nobody has proved to own is not handed to whoever has its address elsewhere, nor the other way round: it was verified here, or
   * nobody has come into it yet, by password or by any provider.
   */
  async function belongsTo(account: Account, provider: UpstreamProvider, { email, emailVerified }: UpstreamProfile): Promise<boolean> {
    // Which providers are trusted is up to administrators of one tenant, and whoever may do everything everywhere is not.
    if (!email || !emailVerified || account.superAdministrator) return false;
    const untouched = account.passwordHash === undefined && (await identities.list(account.tenantId, account.id)).length === 0;
    const vouched = provider.trustedDomains.includes(domainOf(email)) && (account.emailVerified || untouched);
    return vouched || (provider.creation === 'invited' && untouched);
  }

  function mayCreate({ creation, creationDomains }: UpstreamProvider, { email = '', emailVerified }: UpstreamProfile): boolean {
    if (creation === 'everybody') return true;
    return creation === 'domains' && emailVerified && creationDomains.includes(domainOf(email));
  }

  /** The person is told by mail. */
  async function joinTelling(...[provider, who, account, origin]: Parameters<typeof join>): Promise<FederatedIdentity | undefined> {
    const linked = await join(provider, who, account, origin);
    if (linked) deps.notices.providerLinked(account, origin, provider.name);
    return linked;
  }

  const people: People = {
    async link(provider, who, account, origin) {
      if (mayVouchFor(provider, account)) return (await joinTelling(provider, who, account, origin)) !== undefined;
      await refused('not_allowed', provider, origin);
      return false;
    },

    async recognise(provider, identity, asked, origin) {
      const profile = mapClaims(identity.claims, provider.claims, provider.roles);
      const label = labelOf(profile, identity.subject);
      const secondFactor = provider.secondFactor === 'trust' && isStrong(identity);
      const known = async (account: Account, linked: FederatedIdentity): Promise<Recognition> => {
        const closed = account.disabled || !mayVouchFor(provider, account) || (await tenants.resolve(account.tenantId)).disabled;
        const current = closed ? undefined : await withRole(account, profile, origin);
        if (!current) return await refused(!closed && profile.role === 'none' ? 'no_role' : 'not_allowed', provider, origin);
        await deps.keepTokens(provider, linked, identity.tokens);
        return { kind: 'known', account: current, amr: secondFactor ? [FEDERATED, 'mfa'] : [FEDERATED], secondFactor };
      };

      const linked = await identities.find(identity.issuer, identity.subject);
      if (linked) {
        const account = await accounts.find(linked.tenantId, linked.accountId);
        if (!account || (asked !== undefined && asked !== account.tenantId)) return await refused('not_allowed', provider, origin);
        await identities.noteSignIn(linked.id, label, clock());
        return await known(account, linked);
      }

      const email = checked(() => parseEmail(profile.email ?? ''));
      if (!email) return await refused('no_email', provider, origin);
      const tenant = await tenantFor(provider, asked, profile);
      if (!tenant) return await refused('not_allowed', provider, origin);
      const taken = await accounts.findByLogin(loginKey(email));
      if (taken) {
        if (taken.tenantId !== tenant || taken.disabled) return await refused('no_account', provider, origin);
        if (!mayVouchFor(provider, taken)) return await refused('not_allowed', provider, origin);
        if (!(await belongsTo(taken, provider, profile))) return { kind: 'claimed', account: taken, label };
        const joined = await joinTelling(provider, { ...identity, label }, taken, origin);
        return joined ? await known(taken, joined) : await refused('not_allowed', provider, origin);
      }
      if (!mayCreate(provider, profile)) return await refused('no_account', provider, origin);
      if (profile.role === 'none') return await refused('no_role', provider, origin);
      const username = profile.username && checked(() => parseUsername(profile.username ?? ''));
      const free = username && !(await accounts.findByLogin(loginKey(username)));
      const displayName = profile.name && checked(() => parseDisplayName(profile.name ?? ''));
      const role = profile.role ?? provider.roles.fallback ?? 'viewer';
      const draft = { tenantId: tenant, email, role, ...(free && { username }), ...(displayName && { displayName }) };
      const account = await accountService.create(draft, origin).catch((error: unknown) => {
        if (error instanceof AlreadyExistsError) return undefined;
        throw error;
      });
      // Somebody was first, who may be the same person in another tab.
      if (!account) return await people.recognise(provider, identity, asked, origin);
      const joined = await join(provider, { ...identity, label }, account, origin).catch(async (error: unknown) => {
        await accountService.remove(account, origin);
        throw error;
      });
      if (joined) return await known(account, joined);
      await accountService.remove(account, origin);
      return await refused('not_allowed', provider, origin);
    },
  };
  return people;
}

function isStrong({ amr, acr }: UpstreamIdentity): boolean {
  return amr.some((method) => STRONG_AMR.includes(method)) || acr === 'aal2' || acr === 'aal3';
}

const domainOf = (email: string) => email.split('@').at(-1)?.toLowerCase() ?? '';

/** What will not do as a name of ours is left out. */
function checked(parse: () => string): string | undefined {
  try {
    return parse();
  } catch (error) {
    if (error instanceof InvalidValueError) return undefined;
    throw error;
  }
}
