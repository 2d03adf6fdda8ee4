import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type mongoose from 'mongoose';
import { identityId } from '../../src/domain/federation/identity.ts';
import { licenceId } from '../../src/domain/licences/licence.ts';
import { migrations } from '../../src/storage/mongo/migrations.ts';
import { startContestants } from '../contract/contestant.ts';
import { times } from '../contract/harness.ts';
import { sampleAccount, sampleClient, sampleIdentity, sampleLicence, sampleProvider, sampleTenant } from '../contract/samples.ts';
import { mongodbForTests } from '../support/mongodb.ts';
import { openAt, openTestMongo } from './mongo-harness.ts';

const mongodb = await mongodbForTests();

/** A database without a collection, as somebody beside Gatehouse sees it. */
async function emptyDatabase() {
  const uri = mongodb.newDatabase();
  const database = (await mongodb.client()).db(new URL(uri).pathname.slice(1));
  return { uri, database, instance: database.collection<{ _id: string; [field: string]: unknown }>('instance') };
}

/** A database as version 1 made it, with what it stored. */
async function fillVersion1(database: mongoose.mongo.Db): Promise<void> {
  await migrations[0]?.up(database);
  const insert = (collection: string, document: { readonly _id: string; readonly [field: string]: unknown }) =>
    database.collection<{ _id: string }>(collection).insertOne(document, { ignoreUndefined: true });
  await insert('instance', { _id: 'schema', version: 1 });
  const { id, slug, name, createdAt } = sampleTenant();
  await insert('tenants', { _id: id, slug, name, createdAt });
  const { id: person, phoneNumber: _phoneNumber, newsletter: _newsletter, ...account } = sampleAccount();
  await insert('accounts', { _id: person, ...account, emailKey: 'ada@example.com', usernameKey: 'ada.l', revision: 3 });
  const { id: app, allowedAddresses: _allowedAddresses, metadata, ...client } = sampleClient();
  await insert('clients', { _id: app, ...client, metadata: JSON.stringify(metadata), revision: 3 });
}

