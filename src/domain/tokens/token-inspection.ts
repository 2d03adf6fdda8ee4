import type { Origin } from '../audit/audit-log.ts';
import type { TenantId } from '../tenants/tenant.ts';
import type { Bearer } from './bearer.ts';
import type { HouseToken } from './house-token.ts';
import type { HouseTokens } from './house-tokens.ts';
import type { Rights } from './rights.ts';
import { entryOfHouse } from './token-entry.ts';
import type { TokenRegistry } from './token-registry.ts';
import { guessKind } from './token-values.ts';

/** The tokens of the REST surfaces, for the overseers of a tenant: services that may do everything there. */
export interface TokenInspection {
  /** Whether this may be one of these tokens, by its looks. */
  concerns(value: string): boolean;
  /** What it is good for now. Undefined: in this tenant there is no such token, or it is good for nothing. */
  describe(value: string, tenant: TenantId): Promise<(Bearer & { readonly token: HouseToken }) | undefined>;
  /** Ends it, and its family with it. Nothing happens when there is no such token in this tenant. */
  end(value: string, tenant: TenantId, origin: Origin): Promise<void>;
}

export interface TokenInspectionDeps {
  readonly houseTokens: HouseTokens;
  readonly rights: Rights;
  readonly tokens: Pick<TokenRegistry, 'end'>;
}

export function createTokenInspection({ houseTokens, rights, tokens }: TokenInspectionDeps): TokenInspection {
  function kindOf(value: string): HouseToken['kind'] | undefined {
    const kind = guessKind(value);
    return kind === 'AccessToken' ? undefined : kind;
  }

  async function find(value: string, tenant: TenantId): Promise<HouseToken | undefined> {
    const kind = kindOf(value);
    const token = kind && (await houseTokens.find(kind, value));
    return token?.tenantId === tenant ? token : undefined;
  }

  return {
    concerns: (value) => kindOf(value) !== undefined,
    async describe(value, tenant) {
      const token = await find(value, tenant);
      const bearer = token && (await rights.ofHouse(token));
      return bearer && { ...bearer, token };
    },
    async end(value, tenant, origin) {
      const token = await find(value, tenant);
      if (token) await tokens.end(entryOfHouse(token), origin);
    },
  };
}
