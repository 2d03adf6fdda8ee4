import { z } from 'zod';
import type { Clock } from '../../lib/clock.ts';
import { ADMINISTER, READ_INTERACTIONS } from '../api/access.ts';
import { cut, limitSchema } from '../rest/paging.ts';
import { guardedRoute, type Route } from '../rest/route.ts';
import { CATEGORIES, classify, createProductData, type ProductData } from './product-data.ts';
import { policyRoutes } from './product-policies.ts';

const newInteractionSchema = z.strictObject({
  user: z.string().min(1).max(320).meta({ description: 'E-mail address of the person.' }),
  application: z.string().min(1).max(120),
  verdict: z.enum(['allowed', 'warned', 'blocked']),
});

const interactionSchema = newInteractionSchema.extend({ id: z.uuid(), at: z.iso.datetime() });

const NEW_INTERACTION = { user: 'alice@acme.fr', application: 'ChatGPT', verdict: 'allowed' } as const;
const INTERACTION = { id: 'b2f8c1de-7a40-4c9b-8a53-0d5e6f1a2b3c', at: '2026-04-20T16:18:51.000Z', ...NEW_INTERACTION };

/** The product that the tenant API protects, so that the examples of its documentation have something to call. Kept in memory, per tenant. */
export function productRoutes(clock: Clock): readonly Route[] {
  const data = createProductData(clock);
  return [listInteractions(data), addInteractions(data), ...policyRoutes(data), classifyText()];
}

function listInteractions(data: ProductData): Route {
  return guardedRoute({
    method: 'get',
    path: '/interactions',
    summary: 'List interactions (demo)',
    access: READ_INTERACTIONS,
    query: z.strictObject({
      limit: limitSchema,
      after: z.string().max(64).optional().meta({ description: '`next_cursor` of the answer before.' }),
    }),
    answers: {
      200: {
        description: 'Interactions, newest first; `next_cursor` is null at the end.',
        schema: z.strictObject({ interactions: z.array(interactionSchema), next_cursor: z.string().nullable() }),
        example: { interactions: [INTERACTION], next_cursor: null },
      },
    },
    async handle({ bearer: { tenant }, query: { limit, after } }) {
      const { interactions } = data.of(tenant.id);
      const start = after === undefined ? 0 : interactions.findIndex(({ id }) => id === after) + 1;
      const { entries, more } = cut(interactions.slice(start, start + limit + 1), limit);
      return { status: 200, body: { interactions: entries, next_cursor: (more && entries.at(-1)?.id) || null } };
    },
  });
}

function addInteractions(data: ProductData): Route {
  return guardedRoute({
    method: 'post',
    path: '/interactions/batch',
    summary: 'Record interactions (demo)',
    access: ADMINISTER,
    body: z.strictObject({ interactions: z.array(newInteractionSchema).min(1).max(100) }),
    bodyExample: { interactions: [NEW_INTERACTION] },
    answers: {
      201: {
        description: 'The interactions, in the order they were sent.',
        schema: z.strictObject({ interactions: z.array(interactionSchema) }),
        example: { interactions: [INTERACTION] },
      },
    },
    handle: async ({ bearer: { tenant }, body: { interactions } }) => ({
      status: 201,
      body: { interactions: data.addInteractions(tenant.id, interactions) },
    }),
  });
}

function classifyText(): Route {
  return guardedRoute({
    method: 'post',
    path: '/classification/classify',
    summary: 'Tell what kind of data a text holds (demo)',
    access: ADMINISTER,
    body: z.strictObject({ text: z.string().min(1).max(10_000) }),
    bodyExample: { text: 'Write to alice@acme.fr' },
    answers: {
      200: {
        description: 'The most delicate kind of data that the text shows a sign of.',
        schema: z.strictObject({ category: z.enum(CATEGORIES) }),
        example: { category: 'personal' },
      },
    },
    handle: async ({ body: { text } }) => ({ status: 200, body: { category: classify(text) } }),
  });
}
