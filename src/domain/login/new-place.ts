import type { Clock } from '../../lib/clock.ts';
import { sha256 } from '../../lib/digest.ts';
import type { Logger } from '../../lib/logger.ts';
import type { Account } from '../accounts/account.ts';
import type { Origin } from '../audit/audit-log.ts';
import { addressBucket } from '../limits/address.ts';
import type { Notices } from '../mail/notices.ts';
import type { ArtifactStore } from '../tokens/artifact-store.ts';

/** Where people sign in from. They hear of a place that they have not signed in from lately, unless it is their first. */
export interface NewPlaces {
  /** Costs a sign-in one write, and never fails it. */
  announce(account: Account, origin: Origin): Promise<void>;
}

export interface NewPlacesDeps {
  readonly artifacts: Pick<ArtifactStore, 'putOnce' | 'put' | 'list'>;
  readonly notices: Pick<Notices, 'newSignIn'>;
  readonly clock: Clock;
  readonly logger: Logger;
}

const KIND = 'SignInPlace';

/** From the last sign-in there. */
const REMEMBERED_MS = 90 * 86_400_000;

export function createNewPlaces({ artifacts, notices, clock, logger }: NewPlacesDeps): NewPlaces {
  /** After the sign-in is answered: somebody who keeps coming back stays known, and a newcomer is told of. */
  async function follow(account: Account, origin: Origin, place: { id: string; isNew: boolean; expiresAt: Date }): Promise<void> {
    if (!place.isNew) return await artifacts.put(KIND, place.id, { payload: {}, accountId: account.id }, place.expiresAt);
    // A first place is everybody's, and after a new password all are forgotten.
    if ((await artifacts.list(KIND, 'accountId', account.id)).length > 1) notices.newSignIn(account, origin);
  }

  return {
    async announce(account, origin) {
      const give = (error: unknown) =>
        logger.error({ err: error, requestId: origin.requestId }, 'a sign-in’s place could not be remembered');
      try {
        const id = sha256(`${account.id} ${addressBucket(origin.ip)}`);
        const expiresAt = new Date(clock().getTime() + REMEMBERED_MS);
        // One winner, so that two sign-ins at once make one mail.
        const isNew = await artifacts.putOnce(KIND, id, { payload: {}, accountId: account.id }, expiresAt);
        void follow(account, origin, { id, isNew, expiresAt }).catch(give);
      } catch (error) {
        give(error);
      }
    },
  };
}
