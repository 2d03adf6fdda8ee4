import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { after, before, test } from 'node:test';
import Koa from 'koa';
import { loadAssets, serveAssets } from '../../src/http/assets.ts';

const assets = loadAssets();
const server = createServer(new Koa().use(serveAssets(assets)).callback());
let origin = '';

before(async () => {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});
after(() => server.close());

test('a file is named by its content and may be kept for good', async () => {
  assert.match(assets.url('base.css'), /^\/assets\/base\.[0-9a-f]{12}\.css$/);
  const response = await fetch(origin + assets.url('base.css'));
  assert.equal(response.status, 200);
  assert.equal(response.headers.get('content-type'), 'text/css; charset=utf-8');
  assert.equal(response.headers.get('cache-control'), 'public, max-age=31536000, immutable');
  assert.equal(response.headers.get('x-content-type-options'), 'nosniff');
  assert.match(await response.text(), /Gatehouse/);
});

test('HEAD answers with the length and no body, a known ETag with 304', async () => {
  const head = await fetch(origin + assets.url('enhance.js'), { method: 'HEAD' });
  assert.equal(head.status, 200);
  assert.ok(Number(head.headers.get('content-length')) > 500);
  // Without a cache-control of its own, fetch adds no-cache, which asks for the whole file.
  const headers = { 'if-none-match': head.headers.get('etag') ?? '', 'cache-control': 'max-age=0' };
  const again = await fetch(origin + assets.url('enhance.js'), { headers });
  assert.equal(again.status, 304);
});

test('what is large goes zipped to whoever takes it, with an ETag of its own', async () => {
  const address = origin + assets.url('swagger-ui-bundle.js');
  const zipped = await fetch(address, { headers: { 'accept-encoding': 'gzip' } });
  const plain = await fetch(address, { headers: { 'accept-encoding': 'identity' } });
  assert.equal(zipped.headers.get('content-encoding'), 'gzip');
  assert.equal(plain.headers.get('content-encoding'), null);
  for (const { headers } of [zipped, plain]) assert.equal(headers.get('vary'), 'Accept-Encoding');
  assert.equal(zipped.headers.get('etag'), `W/${plain.headers.get('etag')}`);
  assert.ok(Number(zipped.headers.get('content-length')) * 3 < Number(plain.headers.get('content-length')));
  assert.equal(await zipped.text(), await plain.text());
});

test('the favicon is the mark, and an image that can run nothing', async () => {
  const response = await fetch(`${origin}/favicon.ico`);
  assert.equal(response.headers.get('content-type'), 'image/svg+xml');
  assert.match(response.headers.get('content-security-policy') ?? '', /default-src 'none'.*sandbox/);
  assert.match(response.headers.get('cache-control') ?? '', /max-age=86400$/);
});

test('anything else is left to the next: other names, old hashes, ways out of the folder, other methods', async () => {
  for (const path of ['/assets/base.css', '/assets/base.000000000000.css', '/assets/../package.json', '/assets/%2e%2e/package.json']) {
    assert.equal((await fetch(origin + path)).status, 404, path);
  }
  assert.equal((await fetch(origin + assets.url('base.css'), { method: 'POST' })).status, 404);
  assert.throws(() => assets.url('nothing.css'), /public\/nothing\.css does not exist/);
});
