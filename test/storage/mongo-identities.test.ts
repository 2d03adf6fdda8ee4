import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { identityId } from '../../src/domain/federation/identity.ts';
import { numberedAccount, sampleAccount, sampleIdentity, sampleTenant } from '../contract/samples.ts';
import { mongodbForTests } from '../support/mongodb.ts';
import { openTestMongo } from './mongo-harness.ts';

const mongodb = await mongodbForTests();

describe('an identity whose account’s removal broke off in MongoDB', { skip: mongodb.missing ?? false }, () => {
  it('is as good as gone, is not moved, and keeps nobody out', async () => {
    const uri = mongodb.newDatabase();
    await using stores = await openTestMongo(uri);
    await stores.tenants.create(sampleTenant());
    const [leaver, heir] = [sampleAccount(), numberedAccount(1)];
    for (const account of [leaver, heir]) await stores.accounts.create(account);
    const identity = sampleIdentity({ accountId: leaver.id });
    await stores.identities.create(identity);
    const database = (await mongodb.client()).db(new URL(uri).pathname.slice(1));
    await database.collection<{ _id: string }>('accounts').deleteOne({ _id: leaver.id });

    assert.equal(await stores.identities.find(identity.issuer, identity.subject), undefined);
    assert.deepEqual((await Array.fromAsync(stores.holdings.identities(10))).flat(), []);
    const theirs = { ...identity, id: identityId('new'), accountId: heir.id };
    await stores.identities.create(theirs);
    assert.deepEqual(await stores.identities.find(identity.issuer, identity.subject), theirs);
    assert.equal(await database.collection('federated_identities').countDocuments(), 1);
  });
});

describe('an identity whose removal broke off in MongoDB', { skip: mongodb.missing ?? false }, () => {
  it('still signs in, keeps others from going for some seconds, and counts as a way in again afterwards', async () => {
    const uri = mongodb.newDatabase();
    await using stores = await openTestMongo(uri, { timeoutMs: 500 });
    await stores.tenants.create(sampleTenant());
    const person = sampleAccount({ passwordHash: undefined });
    await stores.accounts.create(person);
    const [marked, other] = [sampleIdentity(), sampleIdentity({ id: identityId('other'), subject: 'other' })];
    for (const identity of [marked, other]) await stores.identities.create(identity);
    const documents = (await mongodb.client()).db(new URL(uri).pathname.slice(1)).collection<{ _id: string }>('federated_identities');
    const mark = (leavingAt: Date) => documents.updateOne({ _id: marked.id }, { $set: { leaving: 'somebody', leavingAt } });
    const remove = () => stores.identities.remove(person.tenantId, person.id, other.id, [marked.id]);

    await mark(new Date());
    await assert.rejects(remove(), { name: 'StoreUnavailableError' });
    assert.deepEqual(await stores.identities.find(marked.issuer, marked.subject), marked);
    assert.equal((await stores.identities.list(person.tenantId, person.id)).length, 2);
    await mark(new Date(Date.now() - 11_000));
    assert.equal(await remove(), 'removed');
    assert.equal((await documents.findOne({ _id: marked.id, leaving: 'somebody' })) ?? 'unmarked', 'unmarked');
  });
});
