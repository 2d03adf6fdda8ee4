import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { eventually } from './eventually.ts';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));

export interface ServerProcess extends AsyncDisposable {
  readonly issuer: string;
  readonly pid: number;
  /** Everything it has printed, standard output and error. */
  output(): string;
  /** Ends it with the signal and waits until it is gone; resolves to its exit code, null after a signal. */
  end(signal: NodeJS.Signals): Promise<number | null>;
}

/** The server as an operator starts it: a process of its own. Resolves once it answers. */
export async function startProcess(env: Readonly<Record<string, string>> & { readonly PORT: string }): Promise<ServerProcess> {
  const child = spawn(process.execPath, ['src/main.ts'], {
    cwd: ROOT,
    // Away from localhost metrics have a port of their own, and tests run side by side.
    env: { PATH: process.env.PATH ?? '', GATEHOUSE_METRICS__PORT: '0', ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let output = '';
  child.stdout.on('data', (chunk: Buffer) => {
    output += chunk.toString();
  });
  child.stderr.on('data', (chunk: Buffer) => {
    output += chunk.toString();
  });
  const issuer = env.GATEHOUSE_ISSUER ?? `http://localhost:${env.PORT}`;
  await untilAnswering(child, `http://localhost:${env.PORT}/healthz`, () => output);
  const end = async (signal: NodeJS.Signals) => {
    if (child.exitCode === null && child.signalCode === null) {
      child.kill(signal);
      await once(child, 'exit');
    }
    return child.exitCode;
  };
  return {
    issuer,
    pid: child.pid ?? 0,
    output: () => output,
    end,
    async [Symbol.asyncDispose]() {
      await end('SIGKILL');
    },
  };
}

async function untilAnswering(child: ChildProcess, url: string, output: () => string): Promise<void> {
  const answering = eventually(async () => {
    if (child.exitCode !== null) throw new Error(`the server ended with ${child.exitCode}:\n${output()}`);
    const answer = await fetch(url).catch(() => undefined);
    return answer?.ok;
  }, 20_000);
  await answering.catch((cause: Error) => {
    child.kill('SIGKILL');
    throw child.exitCode === null ? new Error(`the server did not answer:\n${output()}`, { cause }) : cause;
  });
}
