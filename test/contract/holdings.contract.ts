import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { identityId } from '../../src/domain/federation/identity.ts';
import { after, type OpenHarness, times } from './harness.ts';
import { linkDigest, numberedAccount, sampleEvent, sampleFactor, sampleIdentity, sampleLink, sampleTokens, seedPeople } from './samples.ts';

export function holdingsContract(name: string, open: OpenHarness): void {
  describe(`${name}: holdings`, () => {
    it('of an empty store are none', async () => {
      await using harness = await open();
      const { holdings } = harness.storage;
      const { factors, identities, upstreamTokens, links, artifacts, auditEvents } = holdings;
      for (const pages of [factors(2), identities(2), upstreamTokens(2), links(2), artifacts(2), auditEvents(2)])
        assert.deepEqual(await all<unknown>(pages), []);
    });

    it('show every factor with the recovery codes that are left', async () => {
      await using harness = await open();
      const { storage } = harness;
      const { tenant } = await seedPeople(storage);
      for (const n of times(5, (index) => index)) {
        const person = numberedAccount(n);
        await storage.accounts.create(person);
        await storage.mfa.enrol(tenant.id, sampleFactor({ accountId: person.id }), [`${n}-used`, `${n}-left`]);
        await storage.mfa.useRecoveryCode(tenant.id, person.id, `${n}-used`);
      }
      const found = (await all(storage.holdings.factors(2))).toSorted((a, b) => a.factor.accountId.localeCompare(b.factor.accountId));
      assert.deepEqual(
        found,
        times(5, (n) => ({
          tenantId: tenant.id,
          factor: sampleFactor({ accountId: numberedAccount(n).id }),
          recoveryDigests: [`${n}-left`],
        })),
      );
    });

    it('show every identity, of every tenant, and the tokens that are kept', async () => {
      await using harness = await open();
      const { storage } = harness;
      const { other } = await seedPeople(storage);
      const given = times(5, (n) => {
        const tenantId = n % 2 === 0 ? sampleIdentity().tenantId : other.id;
        const id = identityId(`identity-${n}`);
        return sampleIdentity({ id, tenantId, accountId: numberedAccount(n).id, subject: `subject-${n}` });
      });
      for (const [n, identity] of given.entries()) {
        await storage.accounts.create(numberedAccount(n, { tenantId: identity.tenantId }));
        await storage.identities.create(identity);
      }
      assert.deepEqual(
        (await all(storage.holdings.identities(2))).toSorted((a, b) => a.id.localeCompare(b.id)),
        given,
      );
      const withTokens = given.filter((_, n) => n !== 1);
      for (const { id } of withTokens) await storage.upstreamTokens.keep(id, sampleTokens({ sealed: id }));
      assert.deepEqual(
        (await all(storage.holdings.upstreamTokens(2))).toSorted((a, b) => a.identity.id.localeCompare(b.identity.id)),
        withTokens.map((identity) => ({ identity, tokens: sampleTokens({ sealed: identity.id }) })),
      );
    });

    it('show links and artifacts of every kind whole, and none that has expired', async () => {
      await using harness = await open();
      const { storage, clock } = harness;
      await seedPeople(storage);
      await storage.links.put(sampleLink({ expiresAt: after(clock, 60) }));
      const setup = sampleLink({
        digest: linkDigest('d2'),
        purpose: 'first-administrator',
        accountId: undefined,
        expiresAt: after(clock, 600),
      });
      await storage.links.put(setup);
      const bare = { grantId: undefined, accountId: 'a', clientId: undefined, uid: undefined, userCode: undefined, members: undefined };
      const grant = { ...bare, payload: { n: 1 }, consumedAt: undefined };
      const session = { ...grant, uid: 'u', members: { group: 'g', entries: { c: '1' } } };
      const refresh = { ...grant, consumedAt: 1_767_322_000 };
      await storage.artifacts.put('Grant', 'g', grant, undefined);
      await storage.artifacts.put('Session', 's', session, after(clock, 600));
      await storage.artifacts.put('RefreshToken', 'r', refresh, after(clock, 600));
      for (const kind of ['Session', 'RefreshToken']) await storage.artifacts.put(kind, 'old', { payload: {} }, after(clock, 60));
      clock.advance(60);
      assert.deepEqual(await all(storage.holdings.links(1)), [setup]);
      const found = (await all(storage.holdings.artifacts(1))).toSorted((a, b) => a.kind.localeCompare(b.kind));
      assert.deepEqual(found, [
        { kind: 'Grant', id: 'g', artifact: grant, expiresAt: undefined },
        { kind: 'RefreshToken', id: 'r', artifact: refresh, expiresAt: after(clock, 540) },
        { kind: 'Session', id: 's', artifact: session, expiresAt: after(clock, 540) },
      ]);
    });

    it('show the audit log oldest first, and take it back under its numbers', async () => {
      await using from = await open();
      const events = times(5, (n) => ({ ...sampleEvent({ requestId: `r${n}` }), sequence: 10 + n }));
      await from.storage.holdings.restoreAuditEvents(events.slice(0, 3));
      await from.storage.holdings.restoreAuditEvents(events);
      assert.deepEqual(await all(from.storage.holdings.auditEvents(2)), events);
      await from.storage.audit.append(sampleEvent({ requestId: 'next' }));
      assert.equal((await from.storage.audit.list({ limit: 1 }))[0]?.requestId, 'next');
    });
  });
}

async function all<Entry>(pages: AsyncIterable<readonly Entry[]>): Promise<Entry[]> {
  const entries: Entry[] = [];
  for await (const page of pages) entries.push(...page);
  return entries;
}
