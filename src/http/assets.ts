import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { basename, extname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { gzip } from 'node:zlib';
import type { Context, Middleware } from 'koa';

const PUBLIC = fileURLToPath(new URL('../../public/', import.meta.url));

/** What the documentation of the APIs is shown with. */
const VIEWER = [import.meta.resolve('swagger-ui-dist/swagger-ui.css'), import.meta.resolve('swagger-ui-dist/swagger-ui-bundle.js')].map(
  (address) => fileURLToPath(address),
);

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
  /** Made when it is first asked for. Undefined: too small to be worth it. */
  readonly gzipped: (() => Promise<Buffer>) | undefined;
}

/** Bytes. Everything of our own is smaller, and reaches the browser in a few packets as it is. */
const WORTH_ZIPPING = 64 * 1024;

export interface Assets {
  /** The address of a file in public/ or of the viewer, which changes with its content. @throws Error for a name that is not there */
  url(name: string): string;
  find(path: string): Asset | undefined;
}

/** Reads public/ and the viewer once. @throws Error for a file of a type that has no media type here */
export function loadAssets(directory: string = PUBLIC): Assets {
  const urls = new Map<string, string>();
  const byPath = new Map<string, Asset>();
  for (const file of [...readdirSync(directory).map((name) => join(directory, name)), ...VIEWER]) {
    const name = basename(file);
    const body = readFileSync(file);
    const extension = extname(name);
    const type = TYPES[extension];
    if (type === undefined) throw new Error(`${file} has no media type in ${import.meta.filename}`);
    const hash = createHash('sha256').update(body).digest('hex').slice(0, 12);
    const path = `/assets/${name.slice(0, -extension.length)}.${hash}${extension}`;
    urls.set(name, path);
    byPath.set(path, { body, type, etag: `"${hash}"`, cacheControl: 'public, max-age=31536000, immutable', gzipped: gzippedOf(body) });
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

function gzippedOf(body: Buffer): Asset['gzipped'] {
  if (body.length < WORTH_ZIPPING) return undefined;
  let made: Promise<Buffer> | undefined;
  return () => (made ??= promisify(gzip)(body));
}

/** Answers GET and HEAD of what was read, from memory; everything else is for the next. */
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
    ctx.body = await bodyFor(ctx, asset);
    if (ctx.fresh) ctx.status = 304;
  };
}

async function bodyFor(ctx: Context, { body, gzipped, etag }: Asset): Promise<Buffer> {
  if (!gzipped) return body;
  ctx.vary('Accept-Encoding');
  if (ctx.acceptsEncodings('gzip', 'identity') !== 'gzip') return body;
  // Other bytes, the same content (RFC 9110 8.8.3.3).
  ctx.set({ 'Content-Encoding': 'gzip', ETag: `W/${etag}` });
  return await gzipped();
}
