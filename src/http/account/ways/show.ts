import type { Context } from 'koa';
import { nameOf } from '../../../domain/accounts/account.ts';
import { waysPath } from '../../../domain/clients/account-client.ts';
import type { Tenant } from '../../../domain/tenants/tenant.ts';
import type { Person } from '../../page-data.ts';
import { keepNotice, type NoticePlace, takeNotice } from '../../sealed-notice.ts';
import { type Problem, wayProblems } from '../../words.ts';
import { csrfToken, goTo, page, pathOf, type Step, signInPath, type WaysDeps, whenSignedIn } from './context.ts';

/** What became of a change, for the page to say once. */
interface Outcome {
  readonly problem?: Problem;
  readonly notice?: Problem;
  readonly status?: number;
}

/** Whether the engine sent the browser back (RFC 9207). */
const isAnswer = ({ query }: Context) => query.iss !== undefined;

/** How somebody signs in, and what they can change about it. Whoever did not want to sign in is not asked to again at once. */
export const show = whenSignedIn(
  async (step) => {
    const { ctx, account, tenant, deps, fresh, byPassword } = step;
    if (isAnswer(ctx)) return goTo(ctx, waysPath(tenant));
    const { problem, notice, status } = takeNotice<Outcome>(noticePlace(step)) ?? {};
    const linked = await deps.identities.list(account);
    const offered = await deps.federation.offered(tenant.id);
    const data = {
      tenantName: tenant.name,
      csrf: csrfToken(step),
      person: personOf(step),
      hasPassword: account.passwordHash !== undefined,
      hasSecondFactor: (await deps.mfa.required(account)) === 'code',
      linked,
      others: offered.filter(({ id }) => !linked.some(({ providerId }) => providerId === id)),
      signInAgain: fresh ? undefined : { href: signInPath(tenant, deps, true), byPassword },
      linkAction: pathOf(step, 'link'),
      unlinkAction: pathOf(step, 'unlink'),
      problem,
      notice,
    };
    page(step, 'account/ways', data, status);
  },
  (ctx, tenant, deps) => (isAnswer(ctx) ? sayNobody(ctx, tenant, deps) : goTo(ctx, signInPath(tenant, deps))),
);

export function personOf({ account }: Step): Person {
  return { name: nameOf(account), login: account.email };
}

function noticePlace({ ctx, deps, tenant, account }: Step): NoticePlace {
  return { ctx, keyring: deps.keyring, secureCookies: deps.secureCookies, path: waysPath(tenant), about: `ways ${account.id}` };
}

/** Back to the page, which says this. */
export function backWith(step: Step, outcome: Outcome): void {
  keepNotice(noticePlace(step), outcome);
  goTo(step.ctx, waysPath(step.tenant));
}

/** Changes are for whoever has just signed in. */
export function refuseStale(step: Step): void {
  backWith(step, { problem: wayProblems.notFresh, status: 403 });
}

/** @param problem what became of what they came for */
export function sayNobody(ctx: Context, tenant: Tenant, deps: WaysDeps, problem?: Problem): void {
  page(
    { ctx, deps },
    'account/nobody',
    { tenantName: tenant.name, problem, wayOut: { href: signInPath(tenant, deps), text: 'Sign in' } },
    401,
  );
}