describe('the schema of a MongoDB database', { skip: mongodb.missing ?? false }, () => {
  it('is made at the first opening, with a TTL index where something expires', async () => {
    const { uri, database, instance } = await emptyDatabase();
    await using _ = await openTestMongo(uri);
    assert.equal((await instance.findOne({ _id: 'schema' }))?.version, 4);
    assert.equal(await instance.findOne({ _id: 'migration' }), null, 'the lock is free again');
    for (const name of ['one_time_links', 'artifacts']) {
      const indexes = await database.collection(name).indexes();
      assert.equal(indexes.find(({ key }) => 'sweepAt' in key)?.expireAfterSeconds, 0, name);
    }
  });

  it('is made once by several processes that open an empty database at once', async () => {
    const { uri, instance } = await emptyDatabase();
    await using processes = await startContestants(3, new URL('./mongo-harness.ts', import.meta.url));
    await processes.ask({ type: 'open', location: uri, at: Date.now() + 50 });
    assert.equal((await instance.findOne({ _id: 'schema' }))?.version, 4);
    await using stores = await openAt(uri);
    await stores.tenants.create(sampleTenant());
    await assert.rejects(stores.tenants.create(sampleTenant()), { field: 'id' });
    assert.equal(await stores.generations.current(), 1);
  });

  it('is completed when whoever began it has died, once its lock has run out', async () => {
    const { uri, database, instance } = await emptyDatabase();
    const until = new Date(Date.now() + 1500);
    await instance.insertOne({ _id: 'schema', version: 0 });
    await instance.insertOne({ _id: 'migration', holder: 'somebody dead', until });
    await database.collection('accounts').createIndex({ emailKey: 1 }, { unique: true, name: 'emailKey' });
    await using stores = await openTestMongo(uri);
    assert.ok(Date.now() >= until.getTime() - 100, 'it waited for the lock');
    assert.equal((await instance.findOne({ _id: 'schema' }))?.version, 4);
    assert.deepEqual(await stores.tenants.list(), []);
  });

  it('of version 1 is brought up to date: what is new has the value that changes nothing, and takes another', async () => {
    const { uri, database, instance } = await emptyDatabase();
    await fillVersion1(database);
    const [tenant, account, client, licence] = [sampleTenant(), sampleAccount(), sampleClient(), sampleLicence()];
    await using stores = await openTestMongo(uri);
    assert.equal((await instance.findOne({ _id: 'schema' }))?.version, 4);
    const old = sampleTenant({ disabled: false, registrationOpen: false, allowedAddresses: [] });
    assert.deepEqual(await stores.tenants.list(), [old]);
    assert.deepEqual(await stores.accounts.findSubject(account.id), sampleAccount({ phoneNumber: undefined, newsletter: false }));
    assert.deepEqual(await stores.clients.find(client.id), sampleClient({ allowedAddresses: [] }));

    const allow = (n: number) =>
      stores.tenants.update(tenant.id, (was) => ({ ...was, allowedAddresses: [...was.allowedAddresses, `${n}`] }));
    await Promise.all(times(10, allow));
    assert.equal((await stores.tenants.find(tenant.id))?.allowedAddresses.length, 10);
    assert.deepEqual(await stores.tenants.update(tenant.id, () => tenant), tenant);
    assert.deepEqual(await stores.accounts.update(tenant.id, account.id, () => account), account);
    assert.deepEqual(await stores.clients.update(tenant.id, client.id, () => client), client);
    await stores.licences.create(licence);
    await assert.rejects(stores.licences.create({ ...licence, id: licenceId('other') }), { field: 'key' });
    await stores.providers.create(sampleProvider());
    assert.deepEqual(await stores.providers.list(), [sampleProvider()]);
    await stores.identities.create(sampleIdentity());
    await assert.rejects(stores.identities.create(sampleIdentity({ id: identityId('other') })), { field: 'identity' });
  });

  it('is refused when a newer Gatehouse has made it, and left as it is', async () => {
    const { uri, instance } = await emptyDatabase();
    await instance.insertOne({ _id: 'schema', version: 99 });
    await assert.rejects(openTestMongo(uri), (error: Error) => {
      assert.match(error.message, /newer Gatehouse: its schema is version 99, this program knows up to 4\. Run that newer Gatehouse/);
      assert.deepEqual({ ...error, name: error.name }, { name: 'StorageUnusableError', code: 'storage_unusable', reason: 'newer' });
      return true;
    });
    assert.deepEqual(await instance.find().toArray(), [{ _id: 'schema', version: 99 }]);
  });

  it('is not made in a database of some other program', async () => {
    const { uri, database } = await emptyDatabase();
    await database.collection('accounts').insertOne({ iban: 'DE' });
    await assert.rejects(openTestMongo(uri), { reason: 'foreign', message: /holds collections of some other program/ });
    assert.deepEqual(
      (await database.listCollections().toArray()).map(({ name }) => name),
      ['accounts'],
    );
  });
});

describe('the generation of Redis in MongoDB', { skip: mongodb.missing ?? false }, () => {
  it('is moved on once by any number of callers who saw the same one, and keeps', async () => {
    const { uri } = await emptyDatabase();
    await using one = await openTestMongo(uri);
    await using other = await openTestMongo(uri);
    assert.equal(await one.generations.current(), 1);
    const counts = await Promise.all(times(20, (n) => (n % 2 === 0 ? one : other).generations.next(1)));
    assert.deepEqual(new Set(counts), new Set([2]));
    assert.equal(await one.generations.next(1), 2, 'a late one changes nothing');
    assert.equal(await other.generations.next(2), 3);
    await using later = await openTestMongo(uri);
    assert.equal(await later.generations.current(), 3);
  });
});
