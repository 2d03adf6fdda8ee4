import assert from 'node:assert/strict';
import type { RequestListener } from 'node:http';
import { after, before, beforeEach, describe, it } from 'node:test';
import { gzipSync } from 'node:zlib';
import { UpstreamError } from '../../src/domain/federation/upstream.ts';
import { tenantId } from '../../src/domain/tenants/tenant.ts';
import { isPublicAddress, lookupPublic, PrivateAddressError } from '../../src/upstream/public-address.ts';
import { openCanary } from '../support/canary.ts';
import { freePort } from '../support/free-port.ts';
import { selfSigned } from '../support/self-signed.ts';
import { type Endpoint, startTestProvider, type TestProvider } from '../support/test-provider.ts';
import { type Departed, depart, fails, openUpstream, providerAt, signInThere } from '../support/upstream-sign-in.ts';

const json = { 'content-type': 'application/json' };

/** A byte now and then, for ever. */
const drip: RequestListener = (_request, response) => {
  response.writeHead(200, json);
  const timer = setInterval(() => response.write(' '), 50);
  response.on('close', () => clearInterval(timer));
};

const endless: RequestListener = (_request, response) => {
  response.writeHead(200, json);
  const more = () => {
    while (response.write('x'.repeat(65_536)));
  };
  response.on('drain', more);
  more();
};

const FAULTS: readonly (readonly [string, RequestListener, 'unavailable' | 'invalid', RegExp])[] = [
  ['drips', drip, 'unavailable', /did not answer in full within 0.5 seconds/],
  ['keeps silent', () => {}, 'unavailable', /did not answer in full/],
  ['hangs up', (request) => request.socket.destroy(), 'unavailable', /broke the connection off/],
  [
    'hangs up halfway',
    (_, response) => response.writeHead(200, json).write('{', () => response.destroy()),
    'unavailable',
    /broke the connection off/,
  ],
  ['answers 500', (_, response) => response.writeHead(500).end('{}'), 'unavailable', /answered 500/],
  ['answers 429', (_, response) => response.writeHead(429).end('{}'), 'unavailable', /answered 429/],
  ['answers 404', (_, response) => response.writeHead(404).end('{}'), 'invalid', /404|not to be trusted/],
  ['answers with HTML', (_, response) => response.writeHead(200, json).end('<html>'), 'invalid', /not JSON|not to be trusted/],
  ['answers with null', (_, response) => response.writeHead(200, json).end('null'), 'invalid', /members|not a set|not to be trusted/],
  ['answers with a list', (_, response) => response.writeHead(200, json).end('[]'), 'invalid', /members|not a set|not to be trusted/],
  ['never ends', endless, 'invalid', /longer than 65536 bytes/],
  [
    'sends a compressed bomb',
    (_, response) => response.writeHead(200, { ...json, 'content-encoding': 'gzip' }).end(gzipSync(Buffer.alloc(50_000_000))),
    'invalid',
    /compresses/,
  ],
  ['redirects', (request, response) => response.writeHead(302, { location: `${request.url}/on` }).end(), 'invalid', /redirects \(302\)/],
];

