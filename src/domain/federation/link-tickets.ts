import type { AccountId } from '../accounts/account.ts';
import { createSealedSlips, type SealedSlips, type SealedSlipsDeps } from '../tokens/sealed-slips.ts';
import type { Journey } from './journeys.ts';
import type { ProviderId } from './upstream-provider.ts';

/** As long as somebody may take to sign in here first. */
const LIFETIME_MS = 10 * 60_000;

/** An offer to link: who somebody is at a provider, whose account it may belong to here, and the journey it came up in. */
export interface LinkOffer {
  readonly provider: ProviderId;
  readonly issuer: string;
  readonly subject: string;
  readonly label: string;
  readonly accountId: AccountId;
  readonly journey: Journey;
}

/** Good for one link, for one account, in one journey; it ends with the account. */
export interface LinkTickets extends Pick<SealedSlips<LinkOffer>, 'find' | 'take'> {
  make(offer: LinkOffer): Promise<string>;
}

export function createLinkTickets(deps: SealedSlipsDeps): LinkTickets {
  const slips = createSealedSlips<LinkOffer>({ kind: 'UpstreamLinkTicket', lifetimeMs: LIFETIME_MS }, deps);
  return { ...slips, make: (offer) => slips.make(offer, { accountId: offer.accountId }) };
}
