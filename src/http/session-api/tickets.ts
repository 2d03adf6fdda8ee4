import { z } from 'zod';
import type { Origin } from '../../domain/audit/audit-log.ts';
import type { Bearer, Refused } from '../../domain/tokens/bearer.ts';
import { HOUSE_TOKEN_KINDS, type TokenDigest } from '../../domain/tokens/house-token.ts';
import { sha256 } from '../../lib/digest.ts';
import { randomToken } from '../../lib/random.ts';
import { personRoute, type Route } from '../rest/route.ts';
import type { RestServices } from '../rest/services.ts';
import { TroubleError } from '../rest/trouble.ts';
import { TAKE_TICKET } from './access.ts';

const KIND = 'StreamTicket';
const PREFIX = 'tkt_';
const SECONDS = 30;

export const isTicket = (value: string): boolean => value.startsWith(PREFIX);

/** For an address, where a token might be read by others: it opens one stream, and ends with the token it was made with. */
export function makeTicket({ stores, clock }: Pick<RestServices, 'stores' | 'clock'>): Route {
  return personRoute({
    method: 'post',
    path: '/stream/ticket',
    summary: 'Get a ticket for one stream',
    access: TAKE_TICKET,
    answers: {
      200: {
        description: 'Send it within 30 seconds as `token` of GET /stream.',
        schema: z.strictObject({ ticket: z.string(), expires_in: z.literal(SECONDS) }),
        example: { ticket: 'tkt_abc123...', expires_in: SECONDS },
      },
    },
    async handle({ bearer: { token }, account }) {
      if (!token) throw new TroubleError({ kind: 'sign_in_needed' });
      const ticket = `${PREFIX}${randomToken()}`;
      const artifact = { accountId: account.id, grantId: token.family, payload: { kind: token.kind, digest: token.digest } };
      await stores.artifacts.put(KIND, sha256(ticket), artifact, new Date(clock().getTime() + SECONDS * 1000));
      return { status: 200, body: { ticket, expires_in: SECONDS } };
    },
  });
}

type TicketServices = Pick<RestServices, 'stores' | 'houseTokens' | 'bearers'>;

/** Once, whoever else tries at the same time. The bearer is that of the token behind it. */
export async function useTicket(
  { stores, houseTokens, bearers }: TicketServices,
  ticket: string,
  origin: Origin,
): Promise<Bearer | Refused> {
  const found = await stores.artifacts.find(KIND, sha256(ticket));
  const kind = HOUSE_TOKEN_KINDS.find((each) => each === found?.payload.kind);
  if (!found || !kind || !(await stores.artifacts.consume(KIND, sha256(ticket)))) return 'invalid';
  const token = await houseTokens.findDigest(kind, String(found.payload.digest) as TokenDigest);
  return token ? await bearers.ofToken(token, origin) : 'invalid';
}
