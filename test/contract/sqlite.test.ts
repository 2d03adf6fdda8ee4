import { withLatency } from './latency.ts';
import { raceContract } from './race.contract.ts';
import { openSqliteArena, openSqliteHarness } from './sqlite-harness.ts';
import { storageContract } from './storage.contract.ts';

storageContract('sqlite', openSqliteHarness);
storageContract('sqlite with latency', withLatency(openSqliteHarness));
raceContract('sqlite', openSqliteArena);
