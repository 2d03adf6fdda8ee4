import type Provider from 'oidc-provider';
import type { Client as EngineClient } from 'oidc-provider';

/** Left out by the types; pinned with oidc-provider (~9.13). */
type Notified = EngineClient & { backchannelLogout(accountId: string, sid: string | undefined): Promise<void> };

/** What a session has given to one client. */
export interface ClientSession {
  readonly clientId: string;
  readonly accountId: string;
  readonly sid: string | undefined;
}

export interface Undelivered {
  readonly client: EngineClient;
  readonly accountId: string;
  readonly error: Error;
}

/**
 * Clients that registered a backchannel_logout_uri hear that a session of theirs is over (OpenID Connect Back-Channel Logout 1.0); each within the time
 * of any fetch, all at once, and once. Resolves to those that did not take it.
 */
export async function tellClients(provider: Provider, sessions: readonly ClientSession[]): Promise<readonly Undelivered[]> {
  const outcomes = await Promise.all(
    sessions.map(async ({ clientId, accountId, sid }) => {
      // Whoever is removed or disabled meanwhile hears nothing.
      const client = (await provider.Client.find(clientId)) as Notified | undefined;
      if (!client?.backchannelLogoutUri) return undefined;
      return await client.backchannelLogout(accountId, sid).then(
        () => undefined,
        (error: Error) => ({ client, accountId, error }),
      );
    }),
  );
  return outcomes.filter((outcome) => outcome !== undefined);
}
