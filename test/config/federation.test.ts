import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { describeConfig, describeConfigAsJson } from '../../src/config/describe-config.ts';
import { NO_CLAIM_PATHS } from '../../src/domain/federation/upstream-provider.ts';
import { faultsOf, load } from './load.ts';

const HUSH = 'hush-hush-hush';

const providers = (...items: readonly string[]) => `federation:\n  providers:\n${items.map((item) => `    - ${item}\n`).join('')}`;
const CORP = `id: corp, preset: oidc, issuer: "https://id.corp.example", client_id: us, client_secret: ${HUSH}`;

/** As the documentation of the session API has it. */
const WEB_OIDC = `
web:
  oidc:
    enabled: true
    issuer: "https://auth.example.com"
    client_id: "noba"
    client_secret: "xxxx"
    redirect_uri: "http://noba.example.com:8080/api/auth/oidc/callback"
    scopes: ["openid", "profile", "email"]
    role_claim: "noba_role"  # JWT claim to map to NOBA role
    role_map:
      admin: "noba-admin"
      operator: "noba-operator"
      viewer: "noba-viewer"
`;

describe('federation.providers', () => {
  it('is empty by itself, and web.oidc is off', async () => {
    assert.deepEqual((await load()).config.upstreamProviders, []);
  });

  it('needs little: the preset says the rest', async () => {
    const { config } = await load({ yaml: providers(`{ id: g, preset: google, client_id: us, client_secret: ${HUSH} }`, `{ ${CORP} }`) });
    const [google, corp] = config.upstreamProviders;
    assert.deepEqual(google, {
      id: 'g',
      tenant: undefined,
      name: 'Google',
      preset: 'google',
      issuer: 'https://accounts.google.com',
      clientId: 'us',
      authentication: 'client_secret_basic',
      secret: HUSH,
      scopes: ['openid', 'profile', 'email'],
      claims: { ...NO_CLAIM_PATHS, email: 'email', emailVerified: 'email_verified', name: 'name' },
      roles: { map: {}, fallback: 'viewer' },
      creation: 'invited',
      creationDomains: [],
      trustedDomains: [],
      homeDomains: [],
      secondFactor: 'ask',
      endsSession: false,
      keepsTokens: false,
      disabled: false,
    });
    assert.deepEqual(
      [corp?.name, corp?.issuer, corp?.claims.username],
      ['id.corp.example', 'https://id.corp.example', 'preferred_username'],
    );
  });

  it('takes every member, and secrets by reference', async () => {
    const yaml = providers(`{ id: corp, name: " Corp ", preset: entra, tenant: main, issuer: "https://login.example.com/{tenantid}/v2.0",
      client_id: us, client_secret: "\${HUSH}", authentication: client_secret_basic, scopes: [openid, custom],
      claims: { email: upn, email_verified: ev, username: u, name: n, groups: g, role: realm.roles, tenant: t },
      role_map: { admin: [root, boss], viewer: staff }, default_role: operator, creation: domains, creation_domains: [Corp.Example],
      trusted_domains: [corp.example], home_domains: [corp.example], second_factor: trust, ends_session: true,
      keeps_tokens: true, enabled: false }`);
    const { config } = await load({ yaml, env: { HUSH } });
    assert.deepEqual(config.upstreamProviders, [
      {
        id: 'corp',
        tenant: 'main',
        name: 'Corp',
        preset: 'entra',
        issuer: 'https://login.example.com/{tenantid}/v2.0',
        clientId: 'us',
        authentication: 'client_secret_basic',
        secret: HUSH,
        scopes: ['openid', 'custom'],
        claims: { email: 'upn', emailVerified: 'ev', username: 'u', name: 'n', groups: 'g', role: 'realm.roles', tenant: 't' },
        roles: { map: { viewer: ['staff'], admin: ['root', 'boss'] }, fallback: 'operator' },
        creation: 'domains',
        creationDomains: ['corp.example'],
        trustedDomains: ['corp.example'],
        homeDomains: ['corp.example'],
        secondFactor: 'trust',
        endsSession: true,
        keepsTokens: true,
        disabled: true,
      },
    ]);
  });

  it('comes by the environment too', async () => {
    const list = JSON.stringify([{ id: 'hub', preset: 'github', client_id: 'us', client_secret: `\${HUSH}` }]);
    const { config } = await load({ env: { GATEHOUSE_FEDERATION__PROVIDERS: list, HUSH } });
    assert.deepEqual([config.upstreamProviders[0]?.secret, config.upstreamProviders[0]?.authentication], [HUSH, 'client_secret_post']);
  });

  it('refuses whoever has no role there once roles are mapped, unless told otherwise', async () => {
    const mapped = `${CORP}, claims: { role: r }, role_map: { admin: a }`;
    const { config } = await load({ yaml: providers(`{ ${mapped} }`, `{ ${mapped.replace('corp', 'b')}, default_role: viewer }`) });
    assert.deepEqual(
      config.upstreamProviders.map(({ roles }) => roles.fallback),
      [undefined, 'viewer'],
    );
  });

  for (const [what, item, path, problem] of [
    ['an unknown key', `{ ${CORP}, colour: red }`, 'colour', /no key of that name/],
    ['an unknown claim', `{ ${CORP}, claims: { mail: m } }`, 'claims.mail', /no key of that name/],
    ['a wrong preset', '{ id: x, preset: okta, client_id: us }', 'preset', /"okta" is not one of oidc, google,/],
    ['a wrong id', `{ ${CORP.replace('corp', 'Corp!')} }`, 'id', /"Corp!" is not 1 to 40 of a-z/],
    ['a name that is too long', `{ ${CORP}, name: ${'x'.repeat(61)} }`, 'name', /is not one line of 1 to 60 characters/],
    ['a domain that is none', `{ ${CORP}, home_domains: ["@corp.example"] }`, 'home_domains[0]', /is not a domain, like/],
    ['http beyond this machine', `{ ${CORP.replace('https:', 'http:')} }`, 'issuer', /is not an https address/],
    ['a query in the issuer', `{ ${CORP.replace('corp.example', 'corp.example/?a=b')} }`, 'issuer', /is not an https address/],
    ['a user in the issuer', `{ ${CORP.replace('//', `//u:${HUSH}@`)} }`, 'issuer', /\*{8}@id\.corp.* is not an https address/],
    [
      '{tenantid} in the host',
      '{ id: x, preset: entra, issuer: "https://{tenantid}.example/v2.0", client_id: us, client_secret: s }',
      'issuer',
      /is not an https/,
    ],
    ['no issuer', `{ id: x, preset: oidc, client_id: us, client_secret: ${HUSH} }`, 'issuer', /kind oidc has no issuer by itself/],
    ['{tenantid} of no entra', `{ ${CORP.replace('corp.example', 'corp.example/{tenantid}')} }`, 'issuer', /Only the issuer of entra/],
    ['no secret', '{ id: x, preset: google, client_id: us }', 'client_secret', /There is no client secret/],
    ['a secret that is no text', '{ id: x, preset: google, client_id: us, client_secret: [hush] }', 'client_secret', /^The value is not/],
    ['a secret beside a key', `{ ${CORP}, authentication: private_key_jwt }`, 'client_secret', /there is no secret/],
    [
      'another way than the one it knows',
      `{ id: x, preset: github, client_id: us, authentication: private_key_jwt }`,
      'authentication',
      /knows client_secret_post alone/,
    ],
    [
      'a secret that is not of apple',
      `{ id: x, preset: apple, client_id: us, client_secret: ${HUSH} }`,
      'client_secret',
      /is not JSON with the texts team_id/,
    ],
    ['a map without a claim', `{ ${CORP}, role_map: { admin: a } }`, 'claims', /no claim that it is for/],
    ['a claim without a map', `{ ${CORP}, claims: { role: r }, role_map: { admin: [] } }`, 'role_map', /no value of it means anything/],
    ['domains without any', `{ ${CORP}, creation: domains }`, 'creation_domains', /none is named/],
    ['domains for nothing', `{ ${CORP}, creation_domains: [corp.example] }`, 'creation_domains', /counts only when creation is domains/],
  ] as const) {
    it(`with ${what} is refused, and tells no secret`, async () => {
      const faults = await faultsOf({ yaml: providers(item) });
      assert.deepEqual(
        faults.map((fault) => fault.path),
        [`federation.providers[0].${path}`],
      );
      assert.match(faults[0]?.problem ?? '', problem);
      assert.match(faults[0]?.source ?? '', /user\.yaml$/);
      assert.doesNotMatch(JSON.stringify(faults), /hush/);
    });
  }

  it('tells every fault of every provider, and an id that is taken', async () => {
    const bad = 'preset: oidc, client_id: us';
    const faults = await faultsOf({ yaml: providers(`{ id: a, ${bad} }`, `{ ${CORP} }`, `{ ${CORP} }`, '{ id: 7 }') });
    assert.deepEqual(faults.map(({ path }) => path.replace('federation.providers', '')).toSorted(), [
      '[0].client_secret',
      '[0].issuer',
      '[2].id',
      '[3].client_id',
      '[3].id',
      '[3].preset',
    ]);
  });

  it('gives a home domain to one of the providers that people of a tenant see', async () => {
    const homed = (id: string, more = '') => `{ ${CORP.replace('corp', id)}, home_domains: [Corp.example]${more} }`;
    const faults = await faultsOf({ yaml: providers(homed('a', ', tenant: acme'), homed('b', ', tenant: other'), homed('c')) });
    assert.deepEqual(
      faults.map(({ path, problem }) => [path, problem.replace(/,.*/, '')]),
      [['federation.providers[2].home_domains', '“c” and “a” both have the home domain corp.example']],
    );
    const apart = providers(homed('a', ', tenant: acme'), homed('b', ', tenant: other'), homed('c', ', enabled: false'));
    assert.equal((await load({ yaml: apart })).config.upstreamProviders.length, 3);
  });

  it('that is no list of sections shows none of what it holds', async () => {
    for (const yaml of [`federation: { providers: ${HUSH} }`, `federation: ${HUSH}`, providers(HUSH), 'web: { oidc: hush }'])
      assert.doesNotMatch(JSON.stringify(await faultsOf({ yaml })), /hush/, yaml);
  });
});

describe('web.oidc', () => {
  it('is accepted as the documentation of the session API has it, and is a provider', async () => {
    const { config } = await load({ yaml: WEB_OIDC });
    const [provider, ...others] = config.upstreamProviders;
    assert.deepEqual(others, []);
    assert.ok(provider);
    const { id, tenant, name, issuer, clientId, secret, scopes, claims, roles, creation, disabled } = provider;
    assert.deepEqual(
      { id, tenant, name, issuer, clientId, secret, scopes, role: claims.role, roles, creation, disabled },
      {
        id: 'oidc',
        tenant: 'main',
        name: 'auth.example.com',
        issuer: 'https://auth.example.com',
        clientId: 'noba',
        secret: 'xxxx',
        scopes: ['openid', 'profile', 'email'],
        role: 'noba_role',
        roles: { map: { admin: ['noba-admin'], operator: ['noba-operator'], viewer: ['noba-viewer'] }, fallback: undefined },
        creation: 'everybody',
        disabled: false,
      },
    );
    assert.deepEqual([config.web.oidc.redirect_uri, config.web.oidc.page], ['http://noba.example.com:8080/api/auth/oidc/callback', null]);
  });

  it('is no provider when it is off', async () => {
    const { config } = await load({ yaml: WEB_OIDC.replace('enabled: true', 'enabled: false') });
    assert.deepEqual(config.upstreamProviders, []);
  });

  it('comes by the environment, key by key', async () => {
    const env = {
      GATEHOUSE_WEB__OIDC__ENABLED: 'true',
      GATEHOUSE_WEB__OIDC__ISSUER: 'https://auth.example.com',
      GATEHOUSE_WEB__OIDC__CLIENT_ID: 'noba',
      GATEHOUSE_WEB__OIDC__CLIENT_SECRET: HUSH,
      GATEHOUSE_WEB__OIDC__ROLE_CLAIM: 'r',
      GATEHOUSE_WEB__OIDC__ROLE_MAP__ADMIN: 'boss',
    };
    assert.deepEqual((await load({ env })).config.upstreamProviders[0]?.roles, { map: { admin: ['boss'] }, fallback: undefined });
  });

  for (const [what, from, to, paths] of [
    ['nothing in it', WEB_OIDC, 'web: { oidc: { enabled: true } }', ['issuer', 'client_id']],
    ['no secret', '    client_secret: "xxxx"\n', '', ['client_secret']],
    ['no claim', '    role_claim: "noba_role"', '    ', ['role_claim']],
    ['another callback', '/oidc/callback', '/oidc/return', ['redirect_uri']],
    ['a callback with a query', '/oidc/callback', '/oidc/callback?a=b', ['redirect_uri']],
    ['an http issuer', 'https://auth', 'http://auth', ['issuer']],
    ['an http page', '    scopes', '    page: "http://app.example.com/"\n    scopes', ['page']],
    ['a role that is none', '      viewer:', '      guest:', ['role_map.guest']],
  ] as const) {
    it(`with ${what} is refused`, async () => {
      const faults = await faultsOf({ yaml: WEB_OIDC.replace(from, to) });
      assert.deepEqual(
        faults.map(({ path }) => path),
        paths.map((path) => `web.oidc.${path}`),
      );
    });
  }

  it('shares its id with no other provider', async () => {
    const faults = await faultsOf({ yaml: WEB_OIDC + providers(`{ ${CORP.replace('corp,', 'oidc,')} }`) });
    assert.deepEqual(
      faults.map(({ path, mend }) => [path, mend]),
      [['federation.providers[0].id', 'Give it another id: this is that of web.oidc.']],
    );
  });
});

it('a described configuration shows providers, and masks their secrets', async () => {
  const loaded = await load({ yaml: WEB_OIDC.replace('xxxx', HUSH) + providers(`{ ${CORP} }`) });
  const json = describeConfigAsJson(loaded);
  const masked = { id: 'corp', preset: 'oidc', issuer: 'https://id.corp.example', client_id: 'us', client_secret: '********' };
  assert.deepEqual(json['federation.providers']?.value, [masked]);
  assert.equal(json['web.oidc.client_secret']?.value, '********');
  const text = describeConfig(loaded);
  assert.match(text, /"client_secret":"\*{8}"/);
  for (const each of [text, JSON.stringify(json)]) assert.doesNotMatch(each, /hush/);
});
