import { z } from 'zod';
import { type Tenant, tenantId } from '../../domain/tenants/tenant.ts';
import type { Bearer } from '../../domain/tokens/bearer.ts';
import { guardedRoute, type Route } from '../rest/route.ts';
import { TroubleError } from '../rest/trouble.ts';
import { MEMBERS } from './access.ts';
import { type CloudServices, TIME_OUT } from './services.ts';

export const organisationSchema = z.strictObject({ Name: z.string(), UUID: z.uuid() });

export const ORGANISATION_EXAMPLE = { Name: 'Acme', UUID: '00000000-0000-4000-8000-000000000001' };

export const toOrganisation = ({ name, id }: Tenant): z.infer<typeof organisationSchema> => ({ Name: name, UUID: id });

/** A UUID in a path: whatever else stands there names nothing. */
export const uuidParams = z.strictObject({ uuid: z.string().min(1).max(64) });

/** What an application was allowed to do is the work of one organisation, whoever allowed it. */
function seesAll({ account, client }: Bearer): boolean {
  return !client && account?.superAdministrator === true;
}

/**
 * The organisation that a call is about: the caller's own, unless a super-administrator names another.
 * @throws TroubleError
 */
export async function organisationOf({ stores }: CloudServices, bearer: Bearer, named: string | undefined): Promise<Tenant> {
  const id = named?.toLowerCase();
  if (id === undefined || id === bearer.tenant.id) return bearer.tenant;
  const found = seesAll(bearer) ? await stores.tenants.find(tenantId(id)) : undefined;
  if (!found) throw new TroubleError({ kind: 'not_found', message: `There is no organisation ${named} that you may see.` });
  return found;
}

export function listOrganisations({ stores }: CloudServices): Route {
  return guardedRoute({
    method: 'get',
    path: '/organisation',
    summary: 'Return the organisations you may see: your own; for a super-administrator, all',
    access: MEMBERS,
    answers: {
      200: { description: 'Oldest first.', schema: z.array(organisationSchema), example: [ORGANISATION_EXAMPLE] },
    },
    timeoutMs: TIME_OUT.list,
    async handle({ bearer }) {
      const organisations = seesAll(bearer) ? await stores.tenants.list() : [bearer.tenant];
      return { status: 200, body: organisations.map(toOrganisation) };
    },
  });
}

export function showOrganisation(services: CloudServices): Route {
  return guardedRoute({
    method: 'get',
    path: '/organisation/{uuid}',
    summary: 'Return a single organisation',
    access: MEMBERS,
    params: uuidParams,
    answers: { 200: { description: 'The organisation.', schema: organisationSchema, example: ORGANISATION_EXAMPLE } },
    timeoutMs: TIME_OUT.read,
    handle: async ({ bearer, params: { uuid } }) => ({
      status: 200,
      body: toOrganisation(await organisationOf(services, bearer, uuid)),
    }),
  });
}
