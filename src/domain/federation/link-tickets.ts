import type { Clock } from '../../lib/clock.ts';
import { sha256 } from '../../lib/digest.ts';
import type { JsonObject } from '../../lib/json.ts';
import type { Keyring } from '../../lib/keyring.ts';
import { randomToken } from '../../lib/random.ts';
import type { AccountId } from '../accounts/account.ts';
import type { ArtifactStore } from '../tokens/artifact-store.ts';
import type { Journey } from './federation-service.ts';
import type { ProviderId } from './upstream-provider.ts';

const KIND = 'UpstreamLinkTicket';

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

/** Good for one link, for one account, in one journey. */
export interface LinkTickets {
  make(offer: LinkOffer): Promise<string>;
  /** Without using it up. Undefined when it is unknown, used or expired. */
  find(ticket: string): Promise<LinkOffer | undefined>;
  /** Exactly one caller gets the offer; undefined when it is unknown, used or expired. */
  take(ticket: string): Promise<LinkOffer | undefined>;
}

export function createLinkTickets({
  artifacts,
  keyring,
  clock,
}: {
  artifacts: ArtifactStore;
  keyring: Keyring;
  clock: Clock;
}): LinkTickets {
  const recordOf = (key: string) => `${KIND} ${key}`;
  async function find(ticket: string): Promise<LinkOffer | undefined> {
    const key = sha256(ticket);
    const artifact = await artifacts.find(KIND, key);
    if (!artifact || artifact.consumedAt !== undefined) return undefined;
    return JSON.parse(keyring.open(String(artifact.payload.sealed), recordOf(key))) as LinkOffer;
  }

  return {
    async make(offer) {
      const ticket = randomToken();
      const key = sha256(ticket);
      const payload: JsonObject = { sealed: keyring.seal(JSON.stringify(offer), recordOf(key)) };
      await artifacts.put(KIND, key, { accountId: offer.accountId, payload }, new Date(clock().getTime() + LIFETIME_MS));
      return ticket;
    },
    find,
    async take(ticket) {
      const offer = await find(ticket);
      return offer && (await artifacts.consume(KIND, sha256(ticket))) ? offer : undefined;
    },
  };
}
