import { z } from 'zod';
import { checkAddresses, isAllowedAddress } from '../../domain/limits/address.ts';
import type { Tenant } from '../../domain/tenants/tenant.ts';
import { guardedRoute, type Route } from '../rest/route.ts';
import type { RestServices } from '../rest/services.ts';
import { TroubleError } from '../rest/trouble.ts';
import { ADMINISTER } from './access.ts';

const settingsSchema = z.strictObject({
  name: z.string().max(200),
  registration_open: z.boolean().meta({ description: 'Whether strangers can make themselves an account.' }),
  allowed_addresses: z
    .array(z.string().max(64))
    .max(100)
    .meta({ description: 'Addresses and CIDR blocks that calls may come from. Empty: anywhere.' }),
});

const EXAMPLE = { name: 'Example', registration_open: false, allowed_addresses: ['192.0.2.0/24'] };

const toSettings = ({ name, registrationOpen, allowedAddresses }: Tenant): z.infer<typeof settingsSchema> => ({
  name,
  registration_open: registrationOpen,
  allowed_addresses: [...allowedAddresses],
});

export function showSettings(): Route {
  return guardedRoute({
    method: 'get',
    path: '/settings',
    summary: 'Show the settings of your organisation',
    access: ADMINISTER,
    answers: { 200: { description: 'All of them.', schema: settingsSchema, example: EXAMPLE } },
    handle: async ({ bearer: { tenant } }) => ({ status: 200, body: toSettings(tenant) }),
  });
}

export function changeSettings({ tenants }: Pick<RestServices, 'tenants'>): Route {
  return guardedRoute({
    method: 'patch',
    path: '/settings',
    summary: 'Change settings of your organisation',
    access: ADMINISTER,
    body: settingsSchema.partial(),
    bodyExample: { registration_open: true },
    answers: { 200: { description: 'All of them, as they are now.', schema: settingsSchema, example: EXAMPLE } },
    async handle({ bearer: { tenant }, body, origin }) {
      const { name, registration_open: registrationOpen, allowed_addresses: allowed } = body;
      const allowedAddresses = allowed && checkAddresses(allowed);
      if (allowedAddresses && !isAllowedAddress(origin.ip, allowedAddresses)) {
        const message = `Your own address, ${origin.ip}, is not among them: you would shut yourself out.`;
        throw new TroubleError({ kind: 'bad_request', field: 'allowed_addresses', message });
      }
      const change = {
        ...(name !== undefined && { name }),
        ...(registrationOpen !== undefined && { registrationOpen }),
        ...(allowedAddresses && { allowedAddresses }),
      };
      if (Object.keys(change).length === 0) return { status: 200, body: toSettings(tenant) };
      return { status: 200, body: toSettings(await tenants.update(tenant, change, origin)) };
    },
  });
}
