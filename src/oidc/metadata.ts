import type { Context, Middleware } from 'koa';
import type { ScopeCatalogue } from '../domain/policy/allowed-scopes.ts';
import { sha256 } from '../lib/digest.ts';
import { ROUTES } from './provider.ts';

const DISCOVERY = new Set(['/.well-known/openid-configuration', '/.well-known/oauth-authorization-server']);

/** Relying parties fetch these often and they change only with the keys or the configuration: five minutes in any cache. */
const CACHE_CONTROL = 'public, max-age=300';

interface PublicDocument {
  readonly text: string;
  readonly type: string;
  readonly etag: string;
}

/**
 * The discovery documents, with the API's scopes (RFC 8414 scopes_supported), and the keys. For the life of an engine they are the same for
 * everybody: what the engine answers first is kept as text and is the answer from then on.
 */
export function publishMetadata(catalogue: ScopeCatalogue): Middleware {
  const documents = new Map<string, PublicDocument>();
  return async (ctx, next) => {
    const { path, method } = ctx;
    if ((method !== 'GET' && method !== 'HEAD') || (path !== ROUTES.jwks && !DISCOVERY.has(path))) return await next();
    let document = documents.get(path);
    if (!document) {
      await next();
      if (ctx.status !== 200) return;
      document = toDocument(ctx, catalogue);
      documents.set(path, document);
    }
    answer(ctx, document);
  };
}

function toDocument({ path, body, response }: Context, catalogue: ScopeCatalogue): PublicDocument {
  const fields = body as { scopes_supported?: readonly string[]; response_types_supported?: readonly string[] };
  const scopes = [...(fields.scopes_supported ?? []), ...catalogue.map(({ name }) => name)];
  // What is for pages of our own is nobody else's to ask for.
  const types = fields.response_types_supported?.filter((type) => type !== 'none');
  const text = JSON.stringify(DISCOVERY.has(path) ? { ...fields, scopes_supported: scopes, response_types_supported: types } : fields);
  return { text, type: response.get('Content-Type') || 'application/json; charset=utf-8', etag: `"${sha256(text)}"` };
}

/** Pages of any origin may read it: it holds nothing that is not public. */
function answer(ctx: Context, { text, type, etag }: PublicDocument): void {
  // The engine names the origin it answered; ours is for all.
  ctx.remove('Vary');
  ctx.set({ 'Access-Control-Allow-Origin': '*', 'Cache-Control': CACHE_CONTROL, ETag: etag });
  ctx.status = 200;
  ctx.type = type;
  if (ctx.fresh) ctx.status = 304;
  else ctx.body = text;
}
