import { z } from 'zod';
import { managedAccount } from '../rest/managed-account.ts';
import { cut, limitSchema } from '../rest/paging.ts';
import { guardedRoute, personRoute, type Route } from '../rest/route.ts';
import type { RestServices } from '../rest/services.ts';
import { TroubleError } from '../rest/trouble.ts';
import { ADMINISTER, READ_USERS } from './access.ts';
import { roleSchema, toUser, USER_EXAMPLE, userSchema } from './user-view.ts';

export const userIdSchema = z.strictObject({ id: z.string().max(64).meta({ description: 'The id of a user.' }) });

const userAnswer = (description: string) => ({ description, schema: userSchema, example: USER_EXAMPLE });

export function listUsers({ stores }: Pick<RestServices, 'stores'>): Route {
  return guardedRoute({
    method: 'get',
    path: '/users',
    summary: 'List the users of your organisation',
    access: { role: 'operator', ...READ_USERS },
    query: z.strictObject({
      limit: limitSchema,
      after: z.string().max(64).optional().meta({ description: '`next_cursor` of the answer before.' }),
    }),
    answers: {
      200: {
        description: 'Users in the order of their ids; `next_cursor` is null at the end.',
        schema: z.strictObject({ users: z.array(userSchema), next_cursor: z.string().nullable() }),
        example: { users: [USER_EXAMPLE], next_cursor: null },
      },
    },
    async handle({ bearer: { tenant }, query: { limit, after } }) {
      const { entries, more } = cut(await stores.accounts.list(tenant.id, { limit: limit + 1, after }), limit);
      return { status: 200, body: { users: entries.map(toUser), next_cursor: (more && entries.at(-1)?.id) || null } };
    },
  });
}

export function showMe(): Route {
  return personRoute({
    method: 'get',
    path: '/users/me',
    summary: 'Show who you are',
    access: { role: 'viewer', ...READ_USERS },
    answers: { 200: userAnswer('The person behind the token.') },
    handle: async ({ account }) => ({ status: 200, body: toUser(account) }),
  });
}

export function inviteUser({ accountMail }: Pick<RestServices, 'accountMail'>): Route {
  return personRoute({
    method: 'post',
    path: '/users/invite',
    summary: 'Invite somebody into your organisation',
    access: ADMINISTER,
    body: z.strictObject({ email: z.string().min(1).max(320), role: roleSchema }),
    bodyExample: { email: 'bob@acme.fr', role: 'viewer' },
    answers: { 201: userAnswer('The new user. A mail with a one-time link to set a password is on its way.') },
    troubles: ['conflict', 'mail_failed'],
    async handle({ bearer: { tenant }, account: by, body: { email, role }, origin }) {
      const invited = await accountMail.invite({ tenant, email, role, by }, origin);
      return { status: 201, body: toUser(invited) };
    },
  });
}

type AccountServices = Pick<RestServices, 'accounts' | 'stores'>;

export function changeUser({ accounts, stores }: AccountServices): Route {
  return guardedRoute({
    method: 'patch',
    path: '/users/{id}',
    summary: 'Change the role of a user',
    access: ADMINISTER,
    params: userIdSchema,
    body: z.strictObject({ role: roleSchema }),
    bodyExample: { role: 'operator' },
    answers: { 200: userAnswer('The user, with the new role.') },
    troubles: ['forbidden'],
    async handle({ bearer, params: { id }, body: { role }, origin }) {
      const user = await managedAccount(stores.accounts, bearer, id);
      if (user.role === role) return { status: 200, body: toUser(user) };
      if (user.id === bearer.account?.id) throw new TroubleError({ kind: 'forbidden', message: 'Nobody changes their own role.' });
      return { status: 200, body: toUser(await accounts.setRole(user, role, origin)) };
    },
  });
}

export function deleteUser({ accounts, stores }: AccountServices): Route {
  return guardedRoute({
    method: 'delete',
    path: '/users/{id}',
    summary: 'Delete a user, for good',
    access: ADMINISTER,
    params: userIdSchema,
    answers: { 204: { description: 'Their sessions, tokens and links ended, and they are gone.' } },
    troubles: ['forbidden'],
    async handle({ bearer, params: { id }, origin }) {
      const user = await managedAccount(stores.accounts, bearer, id);
      if (user.id === bearer.account?.id) throw new TroubleError({ kind: 'forbidden', message: 'Nobody deletes themselves.' });
      await accounts.remove(user, origin);
      return { status: 204 };
    },
  });
}
