import { Router } from '@koa/router';
import type { Context } from 'koa';
import { waysPath } from '../../../domain/clients/account-client.ts';
import { goTo, type WaysDeps } from './context.ts';
import { arrive, beginLink, confirmLink, showOffer } from './link.ts';
import { show } from './show.ts';
import { unlink } from './unlink.ts';

/** Where a person sees how they sign in, and links and unlinks other providers. */
export function waysRouter(deps: WaysDeps): Router {
  const ways = '/account/:tenant/sign-in';
  return (
    new Router()
      .get('/account/sign-in', (ctx) => goToOwn(ctx, deps))
      .get(ways, show(deps))
      // Anybody can make a request that the engine answers with a form (response_mode=form_post).
      .post(ways, (ctx) => goTo(ctx, ctx.path))
      .post(`${ways}/link`, beginLink(deps))
      .get(`${ways}/upstream/:provider`, arrive(deps))
      .get(`${ways}/confirm`, showOffer(deps))
      .post(`${ways}/confirm`, confirmLink(deps))
      .post(`${ways}/unlink`, unlink(deps))
  );
}

async function goToOwn(ctx: Context, { findSignedIn, tenants, firstTenant }: WaysDeps): Promise<void> {
  const signedIn = await findSignedIn(ctx);
  const tenant = signedIn && (await tenants.find(signedIn.account.tenantId));
  ctx.set('Cache-Control', 'no-store');
  goTo(ctx, waysPath(tenant ?? firstTenant));
}
