import { describe } from 'node:test';
import { accountStoreContract } from '../contract/account-store.contract.ts';
import { artifactStoreContract } from '../contract/artifact-store.contract.ts';
import { auditLogContract } from '../contract/audit-log.contract.ts';
import { clientStoreContract } from '../contract/client-store.contract.ts';
import type { OpenHarness } from '../contract/harness.ts';
import { holdingsContract } from '../contract/holdings.contract.ts';
import { keyStoreContract } from '../contract/key-store.contract.ts';
import { withLatency } from '../contract/latency.ts';
import { mfaStoreContract } from '../contract/mfa-store.contract.ts';
import { oneTimeLinkStoreContract } from '../contract/one-time-link-store.contract.ts';
import { raceContract } from '../contract/race.contract.ts';
import { tenantStoreContract } from '../contract/tenant-store.contract.ts';
import { mongodbForTests } from '../support/mongodb.ts';
import { mongoArena, mongoHarness } from './mongo-harness.ts';

const mongodb = await mongodbForTests();

describe('the ports of MongoDB', { skip: mongodb.missing ?? false }, () => {
  const open = mongoHarness(mongodb);
  contracts('mongodb', open);
  contracts('mongodb with latency', withLatency(open));
  raceContract('mongodb', mongoArena(mongodb));
});

function contracts(name: string, open: OpenHarness): void {
  tenantStoreContract(name, open);
  accountStoreContract(name, open);
  oneTimeLinkStoreContract(name, open);
  mfaStoreContract(name, open);
  clientStoreContract(name, open);
  keyStoreContract(name, open);
  auditLogContract(name, open);
  artifactStoreContract(name, open);
  holdingsContract(name, open);
}
