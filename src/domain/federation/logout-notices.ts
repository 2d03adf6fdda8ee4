import { type Clock, epochSeconds } from '../../lib/clock.ts';
import { sha256 } from '../../lib/digest.ts';
import type { Audit } from '../audit/audit.ts';
import type { Origin } from '../audit/audit-log.ts';
import type { ArtifactStore } from '../tokens/artifact-store.ts';
import type { HouseTokens } from '../tokens/house-tokens.ts';
import type { FederatedIdentity } from './identity.ts';
import type { ProviderRegistry } from './provider-registry.ts';
import { type Upstream, UpstreamError } from './upstream.ts';
import type { ProviderId, UpstreamProvider } from './upstream-provider.ts';
import type { Visit, VisitId, Visits } from './visits.ts';

const KIND = 'UpstreamLogoutToken';

/** Longer than a logout token is believed. */
const REMEMBERED_MS = 10 * 60_000;

/** A provider tells that somebody signed out there (OpenID Connect Back-Channel Logout 1.0). */
export interface LogoutNotices {
  /**
   * Ends everything that began with that session there, or with any of that person's; what was asked to outlast a sign-out stays (offline_access).
   * @throws NotFoundError when there is no such provider, UpstreamError when the token is not to be believed or its keys cannot be had
   */
  receive(provider: ProviderId, logoutToken: string, origin: Origin): Promise<void>;
  /** The same for everything of one person: the provider made it known in another way. */
  endAll(identity: Pick<FederatedIdentity, 'providerId' | 'issuer' | 'subject'>, origin: Origin): Promise<void>;
}

/** Ends the browser sessions that hang on a visit, with what they gave to applications. */
export type EndVisit = (visit: VisitId) => Promise<void>;

export interface LogoutNoticesDeps {
  readonly providers: Pick<ProviderRegistry, 'resolve'>;
  readonly upstream: Pick<Upstream, 'readLogoutToken'>;
  readonly visits: Visits;
  readonly endSessions: EndVisit;
  readonly houseTokens: Pick<HouseTokens, 'endFamily'>;
  readonly artifacts: ArtifactStore;
  readonly audit: Audit;
  readonly clock: Clock;
}

export function createLogoutNotices(deps: LogoutNoticesDeps): LogoutNotices {
  const { providers, upstream, visits, artifacts, audit, clock } = deps;

  async function end(over: readonly Visit[], provider: UpstreamProvider, origin: Origin): Promise<void> {
    for (const visit of over.filter((each) => each.provider === provider.id)) {
      // Closed first: no session or token that is stored in this moment is worth anything then. It is gone last, so that what broke off can be done again.
      const first = await visits.close(visit.id);
      await deps.houseTokens.endFamily(visit.id);
      await deps.endSessions(visit.id);
      await visits.end(visit.id);
      const about = { origin, tenantId: visit.tenantId, accountId: visit.accountId };
      if (first) await audit.record({ type: 'federation.signed_out', ...about, detail: { provider: provider.id } });
    }
  }

  return {
    async receive(id, logoutToken, origin) {
      const provider = await providers.resolve(id);
      const notice = await upstream.readLogoutToken(provider, logoutToken);
      const name = sha256(JSON.stringify([id, notice.issuer, notice.jti]));
      if (await artifacts.find(KIND, name)) throw new UpstreamError('This logout token was used before.', { kind: 'invalid' });
      await end(await visits.affected(notice), provider, origin);
      // Last, so that a notice that came to nothing by a fault of ours can come again.
      await artifacts.putOnce(KIND, name, { payload: {} }, new Date(clock().getTime() + REMEMBERED_MS));
    },

    async endAll({ providerId, issuer, subject }, origin) {
      const provider = await providers.resolve(providerId);
      const notice = { issuer, subject, sid: undefined, issuedAt: epochSeconds(clock()) };
      await end(await visits.affected(notice), provider, origin);
    },
  };
}
