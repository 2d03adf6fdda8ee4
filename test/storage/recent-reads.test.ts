import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { createRecentReads } from '../../src/storage/mongo-redis/recent-reads.ts';

function stage() {
  let time = 0;
  let stored: { name: string; list: string[] } | undefined = { name: 'a', list: ['x'] };
  let reads = 0;
  const recent = createRecentReads<{ name: string; list: string[] }>(() => time);
  return {
    pass: (milliseconds: number) => {
      time += milliseconds;
    },
    store: (name: string | undefined) => {
      stored = name === undefined ? undefined : { name, list: ['x'] };
    },
    get: () =>
      recent.get('id', async () => {
        reads += 1;
        return structuredClone(stored);
      }),
    recent,
    reads: () => reads,
  };
}

describe('recent reads', () => {
  it('are shared by those who ask at once, and for half a second', async () => {
    const { get, pass, reads, store } = stage();
    await Promise.all([get(), get(), get()]);
    store('b');
    pass(499);
    assert.equal((await get())?.name, 'a');
    assert.equal(reads(), 1);
    pass(1);
    assert.equal((await get())?.name, 'b');
  });

  it('are forgotten after a change, also what was read while it was under way', async () => {
    const { get, recent, store } = stage();
    await get();
    await recent.changing('id', async () => {
      await get();
      store('b');
    });
    assert.equal((await get())?.name, 'b');
    const failed = recent.changing('id', async () => {
      store('c');
      throw new RangeError('the answer was lost');
    });
    await assert.rejects(failed, RangeError);
    assert.equal((await get())?.name, 'c');
  });

  it('remember neither what is not there nor a failure', async () => {
    const { get, recent, store } = stage();
    store(undefined);
    assert.equal(await get(), undefined);
    store('b');
    assert.equal((await get())?.name, 'b');
    const failing = () => recent.get('other', () => Promise.reject(new RangeError('no')));
    await assert.rejects(failing(), RangeError);
    await assert.rejects(failing(), RangeError);
  });

  it('hand out copies', async () => {
    const { get } = stage();
    const found = await get();
    found?.list.push('y');
    assert.deepEqual((await get())?.list, ['x']);
  });
});
