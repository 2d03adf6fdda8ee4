import { z } from 'zod';
import { TOKEN_SECONDS } from '../../domain/tokens/house-token.ts';
import { showRate } from '../rest/count-calls.ts';
import { openRoute, type Route } from '../rest/route.ts';
import type { RestServices } from '../rest/services.ts';
import { TroubleError } from '../rest/trouble.ts';
import { signedIn } from '../rest/trouble-of.ts';
import { credentialsSchema } from './credentials.ts';
import { toUser, USER_EXAMPLE, userSchema } from './user-view.ts';

type LoginServices = Pick<RestServices, 'signIn' | 'houseTokens' | 'clock'>;

export function loginRoute({ signIn, houseTokens, clock }: LoginServices): Route {
  return openRoute({
    method: 'post',
    path: '/auth/login',
    summary: 'Log in with e-mail and password',
    body: credentialsSchema,
    bodyExample: { email: 'alice@acme.fr', password: 'your-password' },
    answers: {
      200: {
        description: 'A token that is good for 24 hours, and whose it is.',
        schema: z.strictObject({ token: z.string(), user: userSchema }),
        example: { token: 'eyJhbGciOiJFUzI1NiIsInR5cCI6IkpXVCJ9...', user: USER_EXAMPLE },
      },
    },
    troubles: ['bad_credentials', 'code_wanted', 'bad_code', 'login_limited', 'address_refused', 'overloaded'],
    async handle({ ctx, origin, body: { email, password, code } }) {
      const { outcome, address } = await signIn.signIn({ identifier: email, password, code }, origin);
      showRate(ctx, address);
      const now = clock();
      const { account, secondFactor } = signedIn(outcome, now);
      const expiresAt = new Date(now.getTime() + TOKEN_SECONDS.LoginToken * 1000);
      const issued = await houseTokens.issue({ kind: 'LoginToken', account, secondFactor, expiresAt });
      if (!issued) throw new TroubleError({ kind: 'bad_credentials' });
      return { status: 200, body: { token: issued.value, user: toUser(account) } };
    },
  });
}
