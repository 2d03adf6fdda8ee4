import { randomUUID } from 'node:crypto';
import { z } from 'zod';
import type { TenantId } from '../../domain/tenants/tenant.ts';
import { READ_POLICIES, WRITE_POLICIES } from '../api/access.ts';
import { guardedRoute, type Route } from '../rest/route.ts';
import { TroubleError } from '../rest/trouble.ts';
import { CATEGORIES, MOST_POLICIES, type Policy, type ProductData } from './product-data.ts';

const newPolicySchema = z.strictObject({
  name: z.string().min(1).max(120),
  category: z.enum(CATEGORIES),
  action: z.enum(['allow', 'warn', 'block']),
});

const policySchema = newPolicySchema.extend({ id: z.uuid() });
const idSchema = z.strictObject({ id: z.string().max(64) });

const NEW_POLICY = { name: 'No secrets', category: 'secret', action: 'block' } as const;
const POLICY = { id: '5c1f3a52-3d0e-4f1c-9a7e-2b6d8e0f4a11', ...NEW_POLICY };

const policyAnswer = (description: string) => ({ description, schema: policySchema, example: POLICY });

export function policyRoutes(data: ProductData): readonly Route[] {
  return [listPolicies(data), addPolicy(data), showPolicy(data), replacePolicy(data), deletePolicy(data)];
}

function listPolicies(data: ProductData): Route {
  return guardedRoute({
    method: 'get',
    path: '/policies',
    summary: 'List policies (demo)',
    access: READ_POLICIES,
    answers: {
      200: {
        description: 'All policies.',
        schema: z.strictObject({ policies: z.array(policySchema) }),
        example: { policies: [POLICY] },
      },
    },
    handle: async ({ bearer: { tenant } }) => ({ status: 200, body: { policies: [...data.of(tenant.id).policies.values()] } }),
  });
}

function addPolicy(data: ProductData): Route {
  return guardedRoute({
    method: 'post',
    path: '/policies',
    summary: 'Create a policy (demo)',
    access: WRITE_POLICIES,
    body: newPolicySchema,
    bodyExample: NEW_POLICY,
    answers: { 201: policyAnswer('The new policy.') },
    troubles: ['forbidden'],
    async handle({ bearer: { tenant }, body }) {
      const { policies } = data.of(tenant.id);
      if (policies.size >= MOST_POLICIES)
        throw new TroubleError({ kind: 'forbidden', message: `This demo keeps ${MOST_POLICIES} policies at most. Delete one first.` });
      const policy = { id: randomUUID(), ...body };
      policies.set(policy.id, policy);
      return { status: 201, body: policy };
    },
  });
}

function showPolicy(data: ProductData): Route {
  return guardedRoute({
    method: 'get',
    path: '/policies/{id}',
    summary: 'Show a policy (demo)',
    access: READ_POLICIES,
    params: idSchema,
    answers: { 200: policyAnswer('The policy.') },
    handle: async ({ bearer: { tenant }, params: { id } }) => ({ status: 200, body: find(data, tenant.id, id) }),
  });
}

function replacePolicy(data: ProductData): Route {
  return guardedRoute({
    method: 'put',
    path: '/policies/{id}',
    summary: 'Replace a policy (demo)',
    access: WRITE_POLICIES,
    params: idSchema,
    body: newPolicySchema,
    bodyExample: NEW_POLICY,
    answers: { 200: policyAnswer('The policy, as it is now.') },
    async handle({ bearer: { tenant }, params: { id }, body }) {
      const policy = { id: find(data, tenant.id, id).id, ...body };
      data.of(tenant.id).policies.set(policy.id, policy);
      return { status: 200, body: policy };
    },
  });
}

function deletePolicy(data: ProductData): Route {
  return guardedRoute({
    method: 'delete',
    path: '/policies/{id}',
    summary: 'Delete a policy (demo)',
    access: WRITE_POLICIES,
    params: idSchema,
    answers: { 204: { description: 'It is gone.' } },
    async handle({ bearer: { tenant }, params: { id } }) {
      data.of(tenant.id).policies.delete(find(data, tenant.id, id).id);
      return { status: 204 };
    },
  });
}

/** @throws TroubleError */
function find(data: ProductData, tenant: TenantId, id: string): Policy {
  const policy = data.of(tenant).policies.get(id);
  if (!policy) throw new TroubleError({ kind: 'not_found', message: `There is no policy ${id}.` });
  return policy;
}
