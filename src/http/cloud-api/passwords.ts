import { z } from 'zod';
import { checkNewPassword, MAX_PASSWORD_LENGTH } from '../../domain/accounts/password-policy.ts';
import type { StrengthReport } from '../../domain/accounts/password-strength.ts';
import { InvalidValueError } from '../../domain/errors.ts';
import { openRoute, type Route } from '../rest/route.ts';
import { TroubleError } from '../rest/trouble.ts';
import { passwordSchema, usernameSchema } from './credentials.ts';
import { type CloudServices, TIME_OUT } from './services.ts';

export function passwordStrengthRoute(services: CloudServices): Route {
  return openRoute({
    method: 'post',
    path: '/authenticate/password-strength',
    summary: 'Tell whether a password is strong enough to register with',
    body: z.strictObject({ Password: passwordSchema }),
    bodyExample: { Password: 'correct-horse-battery-staple-9' },
    answers: {
      200: {
        description: 'How strong it is, and what is wrong with it. What it has in common with its owner is looked at when they register.',
        schema: z.strictObject({
          Message: z.string().meta({ description: 'Why it will not do; empty when it will.' }),
          Score: z.int().min(0).max(4).meta({ description: '0 is guessed at once, 4 is out of reach.' }),
          Strong: z.boolean(),
        }),
        example: { Message: '', Score: 4, Strong: true },
      },
    },
    troubles: ['overloaded'],
    timeoutMs: TIME_OUT.sign,
    handle: async ({ body: { Password } }) => ({ status: 200, body: await judge(services, Password) }),
  });
}

async function judge({ hasher, passwordRules }: CloudServices, password: string) {
  let report: StrengthReport | undefined;
  const noting = { assess: async (...values: Parameters<typeof hasher.assess>) => (report = await hasher.assess(...values)) };
  const fault = await checkNewPassword(password, [], passwordRules, noting).then(
    () => undefined,
    (error: unknown) => {
      if (error instanceof InvalidValueError) return error;
      throw error;
    },
  );
  report ??= await hasher.assess(password.slice(0, MAX_PASSWORD_LENGTH), passwordRules.contextWords);
  return { Message: fault?.message ?? '', Score: report.score, Strong: fault === undefined };
}

const resetSchema = z
  .strictObject({
    Email: usernameSchema.optional().meta({ description: 'Where to send a link.' }),
    Token: z.string().min(1).max(4096).optional().meta({ description: 'The last part of the link that was mailed.' }),
    Password: passwordSchema.optional().meta({ description: 'The new one, with Token.' }),
  })
  .refine(
    ({ Email, Token, Password }) =>
      Email === undefined ? Token !== undefined && Password !== undefined : Token === undefined && Password === undefined,
    'give Email, or Token and Password',
  );

const MAILED = 'If somebody has an account with this address, a mail with a link is on its way to them.';
const CHANGED = 'The password is set. Please sign in with it.';

/** First {Email}, then {Token, Password}: nobody is signed in by it. */
export function passwordResetRoute({ accounts, accountMail }: CloudServices): Route {
  return openRoute({
    method: 'post',
    path: '/authenticate/password-reset',
    summary: 'Ask for a link to set a password, or set it with the token of that link',
    body: resetSchema,
    bodyExample: { Email: 'alice@example.com' },
    answers: {
      200: {
        description: 'The same whether or not somebody has that address; or the password is set.',
        schema: z.strictObject({ Message: z.string() }),
        example: { Message: MAILED },
      },
    },
    troubles: ['overloaded'],
    timeoutMs: TIME_OUT.sign,
    async handle({ body: { Email, Token = '', Password = '' }, origin }) {
      if (Email !== undefined) {
        await accountMail.requestReset(Email, origin);
        return { status: 200, body: { Message: MAILED } };
      }
      if (await accounts.usePasswordLink(Token, Password, origin)) return { status: 200, body: { Message: CHANGED } };
      throw new TroubleError({
        kind: 'bad_request',
        field: 'Token',
        message: 'This link was used or has expired. Please ask for a new one.',
      });
    },
  });
}
