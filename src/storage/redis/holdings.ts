import type { Gate } from '../gate.ts';
import type { Holdings } from '../holdings.ts';
import { fromMember, RECORDS } from './artifact-keys.ts';
import { type ReadArtifact, readAll } from './artifact-reader.ts';
import type { Fence } from './fence.ts';

/** The gate is passed page by page, so that closing does not wait for the last one. */
export function createHoldings(fence: Fence, gate: Gate, read: ReadArtifact): Pick<Holdings, 'artifacts'> {
  return {
    async *artifacts(limit) {
      const pages = fence.scan(RECORDS, limit)[Symbol.asyncIterator]();
      for (;;) {
        const page = await gate.pass(async () => {
          const { done, value: names } = await pages.next();
          if (done) return undefined;
          const keys = names.map((name: string) => fromMember(name.slice(RECORDS.length)));
          return await fence.run((call) => readAll(read, call, keys));
        });
        if (page === undefined) return;
        yield page;
      }
    },
  };
}
