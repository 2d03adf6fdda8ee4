import type { RestServices } from '../rest/services.ts';
import type { Surface } from '../rest/surface.ts';
import { showAudit } from './audit.ts';
import { login, loginTotp } from './login.ts';
import { oidcAuthorize, oidcCallback, oidcExchange } from './oidc.ts';
import { publicStatus } from './public-status.ts';
import { identifyByQuery } from './query-token.ts';
import { logout, me } from './session.ts';
import { changeSettings, showSettings } from './settings.ts';
import { watchEvents } from './stream.ts';
import { makeTicket } from './tickets.ts';
import { confirmTotp, offerTotp, removeTotp } from './totp.ts';
import { addUser, changeUser, listUsers, removeUser, removeUserTotp } from './users.ts';
import { wording } from './wording.ts';

const PREFIX = '/api';

export function createSessionApi(services: RestServices): Surface {
  return {
    name: 'session-api',
    title: 'Session API',
    description:
      'Sign in for a session token of 24 hours; administer your organisation and watch its security events. ' +
      'Without an Authorization header `?token=` takes the session token on every path.',
    prefix: PREFIX,
    routes: [
      login(services),
      loginTotp(services),
      logout(services),
      me(),
      offerTotp(services),
      confirmTotp(services),
      removeTotp(services),
      oidcAuthorize(services),
      oidcCallback(services),
      oidcExchange(services),
      publicStatus(),
      makeTicket(services),
      watchEvents(services),
      listUsers(services),
      addUser(services),
      changeUser(services),
      removeUser(services),
      removeUserTotp(services),
      showAudit(services),
      showSettings(),
      changeSettings(services),
    ],
    wording,
    identifyByQuery: identifyByQuery(services, `${PREFIX}/stream`),
  };
}
