import { z } from 'zod';

/** What signs somebody in below /api/v1/auth. */
export const credentialsSchema = z.strictObject({
  email: z.string().min(1).max(320).meta({ description: 'E-mail address, or username.' }),
  password: z.string().min(1).max(1024),
  code: z
    .string()
    .min(1)
    .max(64)
    .optional()
    .meta({ description: 'Of an authenticator app, or a recovery code; only for accounts that have two-factor authentication.' }),
});
