import { describe } from 'node:test';
import { artifactStoreContract } from '../contract/artifact-store.contract.ts';
import { mongodbForTests } from '../support/mongodb.ts';
import { mongoHarness } from './mongo-harness.ts';

const mongodb = await mongodbForTests();

/** The other ports of MongoDB are whole in mongo-redis.test.ts; here every kind of artifact is in MongoDB, so that all of the contract is put to it. The kinds it is for have no members. */
describe('artifacts in MongoDB', { skip: mongodb.missing ?? false }, () =>
  artifactStoreContract('mongodb', mongoHarness(mongodb), { members: false }),
);
