import { z } from 'zod';
import type { LicenceOrder, LicenceQuery } from '../../domain/licences/licence-store.ts';
import { guardedRoute, type Route } from '../rest/route.ts';
import { ADMINISTRATORS, MEMBERS } from './access.ts';
import { LICENCE_EXAMPLE, licenceSchema, toLicence } from './licence-view.ts';
import { organisationOf, uuidParams } from './organisations.ts';
import { type CloudServices, TIME_OUT } from './services.ts';

const ORDERS: Readonly<Record<string, LicenceOrder>> = {
  AgreementName: 'agreementName',
  LicenseKey: 'key',
  StartsAt: 'startsAt',
  ExpiresAt: 'expiresAt',
};

const FIELD = `-?(?:${Object.keys(ORDERS).join('|')})`;

const organisation = z.uuid().optional().meta({ description: 'For super-administrators: the UUID of another organisation.' });

/** Empty is as good as absent. */
const filter = z.string().max(200).optional();

/** A whole number in an address. */
const count = (least: number, most: number) =>
  z.preprocess((value) => (typeof value === 'string' && /^\d{1,9}$/.test(value) ? Number(value) : value), z.int().min(least).max(most));

const listQuery = z.strictObject({
  Offset: count(0, 1_000_000).default(0).meta({ description: 'Number of items to skip from beginning of list (base 0).' }),
  Limit: count(1, 1000).default(100).meta({ description: 'Number of items to return: 1 to 1000, 100 unless told.' }),
  OrderBy: z
    .string()
    .max(200)
    .regex(
      new RegExp(`^${FIELD}(?:,${FIELD})*$`),
      `${Object.keys(ORDERS).join(', ')}: one or more with commas between, each with - before it to reverse`,
    )
    .optional()
    .meta({
      description:
        "Order the list by these fields. Add a '-' in front of the field to reverse sort and to sort on multiple fields separate them by a comma.",
    }),
  q: filter.meta({ description: 'Filter by search text: in licence key, name or kind of the agreement.' }),
  Device: z.guid().optional().meta({ description: 'Filter by device.' }),
  Kind: filter.meta({ description: 'Filter by kind of the agreement.' }),
  Agreement: filter.meta({ description: 'Filter by name of the agreement.' }),
  Organisation: organisation,
});

function toQuery({ Offset: offset, Limit: limit, OrderBy, q, Device, Kind, Agreement }: z.infer<typeof listQuery>): LicenceQuery {
  const fields = OrderBy?.split(',') ?? [];
  const orderBy = fields.flatMap((name) => {
    const field = ORDERS[name.replace('-', '')];
    return field ? [{ field, descending: name.startsWith('-') }] : [];
  });
  const [text, kind, agreementName] = [q, Kind, Agreement].map((value) => value || undefined);
  return { offset, limit, orderBy, text, kind, agreementName, deviceId: Device?.toLowerCase() };
}

export function listLicences(services: CloudServices): Route {
  const { stores, firstTenant } = services;
  return guardedRoute({
    method: 'get',
    path: '/license',
    summary: 'Return a list of licenses',
    access: MEMBERS,
    query: listQuery,
    answers: { 200: { description: 'The licences.', schema: z.array(licenceSchema), example: [LICENCE_EXAMPLE] } },
    timeoutMs: TIME_OUT.list,
    async handle({ bearer, query }) {
      const tenant = await organisationOf(services, bearer, query.Organisation);
      const found = await stores.licences.list(tenant.id, toQuery(query));
      return { status: 200, body: found.map((licence) => toLicence(licence, firstTenant)) };
    },
  });
}

const oneQuery = z.strictObject({ Organisation: organisation });

export function showLicence(services: CloudServices): Route {
  const { licences, firstTenant } = services;
  return guardedRoute({
    method: 'get',
    path: '/license/{uuid}',
    summary: 'Get a single license',
    access: MEMBERS,
    params: uuidParams,
    query: oneQuery,
    answers: { 200: { description: 'The licence.', schema: licenceSchema, example: LICENCE_EXAMPLE } },
    timeoutMs: TIME_OUT.read,
    async handle({ bearer, params: { uuid }, query }) {
      const tenant = await organisationOf(services, bearer, query.Organisation);
      return { status: 200, body: toLicence(await licences.resolve(tenant.id, uuid), firstTenant) };
    },
  });
}

/** ISO 8601, with whatever zone. */
const time = z.iso.datetime({ offset: true }).transform((value) => new Date(value));

const text = z.string().min(1).max(200);

const newLicence = z.strictObject({
  LicenseKey: text,
  Agreement: z.strictObject({ Kind: text, Name: text, Provides: z.array(text).max(100), PublishedAt: time.optional() }),
  StartsAt: time,
  ExpiresAt: time,
  Device: z.guid().optional().meta({ description: 'The one device it is for; any, unless told.' }),
});

export function addLicence(services: CloudServices): Route {
  const { licences, firstTenant } = services;
  return guardedRoute({
    method: 'post',
    path: '/license',
    summary: 'Add a license to your organisation; for a super-administrator, to any',
    access: ADMINISTRATORS,
    query: oneQuery,
    body: newLicence,
    bodyExample: {
      LicenseKey: 'EDGE-0001',
      Agreement: { Kind: 'subscription', Name: 'Edge', Provides: ['inference', 'updates'] },
      StartsAt: '2019-08-24T14:15:22Z',
      ExpiresAt: '2020-08-24T14:15:22Z',
    },
    answers: { 201: { description: 'The licence.', schema: licenceSchema, example: LICENCE_EXAMPLE } },
    troubles: ['conflict'],
    timeoutMs: TIME_OUT.list,
    async handle({
      bearer,
      query,
      body: { LicenseKey: key, Agreement, StartsAt: startsAt, ExpiresAt: expiresAt, Device: deviceId },
      origin,
    }) {
      const { id: tenantId } = await organisationOf(services, bearer, query.Organisation);
      const { Kind: kind, Name: name, Provides: provides, PublishedAt: publishedAt } = Agreement;
      const agreement = { kind, name, provides, publishedAt };
      const licence = await licences.create({ tenantId, key, agreement, startsAt, expiresAt, deviceId }, origin);
      return { status: 201, body: toLicence(licence, firstTenant) };
    },
  });
}

export function removeLicence(services: CloudServices): Route {
  return guardedRoute({
    method: 'delete',
    path: '/license/{uuid}',
    summary: 'Remove a license',
    access: ADMINISTRATORS,
    params: uuidParams,
    query: oneQuery,
    answers: { 204: { description: 'Removed.' } },
    timeoutMs: TIME_OUT.list,
    async handle({ bearer, params: { uuid }, query, origin }) {
      const tenant = await organisationOf(services, bearer, query.Organisation);
      await services.licences.remove(await services.licences.resolve(tenant.id, uuid), origin);
      return { status: 204 };
    },
  });
}
