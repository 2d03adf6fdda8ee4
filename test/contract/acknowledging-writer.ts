import { times } from './harness.ts';
import { sampleEvent } from './samples.ts';
import { openAt } from './sqlite-harness.ts';

/** Writes for ever, several at a time, and prints the name of each write once it is acknowledged: `acknowledging-writer.ts FILE`. */
const storage = await openAt(process.argv[2] ?? '');

for (let n = 0; ; n += 1) {
  const writes = times(4, async (k) => {
    const name = `${n}-${k}`;
    if (k % 2 === 0) await storage.audit.append(sampleEvent({ requestId: name }));
    else await storage.artifacts.put('RefreshToken', name, { payload: {}, members: { group: 'all', entries: { [name]: 1 } } }, undefined);
    process.stdout.write(`${name}\n`);
  });
  await Promise.all(writes);
}
