import assert from 'node:assert/strict';
import { generateKeyPairSync } from 'node:crypto';
import type { RequestListener } from 'node:http';
import { after, before, describe, it } from 'node:test';
import { getCACertificates, setDefaultCACertificates } from 'node:tls';
import { gzipSync } from 'node:zlib';
import Provider, { type Adapter, type Configuration } from 'oidc-provider';
import { parseClientMetadata } from '../../src/domain/clients/client-metadata.ts';
import { guardedFetch, OutboundGuardError, testOutboundGuard } from '../../src/oidc/outbound.ts';
import { openCanary } from '../support/canary.ts';
import { type AssertionKey, assertionFields, assertionKey } from '../support/client-assertion.ts';
import { type Answer, post } from '../support/protocol-client.ts';
import { selfSigned } from '../support/self-signed.ts';
import { startServer, type TestServer } from '../support/start-server.ts';

const LOOPBACK = ['127.0.0.1', '[::1]', '[::ffff:127.0.0.1]', '0.0.0.0', '2130706433', '0x7f000001', '0177.0.0.1', '127.1', 'localhost'];

const signingKey = generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey.export({ format: 'jwk' });

describe('what the server fetches for its clients', () => {
  const certificate = selfSigned();
  const usual = getCACertificates('default');
  let key: AssertionKey;
  before(async () => {
    key = await assertionKey();
    setDefaultCACertificates([...usual, certificate.cert]);
  });
  after(() => setDefaultCACertificates(usual));

  const open = (answer?: RequestListener) => openCanary(answer, certificate);
  const keys: RequestListener = (_request, response) =>
    response.setHeader('content-type', 'application/jwk-set+json').end(JSON.stringify({ keys: [key.publicJwk] }));
  const serverThatAllows = (allowed: readonly string[]) =>
    startServer({ GATEHOUSE_OUTBOUND__ALLOW_PRIVATE: JSON.stringify(allowed), GATEHOUSE_OUTBOUND__TIMEOUT_MS: '400' });

  /** A service whose keys are at this address asks for a token. */
  async function askWithKeysAt(server: TestServer, jwksUri: string): Promise<Answer> {
    const metadata = { token_endpoint_auth_method: 'private_key_jwt', jwks_uri: jwksUri } as const;
    const { client } = await server.addClient('service', metadata);
    const fields = await assertionFields(key, { clientId: client.id, issuer: server.issuer });
    return await post(`${server.issuer}/oauth/token`, { grant_type: 'client_credentials', ...fields });
  }

  function assertRefused({ status, json, text }: Answer) {
    assert.ok(status >= 400 && status < 500, `${status} ${text}`);
    assert.equal(json.access_token, undefined);
  }

  it('[security 46] jwks_uri is never fetched from this machine or its network, however it is spelled', async () => {
    await using server = await serverThatAllows([]);
    await using canary = await open(keys);
    for (const host of LOOPBACK) assertRefused(await askWithKeysAt(server, `https://${host}:${canary.port}/jwks`));
    assert.equal(canary.requests(), 0);
  });

  it('[security 46] only https addresses can be registered', () => {
    for (const uri of [
      'http://example.com/jwks',
      'file:///etc/passwd',
      'ftp://example.com/jwks',
      'javascript:x',
      'jwks.json',
      '//example.com/jwks',
    ])
      assert.throws(() => parseClientMetadata({ client_name: 'x', jwks_uri: uri }), { field: 'jwks_uri' }, uri);
    assert.throws(() => parseClientMetadata({ client_name: 'x', backchannel_logout_uri: 'http://example.com/' }), {
      field: 'backchannel_logout_uri',
    });
    for (const member of ['sector_identifier_uri', 'request_uris', 'initiate_login_uri'])
      assert.throws(() => parseClientMetadata({ client_name: 'x', [member]: 'https://example.com/' }), { field: member });
  });

  it('what the configuration names is fetched, so the other tests would notice', async () => {
    await using canary = await open(keys);
    await using server = await serverThatAllows([`127.0.0.1:${canary.port}`]);
    assert.equal((await askWithKeysAt(server, `https://127.0.0.1:${canary.port}/jwks`)).status, 200);
    assert.equal(canary.requests(), 1);
    assertRefused(await askWithKeysAt(server, `https://localhost:${canary.port}/jwks`));
    assert.equal(canary.requests(), 1);
  });

  it('[security 47] a redirect is not followed', async () => {
    await using inner = await open(keys);
    for (const status of [301, 302, 307, 308]) {
      await using allowed = await open((_request, response) =>
        response.writeHead(status, { location: `https://127.0.0.1:${inner.port}/jwks` }).end(),
      );
      await using server = await serverThatAllows([`127.0.0.1:${allowed.port}`]);
      assertRefused(await askWithKeysAt(server, `https://127.0.0.1:${allowed.port}/jwks`));
      assert.equal(allowed.requests(), 1);
    }
    assert.equal(inner.connections(), 0);
  });

  it('[security 48] a document that drips, never ends or unpacks to something huge is dropped', async () => {
    let sent = 0;
    const drip: RequestListener = (_request, response) => {
      const timer = setInterval(() => response.write(' '), 50);
      response.on('close', () => clearInterval(timer));
    };
    const flood: RequestListener = (_request, response) => {
      const chunk = Buffer.alloc(65_536, ' ');
      const pump = () => {
        while (!response.destroyed && sent < 100_000_000) {
          sent += chunk.length;
          if (!response.write(chunk)) return response.once('drain', pump);
        }
      };
      pump();
    };
    const bomb: RequestListener = (_request, response) =>
      response.setHeader('content-encoding', 'gzip').end(gzipSync(Buffer.alloc(100_000_000, ' ')));
    const announced: RequestListener = (_request, response) => response.setHeader('content-length', '100000000').write('{');
    for (const answer of [drip, flood, bomb, announced]) {
      await using canary = await open(answer);
      await using server = await serverThatAllows([`127.0.0.1:${canary.port}`]);
      assertRefused(await askWithKeysAt(server, `https://127.0.0.1:${canary.port}/jwks`));
      assert.equal(canary.requests(), 1);
    }
    assert.ok(sent < 10_000_000, `${sent} bytes were taken`);
  });

  describe('[security 49] the start', () => {
    type Fetch = (url: string | URL | Request, options: RequestInit & { dispatcher?: unknown }) => Promise<Response>;
    const rules = { allowPrivate: [], timeoutMs: 500 };
    const guarded = guardedFetch(rules);

    /** An engine whose only part of interest is how it fetches. */
    const providerWith = (fetching: Fetch) =>
      new Provider('http://localhost:1', {
        fetch: fetching,
        adapter: () => ({}) as Adapter,
        jwks: { keys: [{ ...signingKey, kid: 'only' }] },
        cookies: { keys: ['x'] },
        features: { devInteractions: { enabled: false } },
      } as Configuration);

    it('goes on when the guard holds', async () => {
      await testOutboundGuard(providerWith(guarded), rules);
    });

    it('is refused with a fetch that drops the guard', async () => {
      const careless = providerWith((url, { dispatcher: _dropped, ...options }) => fetch(url, options));
      await assert.rejects(testOutboundGuard(careless, rules), OutboundGuardError);
    });

    it('is refused when there is no guard to be had', async () => {
      const without = providerWith((url, { dispatcher: _missing, ...options }) => guarded(url, options));
      await assert.rejects(testOutboundGuard(without, rules), OutboundGuardError);
    });

    it('goes on when the configuration allows loopback addresses', async () => {
      for (const allowPrivate of [['127.0.0.1'], ['localhost'], ['127.0.0.1', 'localhost']])
        await testOutboundGuard(providerWith(guardedFetch({ ...rules, allowPrivate })), { ...rules, allowPrivate });
    });
  });
});
