import { type Role, roleIncludes } from './roles.ts';

/** A scope of the API as the operator configured it. */
export interface ScopeDefinition {
  readonly name: string;
  /** What a client can do with it, in the words of the consent page. */
  readonly description: string;
  /** The limit beside it: what it still cannot do. */
  readonly limit: string | undefined;
  /** The weakest role that may hand it to a client. */
  readonly role: Role;
}

export type ScopeCatalogue = readonly ScopeDefinition[];

interface ScopeHolder {
  /** API scopes the client was registered for. */
  readonly scopes: readonly string[];
}

/**
 * The ceiling of every token, on every surface: authorization endpoint, code exchange, refresh, client_credentials, REST login.
 * With a person it is what their role may hand over and the client is registered for; without one, what the client was granted.
 */
export function allowedScopes(
  account: { readonly role: Role } | undefined,
  client: ScopeHolder,
  catalogue: ScopeCatalogue,
): ReadonlySet<string> {
  return new Set(
    catalogue
      .filter((scope) => client.scopes.includes(scope.name))
      .filter((scope) => account === undefined || roleIncludes(account.role, scope.role))
      .map((scope) => scope.name),
  );
}
