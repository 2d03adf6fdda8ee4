import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { get } from '../support/protocol-client.ts';
import { rawRequest } from '../support/raw-request.ts';
import { startServer, type TestServer } from '../support/start-server.ts';

const OPENID = '/.well-known/openid-configuration';
const OAUTH = '/.well-known/oauth-authorization-server';

describe('metadata', () => {
  let server: TestServer;
  before(async () => {
    server = await startServer();
  });
  after(() => server[Symbol.asyncDispose]());

  it('every address is under the issuer, at the documented paths', async () => {
    const { json } = await get(`${server.issuer}${OPENID}`);
    assert.equal(json.issuer, server.issuer);
    const paths = {
      authorization_endpoint: '/oauth/authorize',
      token_endpoint: '/oauth/token',
      introspection_endpoint: '/oauth/introspect',
      revocation_endpoint: '/oauth/revoke',
      userinfo_endpoint: '/oauth/userinfo',
      jwks_uri: '/oauth/jwks',
      end_session_endpoint: '/oauth/logout',
    };
    for (const [name, path] of Object.entries(paths)) assert.equal(json[name], `${server.issuer}${path}`);
  });

  it('both documents list the OpenID and the API scopes', async () => {
    const openid = await get(`${server.issuer}${OPENID}`);
    const oauth = await get(`${server.issuer}${OAUTH}`);
    assert.deepEqual(
      new Set(openid.json.scopes_supported as string[]),
      new Set(['openid', 'offline_access', 'profile', 'email', 'read:interactions', 'read:users', 'write:policies', 'admin:all']),
    );
    assert.deepEqual(oauth.json, openid.json);
  });

  it('metadata and keys may be cached for some minutes, by anybody from any origin', async () => {
    for (const path of [OPENID, OAUTH, '/oauth/jwks']) {
      const { headers, status } = await get(`${server.issuer}${path}`, { origin: 'https://elsewhere.example' });
      assert.equal(status, 200);
      assert.match(headers.get('cache-control') ?? '', /^public, max-age=\d+$/, path);
      assert.match(headers.get('access-control-allow-origin') ?? '', /^(\*|https:\/\/elsewhere\.example)$/, path);
      assert.equal(headers.get('access-control-allow-credentials'), null, path);
    }
  });

  it('whoever has a document already is told that it is the same', async () => {
    for (const path of [OPENID, OAUTH, '/oauth/jwks']) {
      const first = await get(`${server.issuer}${path}`);
      const tag = first.headers.get('etag') ?? '';
      assert.match(tag, /^"[\w-]{43}"$/, path);
      const again = await get(`${server.issuer}${path}?any=thing`, { origin: 'https://elsewhere.example' });
      assert.deepEqual([again.text, again.headers.get('etag')], [first.text, tag], path);
      assert.equal(again.headers.get('content-type'), first.headers.get('content-type'), path);
      const same = await rawRequest(`${server.issuer}${path}`, { headers: { 'if-none-match': tag } });
      assert.deepEqual([same.status, same.text], [304, ''], path);
      const other = await rawRequest(`${server.issuer}${path}`, { headers: { 'if-none-match': '"another"' } });
      assert.deepEqual([other.status, other.text], [200, first.text], path);
      const head = await fetch(`${server.issuer}${path}`, { method: 'HEAD' });
      assert.deepEqual([head.status, head.headers.get('etag'), await head.text()], [200, tag, ''], path);
    }
  });

  it('the keys are public ones: an ES256 and an RS256, each with a kid', async () => {
    const { json } = await get(`${server.issuer}/oauth/jwks`);
    const keys = json.keys as Record<string, string>[];
    assert.deepEqual(keys.map(({ alg }) => alg).toSorted(), ['ES256', 'RS256']);
    for (const key of keys) {
      assert.ok(key.kid);
      for (const secret of ['d', 'p', 'q', 'dp', 'dq', 'qi', 'k']) assert.equal(key[secret], undefined);
    }
  });

  it('[security 90] a foreign Host is turned away, and forwarded names from a stranger never reach an address', async () => {
    for (const header of [{ host: 'evil.test' }, { host: 'localhost:1' }, { host: `a@${new URL(server.issuer).host}` }]) {
      const { status, text } = await rawRequest(`${server.issuer}${OPENID}`, { headers: header });
      assert.equal(status, 421, header.host);
      assert.doesNotMatch(text, /evil\.test/);
    }
    const forwarded = await get(`${server.issuer}${OPENID}`, {
      'x-forwarded-host': 'evil.test',
      'x-forwarded-proto': 'https',
      'x-forwarded-port': '444',
      forwarded: 'host=evil.test;proto=https',
    });
    assert.equal(forwarded.status, 200);
    assert.equal(forwarded.json.token_endpoint, `${server.issuer}/oauth/token`);
  });
});
