import { createPrivateTokenApi } from './api/private-token-api.ts';
import { createTenantApi } from './api/tenant-api.ts';
import { createCloudApi } from './cloud-api/cloud-api.ts';
import type { Route } from './rest/route.ts';
import type { RestServices } from './rest/services.ts';
import type { Surface } from './rest/surface.ts';
import { createSessionApi } from './session-api/session-api.ts';

/**
 * Every documented API, in the order a request meets them: /api/v1/auth/… before /api/v1, and that before /api, for each answers in its own words
 * whatever is below it.
 * @param product routes of the product that the tenant API protects: those of the demo, where it is on
 */
export function createSurfaces(services: RestServices, product: readonly Route[]): readonly Surface[] {
  return [createPrivateTokenApi(services), createTenantApi(services, product), createSessionApi(services), createCloudApi(services)];
}
