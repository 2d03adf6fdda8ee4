import type { Clock } from '../../lib/clock.ts';
import { sha256 } from '../../lib/digest.ts';
import { randomToken } from '../../lib/random.ts';
import type { ArtifactStore } from './artifact-store.ts';

const KIND = 'CloudLoginState';

/** As long as somebody may take at the sign-in pages. */
const LIFETIME_MS = 10 * 60_000;

/** The `state` of a sign-in that is to end at one address (RFC 6749 10.12): once, and for minutes. Stored hashed. */
export interface LoginStates {
  create(redirectUri: string): Promise<string>;
  /** Where this sign-in has to end. Undefined when it is unknown or expired; one that was used is still told. */
  redirectUriOf(state: string): Promise<string | undefined>;
  /** Exactly one caller gets true. */
  use(state: string): Promise<boolean>;
}

export function createLoginStates({ artifacts, clock }: { artifacts: ArtifactStore; clock: Clock }): LoginStates {
  return {
    async create(redirectUri) {
      const state = randomToken();
      await artifacts.put(KIND, sha256(state), { payload: { redirectUri } }, new Date(clock().getTime() + LIFETIME_MS));
      return state;
    },
    async redirectUriOf(state) {
      const redirectUri = (await artifacts.find(KIND, sha256(state)))?.payload.redirectUri;
      return typeof redirectUri === 'string' ? redirectUri : undefined;
    },
    use: (state) => artifacts.consume(KIND, sha256(state)),
  };
}
