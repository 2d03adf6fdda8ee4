import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import type { Cores } from './cores.ts';

const ROOT = fileURLToPath(new URL('..', import.meta.url));

export interface PinnedProcess extends AsyncDisposable {
  readonly pid: number;
  readonly child: ChildProcess;
}

interface PinnedOptions {
  readonly cores: Cores;
  readonly env: Readonly<Record<string, string>>;
  /** A file to append standard output and error to, as a service manager would; not given: ours, and messages over IPC. */
  readonly log?: number;
}

/** Starts Node on a module of the project, on these processors only, in production mode. Disposing of it waits until it is gone. */
export function startPinned(args: readonly string[], { cores, env, log }: PinnedOptions): PinnedProcess {
  const child = spawn('taskset', ['-c', cores, process.execPath, ...args], {
    cwd: ROOT,
    env: { PATH: process.env.PATH ?? '', NODE_ENV: 'production', ...env },
    stdio: log === undefined ? ['ignore', 'inherit', 'inherit', 'ipc'] : ['ignore', log, log],
  });
  const kill = () => child.kill('SIGKILL');
  process.once('exit', kill);
  return {
    // Without a pid it could not be started, and `error` tells so.
    pid: child.pid ?? 0,
    child,
    async [Symbol.asyncDispose]() {
      if (child.exitCode === null && child.signalCode === null) {
        child.kill('SIGTERM');
        await once(child, 'exit');
      }
      process.off('exit', kill);
    },
  };
}

/** The first message of a process that was started with IPC. @throws when it ends before */
export async function firstMessage(child: ChildProcess): Promise<unknown> {
  const ended = new AbortController();
  child.once('exit', (code) => ended.abort(new Error(`a server of the benchmark ended with ${code}`)));
  child.once('error', (error) => ended.abort(error));
  const [message] = await once(child, 'message', { signal: ended.signal }).catch(() => {
    throw ended.signal.reason;
  });
  return message;
}
