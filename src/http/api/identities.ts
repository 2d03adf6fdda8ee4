import { z } from 'zod';
import type { LinkedIdentity } from '../../domain/federation/identities.ts';
import { identityId } from '../../domain/federation/identity.ts';
import { accountInTenant, managedAccount } from '../rest/managed-account.ts';
import { guardedRoute, personRoute, type Route } from '../rest/route.ts';
import type { RestServices } from '../rest/services.ts';
import { ADMINISTER } from './access.ts';
import { userIdSchema } from './users.ts';

type IdentityServices = Pick<RestServices, 'identities' | 'stores'>;

const identitySchema = z.strictObject({
  id: z.uuid(),
  provider: z.string().meta({ description: 'The id of the provider.' }),
  provider_name: z.string(),
  issuer: z.string(),
  subject: z.string(),
  label: z.string().meta({ description: 'What the provider called them last.' }),
  usable: z.boolean().meta({ description: 'The provider is enabled, still has this issuer, and may vouch for the account.' }),
  linked_at: z.iso.datetime(),
  last_sign_in_at: z.iso.datetime().nullable(),
});

const IDENTITY_EXAMPLE: z.infer<typeof identitySchema> = {
  id: '00000000-0000-4000-8000-000000000020',
  provider: 'acme-sso',
  provider_name: 'Acme',
  issuer: 'https://id.acme.example',
  subject: '248289761001',
  label: 'ada@acme.example',
  usable: true,
  linked_at: '2026-11-01T09:30:00.000Z',
  last_sign_in_at: null,
};

function toIdentity({ id, providerId, providerName, issuer, subject, label, usable, linkedAt, lastSignInAt }: LinkedIdentity) {
  return {
    id,
    provider: providerId,
    provider_name: providerName,
    issuer,
    subject,
    label,
    usable,
    linked_at: linkedAt.toISOString(),
    last_sign_in_at: lastSignInAt?.toISOString() ?? null,
  };
}

export function listIdentities({ identities, stores }: IdentityServices): Route {
  return guardedRoute({
    method: 'get',
    path: '/users/{id}/identities',
    summary: 'List who a user is at other identity providers',
    access: ADMINISTER,
    params: userIdSchema,
    answers: {
      200: {
        description: 'Oldest first.',
        schema: z.strictObject({ identities: z.array(identitySchema) }),
        example: { identities: [IDENTITY_EXAMPLE] },
      },
    },
    async handle({ bearer, params: { id } }) {
      const linked = await identities.list(await accountInTenant(stores.accounts, bearer, id));
      return { status: 200, body: { identities: linked.map(toIdentity) } };
    },
  });
}

export function unlinkIdentity({ identities, stores }: IdentityServices): Route {
  return personRoute({
    method: 'delete',
    path: '/users/{id}/identities/{identity}',
    summary: 'Unlink a user from who they are at another provider',
    access: ADMINISTER,
    params: userIdSchema.extend({ identity: z.string().max(64) }),
    answers: { 204: { description: 'It signs them in no more. The only way into an account stays.' } },
    troubles: ['forbidden'],
    async handle({ bearer, params: { id, identity }, origin }) {
      await identities.unlink(await managedAccount(stores.accounts, bearer, id), identityId(identity), origin);
      return { status: 204 };
    },
  });
}
