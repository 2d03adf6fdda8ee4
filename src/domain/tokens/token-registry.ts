import type { AccountId } from '../accounts/account.ts';
import type { ClientId } from '../clients/client.ts';
import type { ArtifactStore } from './artifact-store.ts';

/**
 * Every token, session and grant the house has issued, whatever surface issued it, is an artifact that names its account, client and grant.
 * Ending one of those ends all that hangs on it, at once: introspection, userinfo, refresh and code exchange find nothing.
 */
export interface TokenRegistry {
  /** Sessions, grants, codes and tokens of a person. */
  endAccount(account: AccountId): Promise<void>;
  endClient(client: ClientId): Promise<void>;
}

export function createTokenRegistry({ artifacts }: { artifacts: ArtifactStore }): TokenRegistry {
  return {
    async endAccount(account) {
      await artifacts.removeBy('accountId', account);
    },
    async endClient(client) {
      await artifacts.removeBy('clientId', client);
    },
  };
}
