import assert from 'node:assert/strict';
import { once } from 'node:events';
import { afterEach, describe, it, mock } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { Worker } from 'node:worker_threads';
import { PasswordHasher } from '../../src/domain/accounts/password-hasher.ts';
import { createKeyring } from '../../src/lib/keyring.ts';

const keyring = createKeyring(Buffer.alloc(32, 'password hasher'));

function arrange() {
  const hasher = new PasswordHasher({ keyring, cost: 4, workers: 1, queue: 100 });
  return { hasher, [Symbol.asyncDispose]: () => hasher.close() };
}

/** Each worker that is given a job does this instead of it. Returns the threads it was done in. */
function sabotage(act: (worker: Worker) => void) {
  const threads = new Set<number>();
  mock.method(Worker.prototype, 'postMessage', function sabotaged(this: Worker) {
    threads.add(this.threadId);
    act(this);
  });
  return threads;
}

/** As a worker whose module cannot be loaded does: it says so, then it is gone. */
const breakDown = (worker: Worker) => {
  setImmediate(() => {
    worker.emit('error', new Error('cannot load'));
    void worker.terminate();
  });
};

describe('password hashing when workers are lost', () => {
  afterEach(() => mock.restoreAll());

  for (const [what, act, expected] of [
    ['breaks down', breakDown, /cannot load/],
    ['ends without a word', (worker: Worker) => void worker.terminate(), /before it answered/],
  ] as const) {
    it(`a job fails when its worker ${what}, and the next one has a worker of its own`, async () => {
      await using arranged = arrange();
      const threads = sabotage(act);
      await assert.rejects(arranged.hasher.hash('a'), expected);
      assert.equal(threads.size, 1);
      mock.restoreAll();
      const stored = await arranged.hasher.hash('a');
      assert.deepEqual(await arranged.hasher.verify('a', stored), { matches: true, stale: false });
    });
  }

  it('after three in a row nobody is kept waiting, and none is made that has nothing to do', async () => {
    await using arranged = arrange();
    const threads = sabotage(breakDown);
    const outcomes = await Promise.allSettled(Array.from({ length: 20 }, () => arranged.hasher.hash('a')));
    const reasons = outcomes.map((outcome) => (outcome.status === 'rejected' ? outcome.reason.name : 'hashed'));
    assert.deepEqual(reasons.slice(0, 3), ['Error', 'Error', 'Error']);
    assert.deepEqual(new Set(reasons.slice(3)), new Set(['OverloadedError']));
    await delay(200);
    assert.equal(threads.size, 3);
    const next = new Worker('', { eval: true });
    assert.equal(next.threadId, Math.max(...threads) + 1, 'no thread was made in between');
    await once(next, 'exit');
    mock.restoreAll();
    assert.match(await arranged.hasher.hash('a'), /\$2b\$04\$/);
  });

  it('[security 100] passwords made to take long keep nobody from signing in: one is judged at a time, and the rest wait', async () => {
    await using arranged = arrange();
    const { hasher } = arranged;
    const stored = await hasher.hash('a');
    const order: string[] = [];
    const nasty = '1.1.2011-2-3-1999/12/31'.repeat(12).slice(0, 256);
    const assessments = Array.from({ length: 20 }, () =>
      hasher.assess(nasty, []).then(
        () => order.push('judged'),
        () => order.push('refused'),
      ),
    );
    await hasher.verify('a', stored).then(() => order.push('verified'));
    await Promise.all(assessments);
    assert.equal(order.filter((what) => what === 'refused').length, 3, 'one is under way, sixteen wait');
    assert.ok(order.indexOf('verified') <= order.indexOf('judged') + 1, order.join(' '));
  });

  it('more jobs than workers are done one after the other', async () => {
    await using arranged = arrange();
    const hashes = await Promise.all(Array.from({ length: 8 }, () => arranged.hasher.hash('a')));
    assert.equal(new Set(hashes).size, 8);
  });
});
