import type { Middleware } from 'koa';
import type { KoaContextWithOIDC } from 'oidc-provider';
import type { Origin } from '../domain/audit/audit-log.ts';
import { originOf } from './origin.ts';

/** Where a browser goes next that ended a session which hung on a visit from another provider; undefined: where it was going anyway. */
export type AfterSignOut = (visit: string, returnTo: string, origin: Origin) => Promise<URL | undefined>;

/** After signing out here, and before going back to the application, people may have to sign out where they came from. */
export function afterSignOut(goOn: AfterSignOut): Middleware {
  return async (ctx, next) => {
    await next();
    const { oidc } = ctx as unknown as Partial<KoaContextWithOIDC>;
    const returnTo = ctx.response.get('Location');
    if (oidc?.route !== 'end_session_confirm' || !oidc.params?.logout || !returnTo) return;
    const { visit } = oidc.session as unknown as { readonly visit?: string };
    const address = visit === undefined ? undefined : await goOn(visit, returnTo, originOf(ctx));
    if (address) ctx.redirect(address.href);
  };
}
