import { z } from 'zod';
import { mapClaims } from '../../domain/federation/claims-mapping.ts';
import { providerChangeSchema, providerSettingsSchema } from '../../domain/federation/provider-settings.ts';
import { testProvider } from '../../domain/federation/test-provider.ts';
import type { UpstreamProvider } from '../../domain/federation/upstream-provider.ts';
import type { RateRule } from '../../domain/limits/rate-limits.ts';
import { ROLES } from '../../domain/policy/roles.ts';
import type { Tenant } from '../../domain/tenants/tenant.ts';
import type { Bearer } from '../../domain/tokens/bearer.ts';
import { countCostly } from '../rest/count-calls.ts';
import { guardedRoute, personRoute, type Route } from '../rest/route.ts';
import type { RestServices } from '../rest/services.ts';
import { TroubleError } from '../rest/trouble.ts';
import { ADMINISTER } from './access.ts';
import { NEW_PROVIDER_EXAMPLE, PROVIDER_EXAMPLE, providerSchema, toProvider } from './provider-view.ts';

type ProviderServices = Pick<RestServices, 'providers' | 'upstream' | 'registrationOf' | 'rates' | 'clock'>;

/** Every sign-in page looks at all there are. */
const MOST_OF_A_TENANT = 50;

/** Each makes several requests elsewhere. */
const TESTS: RateRule = { limit: 10, windowSeconds: 60 };

const idSchema = z.strictObject({ id: z.string().max(64).meta({ description: 'The id of a provider.' }) });

const providerAnswer = (description: string) => ({ description, schema: providerSchema, example: PROVIDER_EXAMPLE });

const profileSchema = z.strictObject({
  email: z.string().nullable(),
  email_verified: z.boolean().meta({ description: 'The provider vouches for the address.' }),
  username: z.string().nullable(),
  name: z.string().nullable(),
  groups: z.array(z.string()),
  role: z
    .enum([...ROLES, 'none'])
    .nullable()
    .meta({ description: 'none: no role fits, and they are refused; null: the provider gives no roles.' }),
  tenant: z.string().nullable(),
});

/** Other identity providers that people of the organisation may sign in with. Whoever says who somebody is becomes anybody: that is for people alone. */
export function providerRoutes(services: ProviderServices): readonly Route[] {
  return [
    listProviders(services),
    addProvider(services),
    showProvider(services),
    changeProvider(services),
    removeProvider(services),
    tryProvider(services),
    explainProvider(services),
  ];
}

const view = (provider: UpstreamProvider, tenant: Tenant, { registrationOf }: ProviderServices) =>
  toProvider(provider, tenant, registrationOf(provider.id));

/** One that the caller's people see. Another tenant's is like none. @throws TroubleError */
async function visible({ providers }: ProviderServices, { tenant }: Bearer, id: string): Promise<UpstreamProvider> {
  const found = (await providers.list(tenant.id, { disabledToo: true })).find((provider) => provider.id === id);
  if (!found) throw new TroubleError({ kind: 'not_found', message: `There is no provider ${id} in your organisation.` });
  return found;
}

/** @throws TroubleError for one of all organisations, unless the caller may do everything everywhere; no application may in their name */
function refuseForAll({ account, client }: Bearer): void {
  if (client || !account?.superAdministrator)
    throw new TroubleError({
      kind: 'forbidden',
      message: 'This provider is for every organisation. Only a super-administrator changes it.',
    });
}

/** @throws TroubleError */
async function changeable(services: ProviderServices, bearer: Bearer, id: string): Promise<UpstreamProvider> {
  const provider = await visible(services, bearer, id);
  if (provider.tenantId === undefined) refuseForAll(bearer);
  return provider;
}

/** @throws TroubleError */
async function refuseTooMany({ providers }: ProviderServices, { tenant }: Bearer): Promise<void> {
  const own = (await providers.list(tenant.id, { disabledToo: true })).filter(({ tenantId }) => tenantId === tenant.id);
  if (own.length >= MOST_OF_A_TENANT)
    throw new TroubleError({
      kind: 'conflict',
      field: undefined,
      message: `Your organisation has ${MOST_OF_A_TENANT} providers, which is the most.`,
    });
}

function listProviders(services: ProviderServices): Route {
  return guardedRoute({
    method: 'get',
    path: '/providers',
    summary: 'List the identity providers that people of your organisation may sign in with',
    access: ADMINISTER,
    answers: {
      200: {
        description: 'Those of the configuration first, then the oldest; also those that are disabled.',
        schema: z.strictObject({ providers: z.array(providerSchema) }),
        example: { providers: [PROVIDER_EXAMPLE] },
      },
    },
    async handle({ bearer: { tenant } }) {
      const found = await services.providers.list(tenant.id, { disabledToo: true });
      return { status: 200, body: { providers: found.map((provider) => view(provider, tenant, services)) } };
    },
  });
}

