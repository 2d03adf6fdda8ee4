import { z } from 'zod';
import type { Account } from '../../domain/accounts/account.ts';
import { ROLES } from '../../domain/policy/roles.ts';

export const roleSchema = z.enum(ROLES);

/** A person, as administrators see them. */
export const userSchema = z.strictObject({
  id: z.uuid(),
  username: z.string().meta({ description: 'The e-mail address of whoever has no username.' }),
  email: z.string(),
  role: roleSchema,
  disabled: z.boolean(),
  created_at: z.iso.datetime(),
});

export const USER_EXAMPLE = {
  id: '00000000-0000-4000-8000-000000000010',
  username: 'admin',
  email: 'admin@example.com',
  role: 'admin',
  disabled: false,
  created_at: '2026-04-20T16:18:51.000Z',
};

/** `username` in every answer of this surface. */
export function shownName({ username, email }: Account): string {
  return username ?? email;
}

export function toUser(account: Account): z.infer<typeof userSchema> {
  const { id, email, role, disabled, createdAt } = account;
  return { id, username: shownName(account), email, role, disabled, created_at: createdAt.toISOString() };
}
