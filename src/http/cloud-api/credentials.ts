import { z } from 'zod';
import type { Credentials } from '../../domain/login/api-sign-in.ts';
import { TroubleError } from '../rest/trouble.ts';

/** As typed: whether there is such a person is told by nothing but a 401. */
export const usernameSchema = z.string().min(1).max(320).meta({ description: 'E-mail address, or username.' });
export const passwordSchema = z.string().min(1).max(1024);
export const totpSchema = z.string().min(1).max(64).meta({ description: 'Of an authenticator app, or a recovery code.' });

/** RFC 7617, in UTF-8: only the first colon separates. Undefined: another scheme, or none. @throws TroubleError */
export function basicCredentials(header: string): Pick<Credentials, 'identifier' | 'password'> | undefined {
  const [, encoded] = /^Basic +([A-Za-z0-9+/]+=*)$/i.exec(header) ?? [];
  if (encoded === undefined) return undefined;
  const text = Buffer.from(encoded, 'base64').toString();
  const colon = text.indexOf(':');
  const username = usernameSchema.safeParse(text.slice(0, Math.max(0, colon)));
  const password = passwordSchema.safeParse(text.slice(colon + 1));
  if (!username.success || !password.success || text.includes('\0'))
    throw new TroubleError({ kind: 'bad_request', field: undefined, message: 'The Authorization header holds no username and password.' });
  return { identifier: username.data, password: password.data };
}
