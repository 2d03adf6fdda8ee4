import { withLatency } from './latency.ts';
import { openSqliteHarness } from './sqlite-harness.ts';
import { storageContract } from './storage.contract.ts';

storageContract('sqlite', openSqliteHarness);
storageContract('sqlite with latency', withLatency(openSqliteHarness));
