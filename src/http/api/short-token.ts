import { z } from 'zod';
import { TOKEN_SECONDS } from '../../domain/tokens/house-token.ts';
import { showRate } from '../rest/count-calls.ts';
import { openRoute, type Route } from '../rest/route.ts';
import type { RestServices } from '../rest/services.ts';
import { TroubleError } from '../rest/trouble.ts';
import { signedIn } from '../rest/trouble-of.ts';
import { credentialsSchema } from './credentials.ts';

const shortToken = z.strictObject({ token: z.string(), expires_at: z.iso.datetime() });

/** Signing in for an hour. */
export function shortTokenRoute({ signIn, houseTokens, clock }: RestServices): Route {
  return openRoute({
    method: 'post',
    path: '/api/v1/auth/token',
    summary: 'Sign in for a token that lasts one hour',
    body: credentialsSchema,
    bodyExample: { email: 'alice@example.com', password: 'a long and quiet sentence' },
    answers: {
      200: {
        description: 'A token for one hour',
        schema: shortToken,
        example: { token: 'eyJ…', expires_at: '2030-01-31T10:00:00.000Z' },
      },
    },
    troubles: ['bad_credentials', 'code_wanted', 'bad_code', 'login_limited', 'address_refused', 'overloaded'],
    async handle({ ctx, origin, body: { email: identifier, password, code } }) {
      const { outcome, address } = await signIn.signIn({ identifier, password, code }, origin);
      showRate(ctx, address);
      const { account, secondFactor } = signedIn(outcome, clock());
      const expiresAt = new Date(clock().getTime() + TOKEN_SECONDS.ShortToken * 1000);
      const issued = await houseTokens.issue({ kind: 'ShortToken', account, secondFactor, expiresAt });
      // Their credentials changed since they were checked.
      if (!issued) throw new TroubleError({ kind: 'bad_credentials' });
      return { status: 200, body: { token: issued.value, expires_at: issued.token.expiresAt.toISOString() } };
    },
  });
}
