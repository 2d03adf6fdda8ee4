import type { Clock } from '../../lib/clock.ts';
import type { Keyring } from '../../lib/keyring.ts';
import type { Audit } from '../audit/audit.ts';
import type { AuditType, Origin } from '../audit/audit-log.ts';
import { AlreadyExistsError, InvalidValueError, NotFoundError } from '../errors.ts';
import type { TenantId } from '../tenants/tenant.ts';
import type { TenantStore } from '../tenants/tenant-store.ts';
import { homeRivalOf, homeRivalWords } from './home-domains.ts';
import type { ProviderChange, ProviderSettings } from './provider-settings.ts';
import type { ProviderStore } from './provider-store.ts';
import { type ConfiguredProvider, settingsOf, settleProvider } from './settle-provider.ts';
import { type ProviderId, providerId, type UpstreamProvider } from './upstream-provider.ts';

/** Every provider there is, of the configuration and of the store. A configured one hides a stored one of the same id. */
export interface ProviderRegistry {
  /**
   * Those that people of this tenant may sign in with, undefined: all. The configuration's first, then the oldest first; those that are disabled
   * only when asked for.
   */
  list(tenant: TenantId | undefined, options?: { readonly disabledToo: boolean }): Promise<readonly UpstreamProvider[]>;
  /** One of `list(tenant)`. */
  find(id: ProviderId, tenant: TenantId | undefined): Promise<UpstreamProvider | undefined>;
  /** Also when it is disabled. @throws NotFoundError */
  resolve(id: string): Promise<UpstreamProvider>;
  /**
   * @throws InvalidValueError naming the field, also when another provider has one of its home domains; AlreadyExistsError, NotFoundError when there is
   * no such tenant
   */
  create(settings: ProviderSettings, origin: Origin): Promise<UpstreamProvider>;
  /** A secret stays with its issuer, unless another is given. @throws InvalidValueError naming the field, or `provider` for one of the configuration; NotFoundError */
  update(provider: UpstreamProvider, change: ProviderChange, origin: Origin): Promise<UpstreamProvider>;
  /** Links of accounts to people there stay, and count again when it is made again. @throws InvalidValueError, NotFoundError */
  remove(provider: UpstreamProvider, origin: Origin): Promise<void>;
}

export interface ProviderRegistryDeps {
  readonly providers: ProviderStore;
  readonly tenants: TenantStore;
  readonly configured: readonly ConfiguredProvider[];
  readonly keyring: Keyring;
  readonly audit: Audit;
  readonly clock: Clock;
}

/** Nobody made those of the configuration at a certain time. */
const ALWAYS = new Date(0);

/** The secret we prove ourselves with to this provider. Undefined where a key does. @throws SealBrokenError */
export function secretOf(provider: UpstreamProvider, keyring: Keyring): string | undefined {
  return provider.sealedSecret === undefined ? undefined : keyring.open(provider.sealedSecret, recordOf(provider.id));
}

/** @throws InvalidValueError */
function refuseRival(provider: UpstreamProvider, others: readonly UpstreamProvider[]): void {
  const found = homeRivalOf(provider, others);
  if (!found) return;
  const { problem, mend } = homeRivalWords(provider.id, found);
  throw new InvalidValueError('home_domains', `${problem} ${mend}`);
}

