import type { Clock } from '../../lib/clock.ts';
import type { Keyring } from '../../lib/keyring.ts';
import type { FederatedIdentity, IdentityId } from './identity.ts';
import type { UpstreamTokens } from './upstream.ts';
import type { UpstreamProvider } from './upstream-provider.ts';
import type { SealedTokens, UpstreamTokenStore } from './upstream-token-store.ts';

/** How long before their end tokens are renewed; of those that live shorter, half their life. */
const MARGIN_MS = 5 * 60_000;

/** However long they live, they are looked at each day: whether there still is somebody to keep them for. */
export const LOOK_MS = 86_400_000;

/** What is sealed. It is given to nobody. */
export interface KeptTokens {
  /** Whom the provider gave them to: what it thinks of another client that brings them says nothing of the person. */
  readonly clientId: string;
  readonly accessToken: string;
  readonly refreshToken: string | undefined;
  /** Milliseconds since the epoch: when they are to be renewed, or forgotten where nothing renews them. Undefined: they are good until the provider says otherwise. */
  readonly renewAt: number | undefined;
}

/** Keeps the tokens of a sign-in, where the provider's settings say so. */
export type KeepTokens = (provider: UpstreamProvider, identity: FederatedIdentity, tokens: UpstreamTokens) => Promise<void>;

export interface KeepTokensDeps {
  readonly upstreamTokens: Pick<UpstreamTokenStore, 'keep'>;
  readonly keyring: Keyring;
  readonly clock: Clock;
}

export function createKeepTokens({ upstreamTokens, keyring, clock }: KeepTokensDeps): KeepTokens {
  return async (provider, { id, providerId }, tokens) => {
    // Another provider may have the same issuer; the tokens of one are of no use to the other.
    if (provider.keepsTokens && provider.id === providerId)
      await upstreamTokens.keep(id, sealTokens(id, { ...tokens, clientId: provider.clientId }, { keyring, now: clock() }));
  };
}

export function sealTokens(
  id: IdentityId,
  { clientId, accessToken, refreshToken, expiresAt }: UpstreamTokens & Pick<KeptTokens, 'clientId'>,
  { keyring, now }: { readonly keyring: Keyring; readonly now: Date },
): SealedTokens {
  const life = (expiresAt?.getTime() ?? Number.POSITIVE_INFINITY) - now.getTime();
  const usual = refreshToken === undefined ? life : Math.max(life - MARGIN_MS, life / 2);
  const renewAt = Number.isFinite(usual) ? now.getTime() + usual : undefined;
  const kept: KeptTokens = { clientId, accessToken, refreshToken, renewAt };
  return { sealed: keyring.seal(JSON.stringify(kept), recordOf(id)), dueAt: nextLook(kept, now) };
}

/** @throws SealBrokenError */
export function openTokens(id: IdentityId, { sealed }: SealedTokens, keyring: Keyring): KeptTokens {
  return JSON.parse(keyring.open(sealed, recordOf(id)));
}

export function nextLook({ renewAt = Number.POSITIVE_INFINITY }: Pick<KeptTokens, 'renewAt'>, now: Date): Date {
  return new Date(Math.min(renewAt, now.getTime() + LOOK_MS));
}

const recordOf = (id: IdentityId) => `upstream-tokens ${id}`;
