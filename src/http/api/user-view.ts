import { z } from 'zod';
import { type Account, nameOf } from '../../domain/accounts/account.ts';
import { ROLES } from '../../domain/policy/roles.ts';

export const roleSchema = z.enum(ROLES);

/** A person, in every answer that tells of one. */
export const userSchema = z.strictObject({
  id: z.uuid(),
  email: z.string(),
  display_name: z.string().meta({ description: 'The username or e-mail address of whoever has given no name.' }),
  role: roleSchema,
  tenant_id: z.uuid(),
});

export const USER_EXAMPLE = {
  id: '00000000-0000-4000-8000-000000000010',
  email: 'alice@acme.fr',
  display_name: 'Alice Martin',
  role: 'admin',
  tenant_id: '00000000-0000-4000-8000-000000000001',
};

export function toUser(account: Account): z.infer<typeof userSchema> {
  return { id: account.id, email: account.email, display_name: nameOf(account), role: account.role, tenant_id: account.tenantId };
}
