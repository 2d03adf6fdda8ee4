import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import type { RaceName } from './races.ts';

/** What a racing process is asked to do. `at`: everybody begins at this moment, in milliseconds since the epoch. */
export type Request =
  | { readonly type: 'open'; readonly location: string; readonly at: number }
  | { readonly type: 'race'; readonly race: RaceName; readonly rounds: number; readonly calls: number; readonly at: number }
  | { readonly type: 'close' };

export type Answer = boolean | number;

/** Answers by round, or what went wrong. */
export type Reply = { readonly answers: readonly (readonly Answer[])[] } | { readonly error: string };

/** Another process with the store open. */
export interface Contestant extends AsyncDisposable {
  ask(request: Request): Promise<readonly (readonly Answer[])[]>;
}

/** @param opener a module with `openAt(location)` */
export async function startContestant(opener: URL, name: string): Promise<Contestant> {
  const child = fork(new URL('race-worker.ts', import.meta.url), [opener.href, name], { serialization: 'advanced' });
  await answerOf(child);
  return {
    ask(request) {
      const answer = answerOf(child);
      child.send(request);
      return answer;
    },
    async [Symbol.asyncDispose]() {
      if (child.exitCode !== null) return;
      const exit = once(child, 'exit');
      child.disconnect();
      await exit;
    },
  };
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
