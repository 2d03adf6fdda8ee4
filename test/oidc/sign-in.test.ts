import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { decodeJwt, decodeProtectedHeader } from 'jose';
import * as oidc from 'openid-client';
import { CALLBACK, obtainTokens } from '../support/relying-party.ts';
import { startServer } from '../support/start-server.ts';

describe('authorization code with PKCE', () => {
  it('signs a person in, and gives the application its tokens', async () => {
    await using server = await startServer();
    const account = await server.addAccount({ displayName: 'Alice Martin', username: 'alice' });
    const client = await server.addClient('web', { redirect_uris: [CALLBACK] });
    const { config, tokens } = await obtainTokens(server, client, { identifier: 'alice' });

    const claims = tokens.claims();
    assert.equal(claims?.sub, account.id);
    assert.equal(claims?.email, account.email);
    assert.equal(claims?.name, 'Alice Martin');
    assert.deepEqual(claims?.amr, ['pwd']);
    assert.equal(claims?.acr, 'aal1');
    assert.equal(decodeProtectedHeader(tokens.access_token).typ, 'at+jwt');
    const access = decodeJwt(tokens.access_token);
    assert.equal(access.aud, `${server.issuer}/api`);
    assert.equal(access.sub, account.id);
    assert.equal(access.scope, 'read:interactions');
    assert.equal(access.role, 'viewer');
    assert.equal(access.tenant_id, server.tenant.id);
    assert.equal(access.email, account.email);
    assert.equal(access.acr, 'aal1');

    const info = await oidc.fetchUserInfo(config, tokens.access_token, account.id);
    assert.equal(info.email, account.email);
    const active = await oidc.tokenIntrospection(config, tokens.access_token);
    assert.equal(active.active, true);
    const refreshed = await oidc.refreshTokenGrant(config, tokens.refresh_token ?? '');
    assert.notEqual(refreshed.refresh_token, tokens.refresh_token);
    await oidc.tokenRevocation(config, refreshed.access_token);
    assert.equal((await oidc.tokenIntrospection(config, refreshed.access_token)).active, false);
  });
});