describe('fetching from other providers', () => {
  let there: TestProvider;

  before(async () => {
    there = await startTestProvider();
  });

  after(() => there[Symbol.asyncDispose]());

  beforeEach(() => {
    for (const endpoint of Object.keys(there.instead)) delete there.instead[endpoint as Endpoint];
    there.discovery = {};
  });

  for (const [name, listener, kind, words] of FAULTS)
    it(`ends well when a provider ${name}`, async () => {
      for (const endpoint of ['discovery', 'token', 'keys', 'userinfo'] as const) {
        there.instead[endpoint] = listener;
        const slow = name === 'drips' || name === 'keeps silent';
        const { upstream } = openUpstream(slow ? { timeoutMs: 500 } : {});
        await assert.rejects(signInThere({ upstream }, providerAt(there.issuer), there), fails(kind, words), endpoint);
        delete there.instead[endpoint];
      }
      assert.equal((await signInThere(openUpstream(), providerAt(there.issuer), there)).subject, 'ada');
    });

  it('ends every odd answer as a fault of the provider', async () => {
    const bodies = [
      '',
      '""',
      '7',
      '[[]]',
      '{}',
      '{"error":7}',
      '{"error":""}',
      '{"keys":[[]],"sub":[]}',
      '{"access_token":"\\u0000","token_type":[]}',
    ];
    const others = [
      '{"access_token":"\\u00e9\\n","token_type":"bearer","id_token":7}',
      '{"access_token":"a","token_type":"mac","expires_in":"x"}',
      '\u0000',
    ];
    for (const endpoint of ['discovery', 'keys', 'token', 'userinfo', 'par'] as const)
      for (const status of [200, 201, 204, 205, 206, 304, 400, 401, 403, 999])
        for (const body of [...bodies, ...others]) {
          there.discovery = { pushed_authorization_request_endpoint: `${there.origin}/par` };
          there.instead[endpoint] = (_, response) =>
            response
              .writeHead(status, { ...json, 'www-authenticate': 'Basic =,,"' })
              .end(status === 204 || status === 304 ? undefined : body);
          await assert.rejects(
            signInThere(openUpstream(), providerAt(there.issuer), there),
            UpstreamError,
            `${endpoint} ${status} ${body}`,
          );
          delete there.instead[endpoint];
        }
  });

  it('tells in words that nothing listens, or nothing is called so', async () => {
    const port = await freePort();
    const { upstream } = openUpstream({ allowPrivate: ['localhost', 'nowhere.invalid'] });
    await assert.rejects(depart(upstream, providerAt(`http://localhost:${port}`)), fails('unavailable', /Nothing listens there/));
    await assert.rejects(depart(upstream, providerAt('https://nowhere.invalid')), fails('unavailable', /no such name|cannot be looked up/));
  });

  it('tells in words what is wrong with TLS', async () => {
    await using own = await startTestProvider({ tls: selfSigned() });
    const { upstream } = openUpstream();
    await assert.rejects(depart(upstream, providerAt(own.issuer)), fails('unavailable', /certificate signs itself/));
    await assert.rejects(depart(upstream, providerAt(there.issuer.replace('http:', 'https:'))), fails('unavailable', /does not speak TLS/));
    assert.equal(own.asked.discovery, 0);
  });

  it('goes to no private address, however it is written, and to none over http', async () => {
    await using canary = await openCanary();
    const { upstream } = openUpstream({ allowPrivate: [] });
    const hosts = ['127.0.0.1', 'localhost', '[::1]', '[::ffff:127.0.0.1]', '0.0.0.0', '2130706433', '0x7f000001', '127.1'];
    for (const host of hosts) {
      await assert.rejects(depart(upstream, providerAt(`https://${host}:${canary.port}`)), fails('invalid', /private address/), host);
      await assert.rejects(depart(upstream, providerAt(`http://${host}:${canary.port}`)), fails('invalid', /not https/), host);
    }
    assert.equal(canary.connections(), 0);
  });

  it('follows no redirect to anywhere', async () => {
    await using canary = await openCanary();
    for (const status of [301, 302, 303, 307, 308]) {
      there.instead.discovery = (_, response) => response.writeHead(status, { location: `http://localhost:${canary.port}/` }).end();
      await assert.rejects(depart(openUpstream().upstream, providerAt(there.issuer)), fails('invalid', /redirects/));
    }
    assert.equal(canary.connections(), 0);
  });

  it('looks names up for a connection, and refuses those with a private address', async () => {
    const look = (name: string, all: boolean) =>
      new Promise((resolve, reject) => lookupPublic(name, { all }, (error, found) => (error ? reject(error) : resolve(found))));
    assert.equal(await look('1.1.1.1', false), '1.1.1.1');
    assert.deepEqual(await look('1.1.1.1', true), [{ address: '1.1.1.1', family: 4 }]);
    for (const all of [true, false]) await assert.rejects(look('localhost', all), PrivateAddressError);
  });

  it('allows a private host by its port alone', async () => {
    const { host } = new URL(there.issuer);
    const { upstream } = openUpstream({ allowPrivate: [host] });
    await depart(upstream, providerAt(there.issuer));
    await using canary = await openCanary();
    there.discovery = { token_endpoint: `http://localhost:${canary.port}/token` };
    const { upstream: anew } = openUpstream({ allowPrivate: [host] });
    await assert.rejects(depart(anew, providerAt(there.issuer)), fails('invalid', /token_endpoint: .*not https/));
    assert.equal(canary.connections(), 0);
  });

  it('goes to a private address for a provider of one tenant at its issuer’s own host and port alone', async () => {
    await using canary = await openCanary();
    const ofTenant = providerAt(there.issuer, { tenantId: tenantId('t') });
    const open = () => openUpstream({ allowPrivate: ['localhost', '127.0.0.1'] }).upstream;
    await depart(open(), ofTenant);
    for (const host of ['localhost', '127.0.0.1'])
      for (const name of ['authorization_endpoint', 'token_endpoint', 'jwks_uri']) {
        there.discovery = { [name]: `http://${host}:${canary.port}/` };
        await assert.rejects(depart(open(), ofTenant), fails('invalid', new RegExp(`${name}: .*not https.*issuer’s own host`)));
      }
    there.discovery = { pushed_authorization_request_endpoint: `https://localhost:${canary.port}/` };
    await assert.rejects(depart(open(), ofTenant), fails('invalid', /private address.*issuer’s own host/));
    assert.equal(canary.connections(), 0);
    there.discovery = { authorization_endpoint: `http://localhost:${canary.port}/` };
    for (const changes of [{ tenantId: undefined }, { configured: true }]) await depart(open(), { ...ofTenant, ...changes });
  });

  it('believes no endpoint that is no address to go to', async () => {
    for (const wrong of [
      'javascript:alert(1)',
      'file:///etc/passwd',
      'https://user:word@id.example.com/',
      'https://10.0.0.1/',
      7,
      '/relative',
    ]) {
      there.discovery = { authorization_endpoint: wrong };
      await assert.rejects(
        depart(openUpstream().upstream, providerAt(there.issuer)),
        fails('invalid', /authorization_endpoint/),
        String(wrong),
      );
    }
  });

  it('believes a document of its own issuer alone, to the letter', async () => {
    for (const issuer of [`${there.issuer}/`, there.issuer.toUpperCase(), 'https://elsewhere.example', undefined]) {
      there.discovery = { issuer };
      await assert.rejects(depart(openUpstream().upstream, providerAt(there.issuer)), fails('invalid', /to the letter|no issuer/));
    }
  });

  it('knows private addresses', () => {
    const hidden = '0.0.0.0 10.1.2.3 100.64.0.1 127.0.0.1 169.254.169.254 172.31.0.1 192.168.1.1 198.18.0.1 224.0.0.1 255.255.255.255';
    const hidden6 = ':: ::1 ::ffff:10.0.0.1 ::ffff:7f00:1 64:ff9b::a00:1 2002:7f00:1:: fc00::1 fd00::1 fe80::1 fec0::1 ff02::1 2001:db8::1';
    for (const address of `${hidden} ${hidden6}`.split(' ')) assert.equal(isPublicAddress(address), false, address);
    for (const address of ['1.1.1.1', '172.32.0.1', '8.8.8.8', '2606:4700::1', '2a00:1450::1', '::ffff:8.8.8.8'])
      assert.equal(isPublicAddress(address), true, address);
  });

  it('leaves a provider alone for half a minute after three faults in a row, then tries once', async () => {
    const { upstream, clock } = openUpstream();
    const provider = providerAt(there.issuer);
    there.instead.discovery = (_, response) => response.writeHead(503).end();
    const asked = there.asked.discovery;
    for (let attempt = 0; attempt < 3; attempt++) await assert.rejects(depart(upstream, provider), fails('unavailable', /answered 503/));
    await assert.rejects(depart(upstream, provider), fails('unavailable', /left alone/));
    assert.equal(there.asked.discovery - asked, 3);
    clock.advance(31);
    await assert.rejects(depart(upstream, provider), fails('unavailable', /answered 503/));
    await assert.rejects(depart(upstream, provider), fails('unavailable', /left alone/));
    clock.advance(31);
    delete there.instead.discovery;
    await depart(upstream, provider);
    assert.equal(there.asked.discovery - asked, 5);
    assert.equal((await signInThere({ upstream }, provider, there)).subject, 'ada');
  });

  it('tries once, whoever else asks meanwhile', async () => {
    const { upstream, clock } = openUpstream();
    const provider = providerAt(there.issuer);
    const redeem = ({ url, expected }: Departed) => upstream.redeem(provider, there.authorize(url), expected);
    const first = await depart(upstream, provider);
    const second = await depart(upstream, provider);
    there.instead.token = (_, response) => response.writeHead(503).end();
    for (let attempt = 0; attempt < 3; attempt++) await assert.rejects(redeem(first), fails('unavailable', /answered 503/));
    clock.advance(31);
    const asked = there.asked.token;
    const ends = await Promise.allSettled([redeem(first), redeem(second)]);
    assert.deepEqual(
      ends.map(({ status }) => status),
      ['rejected', 'rejected'],
    );
    assert.equal(there.asked.token - asked, 1);
  });

  it('does not count faults that are far apart, faults of another provider, or refusals', async () => {
    const { upstream, clock } = openUpstream();
    const provider = providerAt(there.issuer);
    there.instead.discovery = (_, response) => response.writeHead(503).end();
    for (let attempt = 0; attempt < 4; attempt++) {
      await assert.rejects(depart(upstream, provider), fails('unavailable', /answered 503/));
      clock.advance(40);
    }
    there.instead.discovery = (_, response) => response.writeHead(404).end();
    for (let attempt = 0; attempt < 4; attempt++) await assert.rejects(depart(upstream, provider), fails('invalid', /answered 404/));
    clock.advance(31);
    delete there.instead.discovery;
    await depart(upstream, provider);
  });

  it('asks for a document once in an hour, and anew when the provider is changed', async () => {
    const { upstream, clock } = openUpstream();
    const provider = providerAt(there.issuer);
    const asked = there.asked.discovery;
    await Promise.all([depart(upstream, provider), depart(upstream, provider)]);
    assert.equal(there.asked.discovery - asked, 1);
    await depart(upstream, { ...provider, updatedAt: new Date() });
    assert.equal(there.asked.discovery - asked, 2);
    clock.advance(3601);
    await depart(upstream, { ...provider, updatedAt: new Date() });
    assert.equal(there.asked.discovery - asked, 3);
  });
});
