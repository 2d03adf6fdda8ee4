import { z } from 'zod';
import { managedAccount } from '../rest/managed-account.ts';
import { cut, limitSchema } from '../rest/paging.ts';
import { guardedRoute, personRoute, type Route } from '../rest/route.ts';
import type { RestServices } from '../rest/services.ts';
import { TroubleError } from '../rest/trouble.ts';
import { ADMINISTER, ADMINISTER_FACTORS } from './access.ts';
import { queryToken } from './query-token.ts';
import { DONE, done } from './session.ts';
import { roleSchema, toUser, USER_EXAMPLE, userSchema } from './user-view.ts';

const idSchema = z.strictObject({ id: z.string().max(64).meta({ description: 'The id of a user.' }) });
const userAnswer = (description: string) => ({ description, schema: userSchema, example: USER_EXAMPLE });
const forbidden = (message: string) => new TroubleError({ kind: 'forbidden', message });

export function listUsers({ stores }: Pick<RestServices, 'stores'>): Route {
  return guardedRoute({
    method: 'get',
    path: '/users',
    summary: 'List the users of your organisation',
    access: ADMINISTER,
    query: z.strictObject({
      token: queryToken,
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

export function addUser({ accounts, accountMail }: Pick<RestServices, 'accounts' | 'accountMail'>): Route {
  return personRoute({
    method: 'post',
    path: '/users',
    summary: 'Add somebody to your organisation',
    access: ADMINISTER,
    body: z.strictObject({
      username: z.string().min(1).max(320),
      email: z.string().min(1).max(320),
      password: z.string().min(1).max(1024).optional().meta({ description: 'Without one a mail with a one-time link to set it is sent.' }),
      role: roleSchema,
    }),
    bodyExample: { username: 'bob', email: 'bob@example.com', role: 'viewer' },
    troubles: ['conflict', 'mail_failed', 'overloaded'],
    answers: { 201: userAnswer('The new user.') },
    async handle({ bearer: { tenant }, account: by, body: { username, email, password, role }, origin }) {
      const added =
        password === undefined
          ? await accountMail.invite({ tenant, username, email, role, by }, origin)
          : await accounts.create({ tenantId: tenant.id, username, email, password, role }, origin);
      return { status: 201, body: toUser(added) };
    },
  });
}

type AccountServices = Pick<RestServices, 'accounts' | 'stores'>;

export function changeUser({ accounts, stores }: AccountServices): Route {
  return guardedRoute({
    method: 'patch',
    path: '/users/{id}',
    summary: 'Change the role of a user, or let them in or out',
    access: ADMINISTER,
    params: idSchema,
    body: z.strictObject({ role: roleSchema.optional(), disabled: z.boolean().optional() }),
    bodyExample: { role: 'operator' },
    troubles: ['forbidden'],
    answers: { 200: userAnswer('The user, as they are now. Whoever is disabled has no token and no session any more.') },
    async handle({ bearer, params: { id }, body: { role, disabled }, origin }) {
      let user = await managedAccount(stores.accounts, bearer, id);
      const isSelf = user.id === bearer.account?.id;
      if (isSelf && role !== undefined && role !== user.role) throw forbidden('Nobody changes their own role.');
      if (isSelf && disabled) throw forbidden('Nobody disables themselves.');
      // Disabling again ends what an attempt that failed halfway has left.
      if (disabled === true || (disabled === false && user.disabled)) user = await accounts.setDisabled(user, disabled, origin);
      if (role !== undefined && role !== user.role) user = await accounts.setRole(user, role, origin);
      return { status: 200, body: toUser(user) };
    },
  });
}

export function removeUser({ accounts, stores }: AccountServices): Route {
  return guardedRoute({
    method: 'delete',
    path: '/users/{id}',
    summary: 'Remove a user, for good',
    access: ADMINISTER,
    params: idSchema,
    troubles: ['forbidden'],
    answers: { 200: DONE },
    async handle({ bearer, params: { id }, origin }) {
      const user = await managedAccount(stores.accounts, bearer, id);
      if (user.id === bearer.account?.id) throw forbidden('Nobody removes themselves.');
      await accounts.remove(user, origin);
      return done();
    },
  });
}

export function removeUserTotp({ mfa, stores }: Pick<RestServices, 'mfa' | 'stores'>): Route {
  return personRoute({
    method: 'delete',
    path: '/users/{id}/totp',
    summary: 'Turn the two-factor authentication of a user off, who has lost their device',
    access: ADMINISTER_FACTORS,
    params: idSchema,
    troubles: ['forbidden'],
    answers: { 200: DONE },
    async handle({ bearer, account, params: { id }, origin }) {
      const user = await managedAccount(stores.accounts, bearer, id);
      if (user.id === account.id) throw forbidden('Turn your own off with a code: DELETE /api/me/totp.');
      if (!(await mfa.remove(user, origin)))
        throw new TroubleError({ kind: 'not_found', message: 'They have no two-factor authentication.' });
      return done();
    },
  });
}
