import { renderSVG } from 'uqr';
import { z } from 'zod';
import { formatRecoveryCode, newTotpSecret, totpUri } from '../../domain/mfa/totp.ts';
import type { Bearer } from '../../domain/tokens/bearer.ts';
import type { HouseToken, HouseTokenKind } from '../../domain/tokens/house-token.ts';
import { sha256 } from '../../lib/digest.ts';
import { personRoute, type Route } from '../rest/route.ts';
import type { RestServices } from '../rest/services.ts';
import { TroubleError } from '../rest/trouble.ts';
import { secondsUntil, signedIn } from '../rest/trouble-of.ts';
import { CHANGE_FACTOR, ENROL } from './access.ts';
import { codeSchema } from './login.ts';
import { DONE, done } from './session.ts';

/** So long after a sign-in nobody asks for the password again. Milliseconds. */
const FRESH_MS = 10 * 60_000;

/** What comes of a password at once; a token of the cloud API may come of a refresh. */
const OF_A_SIGN_IN: ReadonlySet<HouseTokenKind> = new Set(['SessionToken', 'LoginToken', 'ShortToken']);

/** How long a secret on offer waits for its first code. Milliseconds. */
const OFFERED_MS = 10 * 60_000;

type TotpServices = Pick<RestServices, 'mfa' | 'signIn' | 'stores' | 'keyring' | 'clock'>;

const taken = () => new TroubleError({ kind: 'conflict', field: undefined, message: 'Two-factor authentication is on already.' });
/** An offer belongs to the token that asked for it. */
const offerId = ({ digest }: HouseToken) => sha256(`session api enrolment ${digest}`);

export function offerTotp({ mfa, signIn, stores, keyring, clock }: TotpServices): Route {
  return personRoute({
    method: 'post',
    path: '/me/totp',
    summary: 'Begin to set up two-factor authentication',
    access: ENROL,
    body: z
      .strictObject({
        password: z.string().min(1).max(1024).optional().meta({ description: 'Needed once the sign-in is more than 10 minutes ago.' }),
      })
      .optional(),
    bodyExample: {},
    troubles: ['bad_credentials', 'forbidden', 'conflict', 'login_limited', 'overloaded'],
    answers: {
      200: {
        description:
          'A secret for an authenticator app: as text, as an address and as a QR code. Nothing is on before a code is confirmed.',
        schema: z.strictObject({ secret: z.string(), otpauth_url: z.string(), qr_svg: z.string() }),
        example: {
          secret: 'JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP',
          otpauth_url: 'otpauth://totp/Example:admin@example.com?secret=JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP&issuer=Example',
          qr_svg: '<svg xmlns="http://www.w3.org/2000/svg">...</svg>',
        },
      },
    },
    async handle({ bearer, account, body, origin }) {
      const token = ownToken(bearer);
      if ((await mfa.required(account)) === 'code') throw taken();
      const now = clock();
      if (body?.password !== undefined) signedIn(await signIn.confirmPassword(account, body.password, origin), now);
      else if (!OF_A_SIGN_IN.has(token.kind) || now.getTime() - token.issuedAt.getTime() > FRESH_MS)
        throw new TroubleError({ kind: 'forbidden', message: 'Your sign-in was a while ago. Send your password, or sign in again.' });
      const id = offerId(token);
      const secret = newTotpSecret();
      await stores.challenges.put({
        id,
        tenantId: account.tenantId,
        accountId: account.id,
        credentialVersion: account.credentialVersion,
        step: 'enrol',
        remember: false,
        sealedSecret: keyring.seal(secret, `challenge ${id}`),
        amr: [],
        expiresAt: new Date(now.getTime() + OFFERED_MS),
      });
      const uri = totpUri({ secret, issuer: bearer.tenant.name, label: account.email });
      return { status: 200, body: { secret, otpauth_url: uri, qr_svg: renderSVG(uri, { ecc: 'M', border: 4 }) } };
    },
  });
}

export function confirmTotp({ mfa, stores, keyring, clock }: TotpServices): Route {
  return personRoute({
    method: 'post',
    path: '/me/totp/confirm',
    summary: 'Turn two-factor authentication on',
    access: ENROL,
    body: z.strictObject({ code: codeSchema }),
    bodyExample: { code: '123456' },
    troubles: ['bad_code', 'conflict'],
    answers: {
      200: {
        description: 'It is on. Each recovery code stands for one code of the app; nobody can read them again.',
        schema: z.strictObject({ status: z.literal('ok'), recovery_codes: z.array(z.string()) }),
        example: { status: 'ok', recovery_codes: ['7F3A-90C1-5E2B-XK4T-8M2Q-W6RD'] },
      },
    },
    async handle({ bearer, account, body: { code }, origin }) {
      const offer = await stores.challenges.find(offerId(ownToken(bearer)), clock());
      if (!offer || offer.accountId !== account.id || offer.credentialVersion !== account.credentialVersion)
        throw new TroubleError({
          kind: 'conflict',
          field: undefined,
          message: 'There is nothing to confirm. Begin with POST /api/me/totp.',
        });
      const outcome = await mfa.enrol(account, keyring.open(offer.sealedSecret ?? '', `challenge ${offer.id}`), code, origin);
      if (outcome.kind === 'taken') throw taken();
      if (outcome.kind === 'wrong') throw new TroubleError({ kind: 'bad_code' });
      await stores.challenges.remove(offer.id);
      return { status: 200, body: { status: 'ok', recovery_codes: outcome.codes.map(formatRecoveryCode) } };
    },
  });
}

export function removeTotp({ mfa, signIn, clock }: TotpServices): Route {
  return personRoute({
    method: 'delete',
    path: '/me/totp',
    summary: 'Turn two-factor authentication off',
    access: CHANGE_FACTOR,
    body: z.strictObject({ code: codeSchema }),
    bodyExample: { code: '123456' },
    troubles: ['bad_code', 'not_found', 'login_limited'],
    answers: { 200: DONE },
    async handle({ account, body: { code }, origin }) {
      const off = () => new TroubleError({ kind: 'not_found', message: 'Two-factor authentication is not on.' });
      if ((await mfa.required(account)) !== 'code') throw off();
      const proof = await signIn.confirmCode(account, code, origin);
      if (proof.kind === 'paused')
        throw new TroubleError({ kind: 'login_limited', seconds: proof.until && secondsUntil(proof.until, clock()) });
      if (proof.kind !== 'passed') throw new TroubleError({ kind: 'bad_code' });
      if (!(await mfa.remove(account, origin))) throw off();
      return done();
    },
  });
}

function ownToken({ token }: Bearer): HouseToken {
  if (!token) throw new TroubleError({ kind: 'sign_in_needed' });
  return token;
}
