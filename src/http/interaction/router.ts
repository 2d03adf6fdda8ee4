import { Router } from '@koa/router';
import { decideConsent } from './consent.ts';
import type { InteractionDeps } from './context.ts';
import { cancel, chooseAccount, show, startOver } from './dispatcher.ts';
import { decideLink } from './link.ts';
import { signInWithPassword } from './password.ts';
import { confirmCodesKept, enrol, proveRecoveryCode, proveTotp, showRecoveryForm } from './second-factor.ts';

import { arriveFromUpstream, signInUpstream } from './upstream.ts';

/**
 * The pages between an authorization request and its answer. Each step acts, then comes back to `show`,
 * which decides from what is stored what is due next; no step names another.
 */
export function interactionRouter(deps: InteractionDeps): Router {
  return new Router({ prefix: '/interaction/:uid' })
    .get('/', show(deps))
    .post('/password', signInWithPassword(deps))
    .post('/upstream', signInUpstream(deps))
    .get('/upstream/:provider', arriveFromUpstream(deps))
    .post('/link', decideLink(deps))
    .post('/totp', proveTotp(deps))
    .get('/recovery', showRecoveryForm(deps))
    .post('/recovery', proveRecoveryCode(deps))
    .post('/enrol', enrol(deps))
    .post('/codes', confirmCodesKept(deps))
    .post('/account', chooseAccount(deps))
    .post('/consent', decideConsent(deps))
    .post('/start-over', startOver(deps))
    .post('/cancel', cancel(deps));
}