export function createProviderRegistry(deps: ProviderRegistryDeps): ProviderRegistry {
  const { providers, tenants, keyring, audit, clock } = deps;
  const seal = (id: ProviderId, secret: string | undefined) => secret && keyring.seal(secret, recordOf(id));
  const configured = deps.configured.map(({ secret, ...provider }) => ({ ...provider, sealedSecret: seal(provider.id, secret) }));
  const ofConfiguration = (id: string) => configured.find((provider) => provider.id === id);
  const gone = () => new NotFoundError('This provider was removed in the meantime.');

  const record = (type: AuditType, { id, tenantId }: UpstreamProvider, origin: Origin, members?: readonly string[]) =>
    audit.record({ type, origin, tenantId, detail: { provider: id, ...(members && { members }) } });

  /** Without its tenant a provider is nobody's: least of all everybody's. */
  async function withTenant({ tenant: slug, ...provider }: (typeof configured)[number]): Promise<UpstreamProvider | undefined> {
    const tenant = slug === undefined ? undefined : await tenants.findBySlug(slug);
    if (slug !== undefined && !tenant) return undefined;
    return { ...provider, tenantId: tenant?.id, configured: true, createdAt: ALWAYS, updatedAt: ALWAYS };
  }

  async function slugOf({ tenantId }: UpstreamProvider): Promise<string | undefined> {
    return tenantId === undefined ? undefined : (await tenants.find(tenantId))?.slug;
  }

  function refuseConfigured({ id }: UpstreamProvider): void {
    if (ofConfiguration(id)) throw new InvalidValueError('provider', `The provider “${id}” stands in the configuration. Change it there.`);
  }

  const list: ProviderRegistry['list'] = async (tenant, { disabledToo } = { disabledToo: false }) => {
    const ours = (await Promise.all(configured.map(withTenant))).filter((provider) => provider !== undefined);
    const stored = (await providers.list(tenant)).filter(({ id }) => !ofConfiguration(id));
    return [...ours, ...stored].filter((provider) => (disabledToo || !provider.disabled) && isFor(provider, tenant));
  };

  async function find(id: ProviderId): Promise<UpstreamProvider | undefined> {
    const ours = ofConfiguration(id);
    return ours ? await withTenant(ours) : await providers.find(id);
  }

  return {
    list,

    async find(id, tenant) {
      const found = await find(id);
      return found && !found.disabled && isFor(found, tenant) ? found : undefined;
    },

    async resolve(id) {
      const found = await find(providerId(id));
      if (found) return found;
      const ours = ofConfiguration(id);
      throw new NotFoundError(
        ours
          ? `The provider “${id}” is for the tenant “${ours.tenant}”, and there is none. Make it, or correct the configuration.`
          : `There is no provider “${id}”. \`gatehouse provider list\` shows those there are.`,
      );
    },

    async create(settings, origin) {
      const { secret, tenant: slug, ...settled } = settleProvider(settings);
      if (ofConfiguration(settled.id)) throw new AlreadyExistsError('provider id');
      const tenant = slug === undefined ? undefined : await tenants.findBySlug(slug);
      if (slug !== undefined && !tenant) throw new NotFoundError(`There is no tenant “${slug}”.`);
      const now = clock();
      const provider: UpstreamProvider = {
        ...settled,
        tenantId: tenant?.id,
        sealedSecret: seal(settled.id, secret),
        configured: false,
        createdAt: now,
        updatedAt: now,
      };
      refuseRival(provider, await list(undefined));
      await providers.create(provider).catch((error: unknown) => {
        throw error instanceof AlreadyExistsError ? new AlreadyExistsError('provider id', { cause: error }) : error;
      });
      await record('provider.created', provider, origin);
      return provider;
    },

    async update(provider, change, origin) {
      refuseConfigured(provider);
      const slug = await slugOf(provider);
      // One that the configuration has a rival for by now can still be changed otherwise.
      const others = change.home_domains !== undefined || change.enabled === true ? await list(undefined) : [];
      const changed = await providers.update(provider.id, (old) => {
        // One that was made anew for others is theirs.
        if (old.tenantId !== provider.tenantId) throw gone();
        const merged = { ...settingsOf(old, slug), ...change, client_id: change.client_id ?? old.clientId };
        // A secret is never sent to another issuer than the one it was given for.
        const stays = merged.authentication !== 'private_key_jwt' && merged.issuer === old.issuer;
        const kept = stays ? secretOf(old, keyring) : undefined;
        const { tenant: _tenant, secret, ...settled } = settleProvider({ ...merged, client_secret: change.client_secret ?? kept });
        const next = { ...old, ...settled, sealedSecret: seal(old.id, secret), updatedAt: clock() };
        refuseRival(next, others);
        return next;
      });
      if (!changed) throw gone();
      await record('provider.changed', changed, origin, Object.keys(change));
      return changed;
    },

    async remove(provider, origin) {
      refuseConfigured(provider);
      if (!(await providers.remove(provider))) throw gone();
      await record('provider.removed', provider, origin);
    },
  };
}

const isFor = ({ tenantId }: UpstreamProvider, tenant: TenantId | undefined) =>
  tenant === undefined || tenantId === undefined || tenantId === tenant;

const recordOf = (id: ProviderId) => `upstream-provider ${id}`;
