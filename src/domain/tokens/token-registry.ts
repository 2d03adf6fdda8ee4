import type { Clock } from '../../lib/clock.ts';
import type { AccountId } from '../accounts/account.ts';
import type { AccountStore } from '../accounts/account-store.ts';
import type { Audit } from '../audit/audit.ts';
import type { Origin } from '../audit/audit-log.ts';
import type { ClientId } from '../clients/client.ts';
import type { ClientStore } from '../clients/client-store.ts';
import type { Artifact, ArtifactStore, OwnerIndex } from './artifact-store.ts';
import { HOUSE_TOKEN_KINDS, type TokenDigest } from './house-token.ts';
import { toToken } from './house-token-record.ts';
import type { HouseTokens } from './house-tokens.ts';
import { ENGINE_TOKEN_KINDS, entryOfEngine, entryOfHouse, isOfHouse, type TokenEntry } from './token-entry.ts';
import type { TokenUses } from './token-uses.ts';

/**
 * Every token, session and grant the house has issued, whatever surface issued it, is an artifact that names its account, client and grant.
 * Ending one of those ends all that hangs on it, at once: introspection, userinfo, refresh and code exchange find nothing.
 */
export interface TokenRegistry {
  /** The tokens somebody holds, or programs hold for them; oldest first. */
  ofAccount(account: AccountId): Promise<readonly TokenEntry[]>;
  /** The tokens an application or service holds; oldest first. */
  ofClient(client: ClientId): Promise<readonly TokenEntry[]>;
  /** By the id that a list shows. Undefined when it is unknown, used up, expired or ended. */
  find(id: string): Promise<TokenEntry | undefined>;
  /** With all that hangs on the same grant or is of the same family. */
  end(entry: TokenEntry, origin: Origin): Promise<void>;
  /** Sessions, grants, codes and tokens of a person. */
  endAccount(account: AccountId): Promise<void>;
  endClient(client: ClientId): Promise<void>;
}

export interface TokenRegistryDeps {
  readonly artifacts: ArtifactStore;
  readonly houseTokens: HouseTokens;
  readonly uses: TokenUses;
  readonly accounts: AccountStore;
  readonly clients: ClientStore;
  readonly audit: Audit;
  readonly clock: Clock;
}

/** Of the engine; not a sign-in under way, which may name the grant of whoever was there before. */
const HANGING_ON_A_GRANT = ['AuthorizationCode', ...ENGINE_TOKEN_KINDS];

export function createTokenRegistry(deps: TokenRegistryDeps): TokenRegistry {
  const { artifacts, houseTokens, uses, clock } = deps;

  /** Undefined: it is used up, or over but for the tolerance the engine's are stored with. */
  function read(kind: TokenEntry['kind'], id: string, artifact: Artifact): TokenEntry | undefined {
    if (artifact.consumedAt !== undefined) return undefined;
    const entry = isOfHouse(kind) ? entryOfHouse(toToken(kind, id as TokenDigest, artifact)) : entryOfEngine(kind, id, artifact);
    return entry.expiresAt > clock() ? entry : undefined;
  }

  async function owned(index: OwnerIndex, value: string): Promise<readonly TokenEntry[]> {
    const kinds = [...ENGINE_TOKEN_KINDS, ...HOUSE_TOKEN_KINDS];
    const lists = await Promise.all(
      kinds.map(async (kind) => (await artifacts.list(kind, index, value)).map(({ id, artifact }) => read(kind, id, artifact))),
    );
    return lists
      .flat()
      .filter((entry) => entry !== undefined)
      .toSorted((a, b) => a.issuedAt.getTime() - b.issuedAt.getTime());
  }

  async function withUse(entry: TokenEntry): Promise<TokenEntry> {
    if (entry.kind !== 'PrivateToken' || !entry.accountId) return entry;
    return { ...entry, lastUsedAt: (await uses.of(entry.accountId)).get(entry.id) };
  }

  async function tenantOf({ tenantId, accountId: account, clientId: client }: TokenEntry): Promise<string | undefined> {
    if (tenantId !== undefined) return tenantId;
    return (account ? await deps.accounts.findSubject(account) : client && (await deps.clients.find(client)))?.tenantId;
  }

  async function remove({ kind, id, grant, clientId: client }: TokenEntry): Promise<void> {
    if (grant === undefined) return await artifacts.remove(kind, id);
    if (client) {
      // The grant first: without it no token that is stored in this moment is worth anything.
      await artifacts.remove('Grant', grant);
      await artifacts.removeBy('grantId', grant, HANGING_ON_A_GRANT);
    }
    await houseTokens.endFamily(grant);
    if (kind === 'PrivateToken') await uses.forget({ id });
  }

  return {
    async ofAccount(account) {
      const lastUses = await uses.of(account);
      return (await owned('accountId', account)).map((entry) => ({ ...entry, lastUsedAt: lastUses.get(entry.id) }));
    },

    ofClient: (client) => owned('clientId', client),

    async find(id) {
      for (const kind of HOUSE_TOKEN_KINDS) {
        const found = await artifacts.findBy(kind, 'uid', id);
        const entry = found && read(kind, found.id, found.artifact);
        if (entry) return await withUse(entry);
      }
      for (const kind of ENGINE_TOKEN_KINDS) {
        const artifact = await artifacts.find(kind, id);
        const entry = artifact && read(kind, id, artifact);
        if (entry) return entry;
      }
      return undefined;
    },

    async end(entry, origin) {
      const { kind, id, name, accountId: account, clientId: client } = entry;
      const tenantId = await tenantOf(entry);
      await remove(entry);
      const about = { origin, tenantId, accountId: account, clientId: client };
      await deps.audit.record({ type: 'token.revoked', ...about, detail: { kind, id, ...(name !== undefined && { name }) } });
    },

    async endAccount(account) {
      await artifacts.removeBy('accountId', account);
    },
    async endClient(client) {
      await artifacts.removeBy('clientId', client);
    },
  };
}
