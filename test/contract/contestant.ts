import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { times } from './harness.ts';
import type { RaceName } from './races.ts';

/** What a racing process is asked to do. `at`: everybody begins at this moment, in milliseconds since the epoch. */
export type Request =
  | { readonly type: 'open'; readonly location: string; readonly at: number }
  | { readonly type: 'race'; readonly race: RaceName; readonly rounds: number; readonly calls: number; readonly at: number }
  | { readonly type: 'close' };

export type Answer = boolean | number;

/** Answers by round, or what went wrong. */
export type Reply = { readonly answers: readonly (readonly Answer[])[] } | { readonly error: string };

/** Other processes with the store open. They end when they are disposed of, whatever they are doing. */
export interface Contestants extends AsyncDisposable {
  /** Asks all of them at once; the answers of each. */
  ask(request: Request): Promise<readonly (readonly (readonly Answer[])[])[]>;
}

/** @param opener a module with `openAt(location)`, which opens a store or a part of one */
export async function startContestants(count: number, opener: URL): Promise<Contestants> {
  await using starting = new AsyncDisposableStack();
  const worker = new URL('race-worker.ts', import.meta.url);
  const children = times(count, (n) => {
    const child = fork(worker, [opener.href, `p${n}`], { serialization: 'advanced' });
    return starting.adopt(child, end);
  });
  await Promise.all(children.map(answerOf));
  const running = starting.move();
  return {
    ask(request) {
      const answers = Promise.all(children.map(answerOf));
      for (const child of children) child.send(request);
      return answers;
    },
    [Symbol.asyncDispose]: () => running.disposeAsync(),
  };
}

async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const exit = once(child, 'exit');
  child.kill('SIGKILL');
  await exit;
}

async function answerOf(child: ChildProcess): Promise<readonly (readonly Answer[])[]> {
  const stop = new AbortController();
  const { signal } = stop;
  const died = once(child, 'exit', { signal }).then(([code]) => ({ error: `the process ended early, code ${code}` }));
  died.catch(() => undefined); // aborted, because the answer came
  const message = once(child, 'message', { signal }).then(([reply]) => reply);
  message.catch(() => undefined);
  const reply: Reply = await Promise.race([message, died]);
  stop.abort();
  if ('error' in reply) throw new Error(reply.error);
  return reply.answers;
}
