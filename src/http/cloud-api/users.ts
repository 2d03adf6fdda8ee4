import { z } from 'zod';
import { type Account, accountId } from '../../domain/accounts/account.ts';
import { isAllowedAddress } from '../../domain/limits/address.ts';
import { roleIncludes } from '../../domain/policy/roles.ts';
import type { Tenant } from '../../domain/tenants/tenant.ts';
import { openRoute, personRoute, type Route } from '../rest/route.ts';
import { TroubleError } from '../rest/trouble.ts';
import { PEOPLE } from './access.ts';
import { passwordSchema } from './credentials.ts';
import { ORGANISATION_EXAMPLE, organisationSchema, toOrganisation, uuidParams } from './organisations.ts';
import { type CloudServices, TIME_OUT } from './services.ts';

const userSchema = z.strictObject({
  Email: z.string(),
  IsSuperAdmin: z.boolean(),
  Name: z.string(),
  NxID: z.string().meta({ description: 'Always empty: nobody has an identity at Nx here.' }),
  Organisation: organisationSchema,
  UUID: z.uuid(),
});

const EXAMPLE = {
  Email: 'alice@example.com',
  IsSuperAdmin: true,
  Name: 'Alice',
  NxID: '',
  Organisation: ORGANISATION_EXAMPLE,
  UUID: 'f50af7e0-0dd5-4361-ab96-2e04f7bc7e30',
};

const toUser = (account: Account, tenant: Tenant): z.infer<typeof userSchema> => ({
  Email: account.email,
  IsSuperAdmin: account.superAdministrator,
  Name: account.displayName ?? '',
  NxID: '',
  Organisation: toOrganisation(tenant),
  UUID: account.id,
});

const profile = {
  Name: z.string().min(1).max(200),
  Newsletter: z.boolean(),
  PhoneNumber: z.string().max(100).nullable(),
};

/** Whoever has the address already gets a mail about it, and the answer is the same. */
export function registerRoute({ tenants, firstTenant, accountMail }: CloudServices): Route {
  return openRoute({
    method: 'post',
    path: '/user',
    summary: 'Register a new user',
    body: z.strictObject({
      Email: z.string().min(1).max(320),
      Password: passwordSchema,
      Name: profile.Name,
      Newsletter: profile.Newsletter.optional(),
      PhoneNumber: profile.PhoneNumber.optional(),
    }),
    bodyExample: {
      Email: 'alice@example.com',
      Password: 'correct-horse-battery-staple-9',
      Name: 'Alice',
      Newsletter: true,
      PhoneNumber: '+31 20 123 4567',
    },
    answers: { 201: { description: 'Registered. The same answer when the address was taken.', schema: userSchema, example: EXAMPLE } },
    troubles: ['forbidden', 'address_refused', 'overloaded'],
    timeoutMs: TIME_OUT.sign,
    async handle({ body: { Email: email, Password: password, Name: displayName, Newsletter: newsletter, PhoneNumber }, origin }) {
      const tenant = await tenants.resolve(firstTenant.id);
      if (!tenant.registrationOpen || tenant.disabled) throw new TroubleError({ kind: 'forbidden', message: 'Registration is closed.' });
      if (!isAllowedAddress(origin.ip, tenant.allowedAddresses)) throw new TroubleError({ kind: 'address_refused' });
      const phoneNumber = PhoneNumber ?? undefined;
      const account = await accountMail.register({ tenant, email, password, displayName, phoneNumber, newsletter }, origin);
      return { status: 201, body: toUser(account, tenant) };
    },
  });
}

export function showUser({ stores }: CloudServices): Route {
  return personRoute({
    method: 'get',
    path: '/user/{uuid}',
    summary: 'Return user information: your own; for an administrator, of anybody in the organisation',
    access: PEOPLE,
    params: uuidParams,
    answers: { 200: { description: 'The user.', schema: userSchema, example: EXAMPLE } },
    troubles: ['role_missing', 'not_found'],
    timeoutMs: TIME_OUT.read,
    async handle({ account, bearer: { tenant }, params: { uuid } }) {
      const id = accountId(uuid.toLowerCase());
      if (id === account.id) return { status: 200, body: toUser(account, tenant) };
      if (account.superAdministrator) return { status: 200, body: await anybody(id) };
      // Before anything is looked up: whoever may not look does not learn who is there.
      if (!roleIncludes(account.role, 'admin')) throw new TroubleError({ kind: 'role_missing', role: 'admin' });
      const found = await stores.accounts.find(tenant.id, id);
      if (!found) throw nobody(uuid);
      return { status: 200, body: toUser(found, tenant) };
    },
  });

  async function anybody(id: Account['id']) {
    const found = await stores.accounts.findSubject(id);
    const tenant = found && (await stores.tenants.find(found.tenantId));
    if (!tenant) throw nobody(id);
    return toUser(found, tenant);
  }
}

const nobody = (uuid: string) => new TroubleError({ kind: 'not_found', message: `There is no user ${uuid}.` });

export function changeUser({ accounts }: CloudServices): Route {
  return personRoute({
    method: 'patch',
    path: '/user/{uuid}',
    summary: 'Patch your user information',
    access: PEOPLE,
    params: uuidParams,
    body: z.strictObject(profile).partial(),
    bodyExample: { Name: 'Alice', Newsletter: true, PhoneNumber: '+31 20 123 4567' },
    answers: { 200: { description: 'The user as they are now.', schema: userSchema, example: EXAMPLE } },
    troubles: ['forbidden'],
    timeoutMs: TIME_OUT.list,
    async handle({
      account,
      bearer: { tenant },
      params: { uuid },
      body: { Name: displayName, Newsletter: newsletter, PhoneNumber: phoneNumber },
      origin,
    }) {
      if (uuid.toLowerCase() !== account.id)
        throw new TroubleError({ kind: 'forbidden', message: 'People change their own information only.' });
      const changed = await accounts.updateProfile(account, { displayName, newsletter, phoneNumber }, origin);
      return { status: 200, body: toUser(changed, tenant) };
    },
  });
}
