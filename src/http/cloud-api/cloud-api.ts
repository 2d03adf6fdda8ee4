import { createCloudPairs } from '../../domain/tokens/cloud-pairs.ts';
import { createLoginStates } from '../../domain/tokens/login-states.ts';
import type { RestServices } from '../rest/services.ts';
import type { Surface } from '../rest/surface.ts';
import { addLicence, listLicences, removeLicence, showLicence } from './licences.ts';
import { nxCodeLoginRoute, nxCsrfRoute, nxPluginLoginRoute } from './nx-handover.ts';
import { nxLoginRoute, nxLogoutRoute, nxTokensRoute, nxTotpRoute } from './nx-login.ts';
import { listOrganisations, showOrganisation } from './organisations.ts';
import { passwordResetRoute, passwordStrengthRoute } from './passwords.ts';
import { refreshRoute, signOutRoute } from './refresh.ts';
import type { CloudServices } from './services.ts';
import { getSignInRoute, signInRoute } from './sign-in.ts';
import { showCloud, showGlobal } from './status.ts';
import { changeUser, registerRoute, showUser } from './users.ts';
import { wording } from './wording.ts';

/** People, organisations and licences for clouds and devices. */
export function createCloudApi(rest: RestServices): Surface {
  const { artifacts } = rest.stores;
  const services: CloudServices = { ...rest, pairs: createCloudPairs(rest), states: createLoginStates({ ...rest, artifacts }) };
  return {
    name: 'cloud-api',
    title: 'Cloud API',
    description: 'Signs people in with pairs of tokens, registers them, and tells of their organisations and licences.',
    prefix: '',
    routes: [
      signInRoute(services),
      getSignInRoute(services),
      refreshRoute(services),
      signOutRoute(services, 'post'),
      signOutRoute(services, 'get'),
      passwordStrengthRoute(services),
      passwordResetRoute(services),
      registerRoute(services),
      showUser(services),
      changeUser(services),
      listOrganisations(services),
      showOrganisation(services),
      listLicences(services),
      addLicence(services),
      showLicence(services),
      removeLicence(services),
      showGlobal(services),
      showCloud(services),
      nxLoginRoute(services),
      nxTotpRoute(services),
      nxTokensRoute(services),
      nxLogoutRoute(services),
      nxCsrfRoute(services),
      nxCodeLoginRoute(services),
      nxPluginLoginRoute(services),
    ],
    wording,
  };
}