function addProvider(services: ProviderServices): Route {
  return personRoute({
    method: 'post',
    path: '/providers',
    summary: 'Let people of your organisation sign in with another identity provider',
    access: ADMINISTER,
    body: providerSettingsSchema,
    bodyExample: NEW_PROVIDER_EXAMPLE,
    answers: { 201: providerAnswer('The new provider. Without `tenant` it is for your organisation; null makes it for every one.') },
    troubles: ['conflict', 'forbidden', 'not_found'],
    async handle({ bearer, body, origin }) {
      const { tenant } = bearer;
      if (body.tenant === null) refuseForAll(bearer);
      else if (body.tenant !== undefined && body.tenant !== tenant.slug)
        throw new TroubleError({ kind: 'not_found', message: `“${body.tenant}” is not your organisation. Leave tenant out.` });
      await refuseTooMany(services, bearer);
      const made = await services.providers.create({ ...body, tenant: body.tenant === null ? null : tenant.slug }, origin);
      return { status: 201, body: view(made, tenant, services) };
    },
  });
}

function showProvider(services: ProviderServices): Route {
  return guardedRoute({
    method: 'get',
    path: '/providers/{id}',
    summary: 'Show a provider, without its secret',
    access: ADMINISTER,
    params: idSchema,
    answers: { 200: providerAnswer('The provider.') },
    handle: async ({ bearer, params: { id } }) => ({
      status: 200,
      body: view(await visible(services, bearer, id), bearer.tenant, services),
    }),
  });
}

function changeProvider(services: ProviderServices): Route {
  return personRoute({
    method: 'patch',
    path: '/providers/{id}',
    summary: 'Change a provider',
    access: ADMINISTER,
    params: idSchema,
    body: providerChangeSchema.refine((change) => Object.keys(change).length > 0, 'give at least one member'),
    bodyExample: { name: 'Acme', enabled: false },
    answers: {
      200: providerAnswer(
        'The provider. Members replace what it had; a secret stays unless another is given, and a new issuer needs a new one.',
      ),
    },
    troubles: ['forbidden'],
    async handle({ bearer, params: { id }, body, origin }) {
      const changed = await services.providers.update(await changeable(services, bearer, id), body, origin);
      return { status: 200, body: view(changed, bearer.tenant, services) };
    },
  });
}

function removeProvider(services: ProviderServices): Route {
  return personRoute({
    method: 'delete',
    path: '/providers/{id}',
    summary: 'Remove a provider',
    access: ADMINISTER,
    params: idSchema,
    answers: { 204: { description: 'Nobody signs in with it any more. Accounts stay, and so do their links to people there.' } },
    troubles: ['forbidden'],
    async handle({ bearer, params: { id }, origin }) {
      await services.providers.remove(await changeable(services, bearer, id), origin);
      return { status: 204 };
    },
  });
}

function tryProvider(services: ProviderServices): Route {
  return personRoute({
    method: 'post',
    path: '/providers/{id}/test',
    summary: 'Walk the discovery, keys and token endpoint of a provider, and say what is wrong',
    access: ADMINISTER,
    params: idSchema,
    answers: {
      200: {
        description: 'What was found. Ten times a minute for one organisation.',
        schema: z.strictObject({
          findings: z.array(z.strictObject({ what: z.string(), fine: z.boolean(), message: z.string() })),
        }),
        example: {
          findings: [
            { what: 'discovery', fine: true, message: 'The discovery document of https://id.acme.example was found, and is its own.' },
          ],
        },
      },
    },
    async handle({ ctx, bearer, params: { id } }) {
      const provider = await visible(services, bearer, id);
      await countCostly(ctx, { key: `provider-test:${bearer.tenant.id}`, rule: TESTS }, services);
      return { status: 200, body: { findings: await testProvider(provider, services) } };
    },
  });
}

function explainProvider(services: ProviderServices): Route {
  return personRoute({
    method: 'post',
    path: '/providers/{id}/explain',
    summary: 'Show what somebody’s claims at a provider would become here',
    access: ADMINISTER,
    params: idSchema,
    body: z.strictObject({ claims: z.record(z.string(), z.json()).meta({ description: 'As an ID token holds them.' }) }),
    bodyExample: { claims: { email: 'ada@acme.example', email_verified: true, name: 'Ada' } },
    answers: {
      200: {
        description: 'The mapping alone: whether they have an account, or get one, is not looked at.',
        schema: profileSchema,
        example: { email: 'ada@acme.example', email_verified: true, username: null, name: 'Ada', groups: [], role: null, tenant: null },
      },
    },
    async handle({ bearer, params: { id }, body: { claims } }) {
      const provider = await visible(services, bearer, id);
      const { email, emailVerified, username, name, groups, role, tenant } = mapClaims(claims, provider.claims, provider.roles);
      const told = { email: email ?? null, username: username ?? null, name: name ?? null, role: role ?? null, tenant: tenant ?? null };
      return { status: 200, body: { ...told, email_verified: emailVerified, groups } };
    },
  });
}
