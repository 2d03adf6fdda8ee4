import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { type Licence, licenceId } from '../../src/domain/licences/licence.ts';
import type { LicenceQuery } from '../../src/domain/licences/licence-store.ts';
import { type Harness, type OpenHarness, times, winners } from './harness.ts';
import { sampleLicence, seedPeople } from './samples.ts';

const ALL: LicenceQuery = { orderBy: [], offset: 0, limit: 1000 };

export function licenceStoreContract(name: string, open: OpenHarness): void {
  describe(`${name}: licence store`, () => {
    it('gives back what it was given', async () => {
      await using harness = await open();
      const { licences, tenant } = await licensed(harness, [{}]);
      assert.deepEqual(await licences.find(tenant.id, sampleLicence().id), sampleLicence());
      assert.deepEqual(await licences.list(tenant.id, ALL), [sampleLicence()]);
    });

    it('keeps what is undefined, empty or nought', async () => {
      await using harness = await open();
      const bare = {
        agreement: { ...sampleLicence().agreement, provides: [] },
        deviceId: undefined,
        amountPerMonth: 0,
        discountBasisPoints: 0,
        catalogueIds: [],
        paidUntil: undefined,
        signedBy: undefined,
        signedAt: undefined,
      };
      const { licences, tenant } = await licensed(harness, [bare]);
      assert.deepEqual(await licences.find(tenant.id, sampleLicence().id), sampleLicence(bare));
    });

    it('names the field that is taken, in every tenant', async () => {
      await using harness = await open();
      const { licences, tenant, other } = await licensed(harness, [{}]);
      for (const tenantId of [tenant.id, other.id]) {
        await assert.rejects(licences.create(sampleLicence({ tenantId, key: 'new' })), { name: 'AlreadyExistsError', field: 'id' });
        await assert.rejects(licences.create(sampleLicence({ tenantId, id: licenceId('new') })), { field: 'key' });
      }
      assert.deepEqual(await licences.list(tenant.id, ALL), [sampleLicence()]);
    });

    it('shows no tenant another one’s licences', async () => {
      await using harness = await open();
      const { licences, tenant, other } = await licensed(harness, [{}]);
      const { id } = sampleLicence();
      assert.equal(await licences.find(other.id, id), undefined);
      assert.deepEqual(await licences.list(other.id, ALL), []);
      assert.deepEqual(await licences.list(other.id, { ...ALL, text: '' }), []);
      assert.equal(await licences.remove(other.id, id), false);
      assert.deepEqual(await licences.find(tenant.id, id), sampleLicence());
    });

    it('is removed once', async () => {
      await using harness = await open();
      const { licences, tenant } = await licensed(harness, [{}, { key: 'stays' }]);
      const answers = await Promise.all(times(10, () => licences.remove(tenant.id, sampleLicence().id)));
      assert.equal(winners(answers), 1);
      assert.deepEqual(
        (await licences.list(tenant.id, ALL)).map(({ key }) => key),
        ['stays'],
      );
    });

    it('outlives whoever signed it', async () => {
      await using harness = await open();
      const { licences, tenant, account } = await licensed(harness, [{}]);
      await harness.storage.accounts.remove(tenant.id, account.id);
      assert.deepEqual(await licences.find(tenant.id, sampleLicence().id), sampleLicence());
    });

    it('finds a text in key, name and kind, whatever the case, and takes it as it is', async () => {
      await using harness = await open();
      const { agreement } = sampleLicence();
      const texts = ['100%_sure', '100 xsure', 'a.c\\d', 'abc', "it's", '$key', 'nul\u0000here', 'Straße Ä'];
      const { licences, tenant } = await licensed(harness, [
        ...texts.map((key) => ({ key })),
        { key: 'by name', agreement: { ...agreement, name: 'Rare Name' } },
        { key: 'by kind', agreement: { ...agreement, kind: 'Trial.Kind' } },
      ]);
      const found = async (text: string) => (await licences.list(tenant.id, { ...ALL, text })).map(({ key }) => key);
      assert.deepEqual(await found('0%_SURE'), ['100%_sure']);
      assert.deepEqual(await found('%'), ['100%_sure']);
      assert.deepEqual(await found('_'), ['100%_sure']);
      assert.deepEqual(await found('A.C\\'), ['a.c\\d']);
      assert.deepEqual(await found('^abc$'), []);
      assert.deepEqual(await found("T'S"), ["it's"]);
      assert.deepEqual(await found('$KEY'), ['$key']);
      assert.deepEqual(await found('\u0000HERE'), ['nul\u0000here']);
      assert.deepEqual(await found('straße Ä'), ['Straße Ä']);
      assert.deepEqual(await found('rare name'), ['by name']);
      assert.deepEqual(await found('TRIAL.'), ['by kind']);
      assert.equal((await found('')).length, 10);
    });

    it('finds by device, kind and agreement, the whole of each, and all that is given has to fit', async () => {
      await using harness = await open();
      const agreement = (kind: string, name: string) => ({ agreement: { ...sampleLicence().agreement, kind, name } });
      const { licences, tenant } = await licensed(harness, [
        { key: 'a', deviceId: 'd1', ...agreement('Trial', 'Gold') },
        { key: 'b', deviceId: 'd2', ...agreement('Trial', 'Silver') },
        { key: 'c', deviceId: undefined, ...agreement('Full', 'Gold') },
        { key: 'd', deviceId: 'd1', ...agreement('Full', 'Golden') },
      ]);
      const found = async (query: Partial<LicenceQuery>) => (await licences.list(tenant.id, { ...ALL, ...query })).map(({ key }) => key);
      assert.deepEqual(await found({ deviceId: 'd1' }), ['a', 'd']);
      assert.deepEqual(await found({ kind: 'Trial' }), ['a', 'b']);
      assert.deepEqual(await found({ kind: 'trial' }), []);
      assert.deepEqual(await found({ agreementName: 'Gold' }), ['a', 'c']);
      assert.deepEqual(await found({ deviceId: 'd1', kind: 'Trial', agreementName: 'Gold', text: 'GOL' }), ['a']);
      assert.deepEqual(await found({ deviceId: 'd2', kind: 'Full' }), []);
    });

    it('lists by id unless told otherwise, page by page', async () => {
      await using harness = await open();
      const keys = ['e', 'd', 'c', 'b', 'a'];
      const { licences, tenant } = await licensed(
        harness,
        keys.map((key) => ({ key })),
      );
      const page = async (offset: number, limit: number) =>
        (await licences.list(tenant.id, { orderBy: [], offset, limit })).map(({ key }) => key);
      assert.deepEqual(await page(0, 2), ['e', 'd']);
      assert.deepEqual(await page(2, 2), ['c', 'b']);
      assert.deepEqual(await page(4, 2), ['a']);
      assert.deepEqual(await page(5, 2), []);
    });

    it('orders by several fields, both ways, and by id where all are equal', async () => {
      await using harness = await open();
      const named = (key: string, name: string, start: number, end: number) => ({
        key,
        agreement: { ...sampleLicence().agreement, name },
        startsAt: new Date(start),
        expiresAt: new Date(end),
      });
      const { licences, tenant } = await licensed(harness, [
        named('k5', 'b', 1, 9),
        named('k4', 'a', 2, 10),
        named('k3', 'b', 2, 9),
        named('k2', 'a', 2, 100),
        named('k1', 'a', 1, 9),
      ]);
      const ordered = async (...fields: readonly string[]) => {
        const orderBy = fields.map((field) => {
          const descending = field.startsWith('-');
          return { field: field.slice(descending ? 1 : 0) as LicenceQuery['orderBy'][number]['field'], descending };
        });
        return (await licences.list(tenant.id, { ...ALL, orderBy })).map(({ key }) => key);
      };
      assert.deepEqual(await ordered('key'), ['k1', 'k2', 'k3', 'k4', 'k5']);
      assert.deepEqual(await ordered('-key'), ['k5', 'k4', 'k3', 'k2', 'k1']);
      assert.deepEqual(await ordered('agreementName'), ['k4', 'k2', 'k1', 'k5', 'k3']);
      assert.deepEqual(await ordered('-agreementName', 'startsAt'), ['k5', 'k3', 'k1', 'k4', 'k2']);
      assert.deepEqual(await ordered('agreementName', '-startsAt', '-expiresAt'), ['k2', 'k4', 'k1', 'k3', 'k5']);
      assert.deepEqual(await ordered('expiresAt', '-key'), ['k5', 'k3', 'k1', 'k4', 'k2']);
      assert.deepEqual(await ordered('startsAt', '-startsAt', 'key'), ['k1', 'k5', 'k2', 'k3', 'k4'], 'named twice');
    });

    it('orders texts by their code points', async () => {
      await using harness = await open();
      const keys = ['\u{1F600}', '\uFFFD', 'ä', 'a', 'Z', 'aa', '1'];
      const { licences, tenant } = await licensed(
        harness,
        keys.map((key) => ({ key })),
      );
      const found = await licences.list(tenant.id, { ...ALL, orderBy: [{ field: 'key', descending: false }] });
      assert.deepEqual(
        found.map(({ key }) => key),
        ['1', 'Z', 'a', 'aa', 'ä', '\uFFFD', '\u{1F600}'],
      );
    });

    it('hands out copies', async () => {
      await using harness = await open();
      const { licences, tenant, given } = await licensed(harness, [{}]);
      given[0]?.startsAt.setTime(0);
      const found = await licences.find(tenant.id, sampleLicence().id);
      assert.ok(found);
      found.agreement.publishedAt.setTime(0);
      Reflect.set(found.agreement.provides, 0, 'everything');
      assert.deepEqual(await licences.find(tenant.id, sampleLicence().id), sampleLicence());
    });
  });
}

/** The licences `licence-1`, `licence-2` and so on of the first tenant. */
async function licensed({ storage }: Harness, changes: readonly Partial<Licence>[]) {
  const people = await seedPeople(storage);
  const given = changes.map((change, n) => sampleLicence({ id: licenceId(`licence-${n + 1}`), ...change }));
  for (const licence of given) await storage.licences.create(licence);
  return { ...people, given, licences: storage.licences };
}
