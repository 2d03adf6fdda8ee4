import type { Middleware } from 'koa';
import type { ScopeCatalogue } from '../domain/policy/allowed-scopes.ts';
import { ROUTES } from './provider.ts';

const DISCOVERY = new Set(['/.well-known/openid-configuration', '/.well-known/oauth-authorization-server']);

/** Relying parties fetch these often and they change only with the keys or the configuration: five minutes in any cache. */
const CACHE_CONTROL = 'public, max-age=300';

/** Adds the API's scopes to the discovery documents (RFC 8414 scopes_supported), and lets metadata and keys be cached. */
export function publishMetadata(catalogue: ScopeCatalogue): Middleware {
  return async (ctx, next) => {
    await next();
    const discovery = DISCOVERY.has(ctx.path);
    if (ctx.status !== 200 || (!discovery && ctx.path !== ROUTES.jwks)) return;
    ctx.set('Cache-Control', CACHE_CONTROL);
    const body = ctx.body as { scopes_supported?: readonly string[] };
    if (discovery) ctx.body = { ...body, scopes_supported: [...(body.scopes_supported ?? []), ...catalogue.map(({ name }) => name)] };
  };
}
