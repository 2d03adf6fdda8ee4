import type { Route } from '../rest/route.ts';
import type { RestServices } from '../rest/services.ts';
import type { Surface } from '../rest/surface.ts';
import { showAuditLog } from './audit-log.ts';
import { listIdentities, unlinkIdentity } from './identities.ts';
import { loginRoute } from './login.ts';
import { providerRoutes } from './providers.ts';
import { changeUser, deleteUser, inviteUser, listUsers, showMe } from './users.ts';
import { wording } from './wording.ts';

/** @param product routes of the product that this API protects */
export function createTenantApi(services: RestServices, product: readonly Route[]): Surface {
  return {
    name: 'tenant-api',
    title: 'Tenant API',
    description: 'Log in for a token of 24 hours; administer the users and identity providers of your organisation and read its audit log.',
    prefix: '/api/v1',
    routes: [
      loginRoute(services),
      listUsers(services),
      showMe(),
      inviteUser(services),
      changeUser(services),
      deleteUser(services),
      listIdentities(services),
      unlinkIdentity(services),
      showAuditLog(services),
      ...providerRoutes(services),
      ...product,
    ],
    wording,
    showsRates: true,
  };
}
