import { z } from 'zod';
import type { Refused } from '../../domain/tokens/bearer.ts';
import type { CloudPair } from '../../domain/tokens/cloud-pairs.ts';
import type { AnswerDoc } from '../rest/route.ts';
import { TroubleError } from '../rest/trouble.ts';

const pairSchema = z.strictObject({ AccessToken: z.string(), RefreshToken: z.string() });

const PAIR_EXAMPLE = { AccessToken: 'eyJhbGciOiJFUzI1NiIsInR5cCI6IkpXVCJ9...', RefreshToken: 'crt_Zk3x...' };

export const PAIR_ANSWER: AnswerDoc = {
  description: 'An access token for some minutes, and a refresh token for the next pair.',
  schema: pairSchema,
  example: PAIR_EXAMPLE,
};

/** What every call of Nx answers; a member is empty where there is nothing to say. */
const nxSchema = z.strictObject({
  AccessToken: z.string(),
  Error: z.string().meta({ description: 'Always empty: an error has its own shape and status.' }),
  RefreshToken: z.string(),
  TotpAccessCode: z.string().meta({ description: 'The password was right and a code is needed: send both to /nx/totp.' }),
});

const NOTHING: z.infer<typeof nxSchema> = { AccessToken: '', Error: '', RefreshToken: '', TotpAccessCode: '' };

export const NX_ANSWER: AnswerDoc = {
  description: 'A pair of tokens, or the code that stands for this sign-in until its second factor comes.',
  schema: nxSchema,
  example: { ...NOTHING, ...PAIR_EXAMPLE },
};

export const NX_EMPTY: AnswerDoc = { description: 'Done: every member is empty.', schema: nxSchema, example: NOTHING };

export const toPair = ({ accessToken: AccessToken, refreshToken: RefreshToken }: CloudPair) => ({ AccessToken, RefreshToken });

/** An answer of Nx with what there is. */
export function toNx(given: Partial<typeof NOTHING>): typeof NOTHING {
  return { ...NOTHING, ...given };
}

/** @throws TroubleError when no pair came of it */
export function refreshed(outcome: CloudPair | Refused): CloudPair {
  if (typeof outcome !== 'string') return outcome;
  throw new TroubleError({ kind: outcome === 'address' ? 'address_refused' : 'bad_token' });
}

/** @throws TroubleError when the person's credentials changed while they signed in */
export function started(pair: CloudPair | undefined): CloudPair {
  if (!pair) throw new TroubleError({ kind: 'bad_credentials' });
  return pair;
}
