import assert from 'node:assert/strict';
import type { RequestListener } from 'node:http';
import { describe, it } from 'node:test';
import { freePort } from '../support/free-port.ts';
import { startTestProvider } from '../support/test-provider.ts';
import { openUpstream, providerAt } from '../support/upstream-sign-in.ts';

const answering =
  (status: number, body: unknown): RequestListener =>
  (_, response) =>
    response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));

describe('testing a provider', () => {
  it('says what is well', async () => {
    await using there = await startTestProvider();
    const findings = await openUpstream().upstream.test(providerAt(there.issuer));
    assert.deepEqual(
      findings.map(({ what, fine, message }) => [what, fine, message]),
      [
        ['discovery', true, `The discovery document of ${there.issuer} was found, and is its own.`],
        ['clock', true, 'Its clock and ours agree.'],
        ['keys', true, 'It publishes 1 key.'],
        ['client', true, 'It knows the client gatehouse and takes our proof.'],
      ],
    );
  });

  it('says what is wrong, in words, and how to mend it', async () => {
    await using there = await startTestProvider();
    const { upstream, clock } = openUpstream();
    clock.advance(120);
    there.discovery = {
      scopes_supported: ['openid', 'profile'],
      token_endpoint_auth_methods_supported: ['private_key_jwt'],
      id_token_signing_alg_values_supported: ['HS256'],
    };
    there.instead.keys = answering(200, { keys: [] });
    there.instead.token = answering(400, { error: 'invalid_client' });
    const findings = await upstream.test(providerAt(there.issuer));
    const words = Object.fromEntries(findings.filter(({ fine }) => !fine).map(({ what, message }) => [what, message]));
    assert.match(words.clock ?? '', /^Its clock is 1(19|20|21) seconds behind ours/);
    assert.match(words.keys ?? '', /no key/);
    assert.match(words.scopes ?? '', /does not offer email/);
    assert.match(words.algorithms ?? '', /signs with none of ES256/);
    assert.match(words.authentication ?? '', /does not take client_secret_basic, but private_key_jwt/);
    assert.match(words.client ?? '', /“invalid_client”. Check client_id, client_secret and authentication/);
    const scopeless = await upstream.test(providerAt(there.issuer, { scopes: ['profile'] }));
    assert.ok(scopeless.some(({ message }) => /Without the scope openid/.test(message)));
    const keeping = await upstream.test(providerAt(there.issuer, { keepsTokens: true }));
    assert.ok(
      keeping.some(({ what, fine }) => what === 'tokens' && fine),
      'it cannot be asked for them',
    );
    there.discovery = {};
    const unasked = (changes: object) => upstream.test(providerAt(there.issuer, { keepsTokens: true, ...changes }));
    assert.ok((await unasked({})).some(({ message }) => /add offline_access to the scopes/.test(message)));
    for (const changes of [{ scopes: ['openid', 'offline_access'] }, { preset: 'google' }])
      assert.ok(!(await unasked(changes)).some(({ what }) => what === 'tokens'));
    there.instead.token = answering(200, { access_token: 'x', token_type: 'bearer' });
    assert.ok((await upstream.test(providerAt(there.issuer))).some(({ message }) => /Do not trust it/.test(message)));
  });

  it('stops where nothing can be found out, and is not kept from asking by faults before', async () => {
    const gone = providerAt(`http://localhost:${await freePort()}`);
    const { upstream } = openUpstream();
    for (let attempt = 0; attempt < 5; attempt++) {
      const [finding, ...more] = await upstream.test(gone);
      assert.deepEqual([finding?.what, finding?.fine, more], ['discovery', false, []]);
      assert.match(finding?.message ?? '', /Nothing listens there/);
    }
  });

  it('knows GitHub without a document', async () => {
    await using there = await startTestProvider();
    there.instead.token = answering(200, { error: 'bad_verification_code' });
    const findings = await openUpstream().upstream.test(providerAt(there.issuer, { preset: 'github' }));
    assert.deepEqual(
      findings.map(({ what, fine }) => [what, fine]),
      [
        ['discovery', true],
        ['client', true],
      ],
    );
  });
});
