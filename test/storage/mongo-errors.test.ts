import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import mongoose from 'mongoose';
import { asUnusable } from '../../src/storage/mongo/connection.ts';

const { MongoServerError } = mongoose.mongo;

describe('what keeps a MongoDB from being the store', () => {
  const uri = 'mongodb://somebody:s%40crt@db.example:27017/gatehouse';

  it('is that it stands alone: the operator hears how a replica set is made', () => {
    const answer = new MongoServerError({ code: 123, codeName: 'NotAReplicaSet', message: 'node needs to be a replica set member' });
    const error = asUnusable(answer, { uri });
    assert.equal(error.reason, 'unsuited');
    assert.match(error.message, /^MongoDB at db\.example:27017 is no replica set\. Start mongod with --replSet, run rs\.initiate\(\) once/);
    assert.equal(error.cause, answer);
  });

  it('is that it lets us not in', () => {
    const error = asUnusable(new MongoServerError({ code: 18, message: 'Authentication failed.' }), { uri });
    assert.equal(error.reason, 'denied');
    assert.doesNotMatch(error.message, /s%40crt|s@crt|somebody/);
  });
});
