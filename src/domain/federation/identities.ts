import type { Account } from '../accounts/account.ts';
import type { Audit } from '../audit/audit.ts';
import type { Origin } from '../audit/audit-log.ts';
import { InvalidValueError, NotFoundError } from '../errors.ts';
import type { Notices } from '../mail/notices.ts';
import type { FederatedIdentity, IdentityId } from './identity.ts';
import type { IdentityStore } from './identity-store.ts';
import { isIdentityOf } from './issuers.ts';
import type { ProviderRegistry } from './provider-registry.ts';
import { mayVouchFor, type UpstreamProvider } from './upstream-provider.ts';

/** An identity as whoever has it, or looks after it, sees it. */
export interface LinkedIdentity extends FederatedIdentity {
  /** The provider's id where the provider is gone. */
  readonly providerName: string;
  /** Somebody can sign in with it: its provider is enabled for this tenant, and still has that issuer and may vouch for the account. */
  readonly usable: boolean;
}

/** Who somebody is at other providers. */
export interface Identities {
  /** Oldest first. */
  list(account: Account): Promise<readonly LinkedIdentity[]>;
  /**
   * What was kept of the provider's tokens goes with it, and the person is told by mail. Who is signed in stays signed in.
   * @returns what is not linked any more
   * @throws NotFoundError, InvalidValueError naming `identity` when it is the only way into the account
   */
  unlink(account: Account, id: IdentityId, origin: Origin): Promise<LinkedIdentity>;
}

export interface IdentitiesDeps {
  readonly identities: IdentityStore;
  readonly providers: Pick<ProviderRegistry, 'list'>;
  readonly notices: Pick<Notices, 'providerUnlinked'>;
  readonly audit: Audit;
}

export function createIdentities({ identities, providers, notices, audit }: IdentitiesDeps): Identities {
  const shown = (identity: FederatedIdentity, account: Account, known: readonly UpstreamProvider[]): LinkedIdentity => {
    const provider = known.find(({ id }) => id === identity.providerId);
    return {
      ...identity,
      providerName: provider?.name ?? identity.providerId,
      usable: provider?.disabled === false && isIdentityOf(provider, identity) && mayVouchFor(provider, account),
    };
  };

  async function list(account: Account) {
    const [linked, known] = await Promise.all([
      identities.list(account.tenantId, account.id),
      providers.list(account.tenantId, { disabledToo: true }),
    ]);
    return linked.map((identity) => shown(identity, account, known));
  }

  return {
    list,

    async unlink(account, id, origin) {
      const linked = await list(account);
      const gone = () => new NotFoundError('This account is not linked to that any more.');
      const identity = linked.find((each) => each.id === id);
      if (!identity) throw gone();
      const { id: accountId, tenantId } = account;
      const ways = linked.filter(({ usable }) => usable).map((each) => each.id);
      const removal = await identities.remove(tenantId, accountId, id, ways);
      if (removal === 'absent') throw gone();
      if (removal === 'last')
        throw new InvalidValueError(
          'identity',
          `${identity.providerName} is the only way into this account. Set a password or link another provider, then unlink this one.`,
        );
      const detail = { provider: identity.providerId, issuer: identity.issuer };
      await audit.record({ type: 'federation.unlinked', origin, tenantId, accountId, detail });
      notices.providerUnlinked(account, origin, identity.providerName);
      return identity;
    },
  };
}
