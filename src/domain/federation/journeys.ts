import { type Clock, epochSeconds } from '../../lib/clock.ts';
import { sha256 } from '../../lib/digest.ts';
import type { JsonObject } from '../../lib/json.ts';
import type { Keyring } from '../../lib/keyring.ts';
import { randomToken } from '../../lib/random.ts';
import type { ArtifactStore } from '../tokens/artifact-store.ts';
import type { Journey } from './federation-service.ts';
import type { UpstreamExpectation, UpstreamHints } from './upstream.ts';
import type { ProviderId, UpstreamProvider } from './upstream-provider.ts';

const KIND = 'UpstreamState';

/** As long as somebody may take at another provider's pages. */
const LIFETIME_MS = 10 * 60_000;

/** What waits here while a browser is at another provider. */
export interface Departure {
  readonly provider: ProviderId;
  /** What the provider was then: an answer is for nobody else who goes by its id by now. */
  readonly left: Pick<UpstreamProvider, 'issuer' | 'clientId' | 'tenantId'>;
  readonly journey: Journey;
  readonly redirectUri: string;
  readonly expected: UpstreamExpectation;
}

/** Sign-ins that are under way at other providers, by the digest of their `state`; verifier and nonce are sealed. */
export interface Journeys {
  /** @param asked what has to be seen to when the answer comes */
  depart(wish: Omit<Departure, 'expected'>, asked: Pick<UpstreamHints, 'maxAge' | 'prompt'>): Promise<UpstreamExpectation>;
  /** Undefined when it is unknown, used or expired. */
  find(state: string): Promise<Departure | undefined>;
  /** Exactly one caller gets true. */
  arrive(state: string): Promise<boolean>;
}

export function createJourneys({ artifacts, keyring, clock }: { artifacts: ArtifactStore; keyring: Keyring; clock: Clock }): Journeys {
  const recordOf = (key: string) => `${KIND} ${key}`;
  return {
    async depart(wish, { maxAge, prompt }) {
      const promptedAt = prompt === 'login' ? epochSeconds(clock()) : undefined;
      const expected = { state: randomToken(), nonce: randomToken(), codeVerifier: randomToken(), maxAge, promptedAt };
      const key = sha256(expected.state);
      const sealed = keyring.seal(JSON.stringify({ ...wish, expected }), recordOf(key));
      await artifacts.put(KIND, key, { payload: { sealed } as JsonObject }, new Date(clock().getTime() + LIFETIME_MS));
      return expected;
    },
    async find(state) {
      const key = sha256(state);
      const artifact = await artifacts.find(KIND, key);
      if (!artifact || artifact.consumedAt !== undefined) return undefined;
      return JSON.parse(keyring.open(String(artifact.payload.sealed), recordOf(key))) as Departure;
    },
    arrive: (state) => artifacts.consume(KIND, sha256(state)),
  };
}
