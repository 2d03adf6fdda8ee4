import type { Route } from '../rest/route.ts';
import type { RestServices } from '../rest/services.ts';
import type { Surface } from '../rest/surface.ts';
import { wording } from './wording.ts';

export function createTenantApi(_services: RestServices, product: readonly Route[]): Surface {
  return { name: 'tenant-api', title: 'Tenant API', description: '', prefix: '/api/v1', routes: [...product], wording, showsRates: true };
}
