import { setTimeout as delay } from 'node:timers/promises';
import type { Client as EngineClient, KoaContextWithOIDC } from 'oidc-provider';
import Provider from 'oidc-provider';
import type { Audit } from '../domain/audit/audit.ts';
import type { Origin } from '../domain/audit/audit-log.ts';
import { originOf } from './origin.ts';
import { extrasOf } from './resources.ts';

/** Left out by the types; pinned with oidc-provider (~9.13). */
type Notified = EngineClient & { backchannelLogout(accountId: string, sid: string | undefined): Promise<void> };

/** What a session has given to one client. */
export interface ClientSession {
  readonly clientId: string;
  readonly accountId: string;
  readonly sid: string | undefined;
}

/** Longest that somebody who signs out waits for applications that are to hear of it. */
const PATIENCE_MS = 1000;

/** When an application that did not take it is told again. */
const AGAIN_AFTER_MS = [500, 2000];

const OURS: Origin = { requestId: 'sign-out', ip: 'server' };

/**
 * Clients that registered a backchannel_logout_uri hear that a session of theirs is over (OpenID Connect Back-Channel Logout 1.0). One that is down keeps
 * nobody waiting: it is told again a few times, by this process alone, then that goes into the audit log.
 */
export function tellClientsPatiently(provider: Provider, { audit }: { readonly audit: Audit }): void {
  const prototype = provider.Client.prototype as Notified;
  const { backchannelLogout } = prototype;

  async function deliver(client: Notified, accountId: string, sid: string | undefined): Promise<void> {
    const ctx = Provider.ctx as KoaContextWithOIDC | undefined;
    const origin = ctx ? originOf(ctx) : OURS;
    for (const wait of [...AGAIN_AFTER_MS, undefined]) {
      const failure = await backchannelLogout.call(client, accountId, sid).then(
        () => undefined,
        (error: Error) => error,
      );
      if (!failure) return;
      if (wait !== undefined) await delay(wait, undefined, { ref: false });
      else {
        const about = { tenantId: extrasOf(client).tenant_id, clientId: client.clientId, accountId };
        await audit.record({ type: 'logout.undelivered', origin, ...about, detail: { reason: failure.message.slice(0, 200) } });
      }
    }
  }

  prototype.backchannelLogout = async function tell(this: Notified, accountId, sid) {
    // A store that is away when that is to be written down has told of it in other places.
    const delivered = deliver(this, accountId, sid).catch(() => undefined);
    await Promise.race([delivered, delay(PATIENCE_MS, undefined, { ref: false })]);
  };
}

/** The same for sessions that end without anybody's request to the engine. */
export async function tellClients(provider: Provider, sessions: readonly ClientSession[]): Promise<void> {
  await Promise.all(
    sessions.map(async ({ clientId, accountId, sid }) => {
      // Whoever is removed or disabled meanwhile hears nothing.
      const client = (await provider.Client.find(clientId)) as Notified | undefined;
      if (client?.backchannelLogoutUri) await client.backchannelLogout(accountId, sid);
    }),
  );
}
