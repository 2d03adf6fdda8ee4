import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { extname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Middleware } from 'koa';

const PUBLIC = fileURLToPath(new URL('../../public/', import.meta.url));

const TYPES: Readonly<Record<string, string>> = {
  '.css': 'text/css; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.svg': 'image/svg+xml',
};

/** An SVG is a document: opened by itself it may style itself and do nothing else. */
const SVG_POLICY = "default-src 'none'; style-src 'unsafe-inline'; sandbox";

interface Asset {
  readonly body: Buffer;
  readonly type: string;
  readonly etag: string;
  readonly cacheControl: string;
}

export interface Assets {
  /** The address of a file in public/, which changes with its content. @throws Error for a name that is not there */
  url(name: string): string;
  find(path: string): Asset | undefined;
}

/** Reads public/ once. @throws Error for a file of a type that has no media type here */
export function loadAssets(directory: string = PUBLIC): Assets {
  const urls = new Map<string, string>();
  const byPath = new Map<string, Asset>();
  for (const name of readdirSync(directory)) {
    const body = readFileSync(join(directory, name));
    const extension = extname(name);
    const type = TYPES[extension];
    if (type === undefined) throw new Error(`${join(directory, name)} has no media type in ${import.meta.filename}`);
    const hash = createHash('sha256').update(body).digest('hex').slice(0, 12);
    const path = `/assets/${name.slice(0, -extension.length)}.${hash}${extension}`;
    urls.set(name, path);
    byPath.set(path, { body, type, etag: `"${hash}"`, cacheControl: 'public, max-age=31536000, immutable' });
  }
  // Browsers ask for this one by themselves, so its address can't change with its content.
  const mark = byPath.get(urls.get('mark.svg') ?? '');
  if (mark !== undefined) byPath.set('/favicon.ico', { ...mark, cacheControl: 'public, max-age=86400' });

  return {
    url(name) {
      const path = urls.get(name);
      if (path === undefined) throw new Error(`public/${name} does not exist`);
      return path;
    },
    find: (path) => byPath.get(path),
  };
}

/** Answers GET and HEAD of what is in public/, from memory; everything else is for the next. */
export function serveAssets(assets: Assets): Middleware {
  return async (ctx, next) => {
    const asset = ctx.method === 'GET' || ctx.method === 'HEAD' ? assets.find(ctx.path) : undefined;
    if (asset === undefined) return next();
    ctx.set({
      'Cache-Control': asset.cacheControl,
      ETag: asset.etag,
      'X-Content-Type-Options': 'nosniff',
      'Cross-Origin-Resource-Policy': 'same-origin',
    });
    if (asset.type === TYPES['.svg']) ctx.set('Content-Security-Policy', SVG_POLICY);
    ctx.status = 200;
    ctx.type = asset.type;
    ctx.body = asset.body;
    if (ctx.fresh) ctx.status = 304;
  };
}
