import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import type { Account } from '../../src/domain/accounts/account.ts';
import type { Origin } from '../../src/domain/audit/audit-log.ts';
import { createPeople, type People } from '../../src/domain/federation/people.ts';
import type { UpstreamIdentity } from '../../src/domain/federation/upstream.ts';
import { providerId, type UpstreamProvider } from '../../src/domain/federation/upstream-provider.ts';
import { ORIGIN, startServer, type TestServer } from '../support/start-server.ts';
import { providerAt } from '../support/upstream-sign-in.ts';

describe('whose account somebody from another provider has', () => {
  let server: TestServer;
  let people: People;
  const told: (readonly [to: string, provider: string])[] = [];
  before(async () => {
    server = await startServer();
    const { house, tenant } = server;
    const { identities, accounts } = house.storage;
    const notices = { providerLinked: ({ email }: Account, _origin: Origin, name: string) => void told.push([email, name]) };
    people = createPeople({ ...house, identities, accounts, accountService: house.accounts, notices, firstTenant: tenant.id });
  });
  after(() => server[Symbol.asyncDispose]());

  const sees = (issuer: string, subject: string, email: string, verified = true): UpstreamIdentity => ({
    issuer,
    subject,
    claims: { sub: subject, email, email_verified: verified },
    acr: undefined,
    amr: [],
    idToken: undefined,
    tokens: { accessToken: 'x', refreshToken: undefined, expiresAt: undefined },
  });
  const provider = (id: string, changes: Partial<UpstreamProvider> = {}) =>
    providerAt(`https://${id}.example.com`, { id: providerId(id), ...changes });
  const recognise = (from: UpstreamProvider, subject: string, email: string, verified?: boolean) =>
    people.recognise(from, sees(from.issuer, subject, email, verified), server.tenant.id, ORIGIN);

  it('[security 96] an account that one provider made is not handed to another that has the same address', async () => {
    const first = provider('first', { creation: 'everybody' });
    const made = await recognise(first, 'ada', 'ada@acme.example');
    assert.equal(made.kind, 'known');
    for (const changes of [{ creation: 'invited' }, { trustedDomains: ['acme.example'] }] as const)
      assert.equal((await recognise(provider('second', changes), 'mallory', 'ada@acme.example')).kind, 'claimed');
    assert.equal((await recognise(provider('third'), 'ada', 'ada@acme.example', false)).kind, 'claimed');
  });

  it('an invitation is for whoever the first provider vouches for', async () => {
    const invited = await server.addAccount({ password: undefined });
    const from = provider('inviting', { creation: 'invited' });
    assert.equal((await recognise(from, 'bob', invited.email, false)).kind, 'claimed');
    assert.equal((await recognise(from, 'bob', invited.email)).kind, 'known');
    assert.equal((await recognise(provider('other', { creation: 'invited' }), 'bob', invited.email)).kind, 'claimed');
  });

  it('tells a person whose account somebody is linked to, and nobody whose account was just made', async () => {
    told.length = 0;
    const from = provider('telling', { creation: 'everybody', name: 'Orbital Workspace' });
    await recognise(from, 'eve', 'eve@acme.example');
    const person = await server.addAccount();
    const who = { issuer: from.issuer, subject: 'person', label: 'person' };
    assert.deepEqual([await people.link(from, who, person, ORIGIN), await people.link(from, who, person, ORIGIN)], [true, false]);
    assert.deepEqual(told, [[person.email, 'Orbital Workspace']]);
  });

  it('a super-administrator is handed to nobody that an administrator of the tenant trusts', async () => {
    const first = await server.addAccount({ role: 'admin', superAdministrator: true, password: undefined });
    const all = { trustedDomains: [first.email.split('@')[1] ?? ''], creation: 'invited' } as const;
    assert.equal((await recognise(provider('taking-over', all), 'mallory', first.email)).kind, 'claimed');
  });

  it('[security 96] a super-administrator is nobody at a provider of one tenant, whatever they say to it', async () => {
    const { house, tenant } = server;
    const first = await server.addAccount({ role: 'admin', superAdministrator: true });
    const theirs = provider('of-tenant', { tenantId: tenant.id, trustedDomains: [first.email.split('@')[1] ?? ''] });
    const refused = { kind: 'refused', reason: 'not_allowed' };
    const who = (subject: string) => ({ issuer: theirs.issuer, subject, label: first.email });
    assert.deepEqual(await recognise(theirs, 'mallory', first.email), refused, 'nothing is offered');
    assert.equal(await people.link(theirs, who('mallory'), first, ORIGIN), false, 'nor done');
    assert.deepEqual(await house.storage.identities.list(tenant.id, first.id), []);
    const entries = await house.storage.audit.list({ type: 'federation.refused', limit: 2 });
    assert.deepEqual(
      entries.map(({ detail }) => [detail.provider, detail.reason]),
      Array(2).fill(['of-tenant', 'not_allowed']),
    );
    const ours = { ...theirs, configured: true };
    assert.equal(await people.link(ours, who('root'), first, ORIGIN), true, 'by one of the configuration');
    assert.equal((await recognise(ours, 'root', first.email)).kind, 'known');
    assert.deepEqual(await recognise(theirs, 'root', first.email), refused, 'nor is who was linked before signed in');
  });

  it('ten first sign-ins at once make one account', async () => {
    const from = provider('busy', { creation: 'everybody', trustedDomains: ['acme.example'] });
    const outcomes = await Promise.all(Array.from({ length: 10 }, () => recognise(from, 'carl', 'carl@acme.example')));
    const accounts = new Set(outcomes.flatMap((outcome) => ('account' in outcome ? [outcome.account.id] : [])));
    assert.equal(accounts.size, 1);
    assert.ok(outcomes.some(({ kind }) => kind === 'known'));
  });

  it('nobody of a disabled tenant comes in', async () => {
    const { house } = server;
    const tenant = await house.tenants.create({ slug: 'closing', name: 'Closing' }, ORIGIN);
    const from = provider('closed', { creation: 'everybody', tenantId: tenant.id });
    const enter = () => people.recognise(from, sees(from.issuer, 'dora', 'dora@acme.example'), undefined, ORIGIN);
    assert.equal((await enter()).kind, 'known');
    await house.tenants.update(tenant, { disabled: true }, ORIGIN);
    assert.deepEqual(await enter(), { kind: 'refused', reason: 'not_allowed' });
  });
});
