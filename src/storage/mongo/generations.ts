import type { Generations } from '../generations.ts';
import { INSTANCE, type Instance } from './instance.ts';

/** @param timeoutMs how long the server may look for the majority that confirms a read */
export function createGenerations(instance: Instance, timeoutMs: number): Generations {
  async function current(): Promise<number> {
    // Linearizable: a primary that was deposed without knowing it must not bring back a generation that has ended, and with it what was used up
    // since. Everything else can do with `majority`; this is asked at the start and when Redis has been lost.
    const document = await instance
      .findOne({ _id: INSTANCE.generation })
      .read('primary')
      .readConcern('linearizable')
      .maxTimeMS(timeoutMs)
      .lean();
    if (document?.generation === undefined) throw new Error('the document `generation` is missing from the collection `instance`');
    return document.generation;
  }

  return {
    current,
    async next(old) {
      await instance.updateOne({ _id: INSTANCE.generation, generation: old }, { $set: { generation: old + 1 } });
      return await current();
    },
  };
}
