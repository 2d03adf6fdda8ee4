import { z } from 'zod';
import type { Licence } from '../../domain/licences/licence.ts';
import type { Tenant } from '../../domain/tenants/tenant.ts';
import { ORGANISATION_EXAMPLE, organisationSchema, toOrganisation } from './organisations.ts';

export const licenceSchema = z.strictObject({
  Agreement: z.strictObject({
    Kind: z.string(),
    Name: z.string(),
    Provides: z.array(z.string()),
    PublishedAt: z.iso.datetime(),
  }),
  AmountPerMonth: z.int().meta({ description: 'In hundredths of the currency.' }),
  CatalogueUUIDs: z.array(z.string()),
  DiscountBP: z.int().meta({ description: 'Basis points: 100 are one per cent.' }),
  ExpiresAt: z.iso.datetime(),
  LicenseKey: z.string(),
  PaidUntilAt: z.iso.datetime().nullable(),
  ProviderOrganisation: organisationSchema.meta({ description: 'Who runs this service.' }),
  SignedUser: z.strictObject({ UUID: z.uuid() }).nullable(),
  SignedUserAt: z.iso.datetime().nullable(),
  StartsAt: z.iso.datetime(),
  UUID: z.uuid(),
});

export const LICENCE_EXAMPLE = {
  Agreement: { Kind: 'subscription', Name: 'Edge', Provides: ['inference', 'updates'], PublishedAt: '2019-08-24T14:15:22Z' },
  AmountPerMonth: 0,
  CatalogueUUIDs: [],
  DiscountBP: 0,
  ExpiresAt: '2019-08-24T14:15:22Z',
  LicenseKey: 'string',
  PaidUntilAt: null,
  ProviderOrganisation: ORGANISATION_EXAMPLE,
  SignedUser: null,
  SignedUserAt: null,
  StartsAt: '2019-08-24T14:15:22Z',
  UUID: 'f50af7e0-0dd5-4361-ab96-2e04f7bc7e30',
};

/** To the second, as everywhere in this API. */
const seconds = (at: Date) => at.toISOString().replace(/\.\d+Z$/, 'Z');

/** @param provider whose service it is a licence for */
export function toLicence(licence: Licence, provider: Tenant): z.infer<typeof licenceSchema> {
  const { agreement, paidUntil, signedBy, signedAt } = licence;
  return {
    Agreement: {
      Kind: agreement.kind,
      Name: agreement.name,
      Provides: [...agreement.provides],
      PublishedAt: seconds(agreement.publishedAt),
    },
    AmountPerMonth: licence.amountPerMonth,
    CatalogueUUIDs: [...licence.catalogueIds],
    DiscountBP: licence.discountBasisPoints,
    ExpiresAt: seconds(licence.expiresAt),
    LicenseKey: licence.key,
    PaidUntilAt: paidUntil ? seconds(paidUntil) : null,
    ProviderOrganisation: toOrganisation(provider),
    SignedUser: signedBy ? { UUID: signedBy } : null,
    SignedUserAt: signedAt ? seconds(signedAt) : null,
    StartsAt: seconds(licence.startsAt),
    UUID: licence.id,
  };
}
