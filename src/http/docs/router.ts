import { createHash } from 'node:crypto';
import { Router } from '@koa/router';
import type { Context } from 'koa';
import type { DocumentedApi } from '../page-data.ts';
import { describeSurface, type OpenApiDocument } from '../rest/openapi.ts';
import type { Surface } from '../rest/surface.ts';
import type { Views } from '../views.ts';
import { describeProtocol } from './protocol-document.ts';

interface DocsDeps {
  readonly issuer: string;
  readonly surfaces: readonly Surface[];
  readonly views: Views;
}

interface Published {
  readonly api: DocumentedApi;
  readonly text: string;
  readonly etag: string;
}

/** What every API of the house takes and answers, for people and as OpenAPI. There is nothing secret in it, so it is there in production too. */
export function docsRouter({ issuer, surfaces, views }: DocsDeps): Router {
  let published: ReadonlyMap<string, Published> | undefined;
  // Described when first asked for: most processes never are.
  const all = () => (published ??= publish(issuer, surfaces));
  return new Router()
    .get('/docs', (ctx) => {
      show(ctx, views.render('docs/index', { issuer, documents: [...all().values()].map(({ api }) => api) }));
    })
    .get('/docs/:name', async (ctx, next) => {
      const found = all().get(String(ctx.params.name));
      if (!found) return next();
      show(ctx, views.render('docs/document', found.api));
    })
    .get('/docs/:name/openapi.json', async (ctx, next) => {
      const found = all().get(String(ctx.params.name));
      if (!found) return next();
      ctx.set({ 'Cache-Control': 'no-cache', ETag: found.etag });
      ctx.status = 200;
      ctx.type = 'json';
      ctx.body = found.text;
      if (ctx.fresh) ctx.status = 304;
    });
}

function show(ctx: Context, html: string): void {
  ctx.set('Cache-Control', 'no-cache');
  ctx.type = 'html';
  ctx.body = html;
}

function publish(issuer: string, surfaces: readonly Surface[]): ReadonlyMap<string, Published> {
  const documents: readonly (readonly [string, OpenApiDocument])[] = [
    ['oauth', describeProtocol(issuer)],
    ...surfaces.map((surface) => [surface.name, describeSurface(surface, issuer)] as const),
  ];
  return new Map(documents.map(([name, document]) => [name, publishOne(name, document)]));
}

function publishOne(name: string, document: OpenApiDocument): Published {
  const text = JSON.stringify(document);
  const operations = Object.entries(document.paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, { summary }]) => ({ method: method.toUpperCase(), path, summary })),
  );
  const { title, description } = document.info;
  return {
    api: { title, description, page: `/docs/${name}`, document: `/docs/${name}/openapi.json`, operations },
    text,
    etag: `"${createHash('sha256').update(text).digest('hex').slice(0, 16)}"`,
  };
}
