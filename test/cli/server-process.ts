import { type ChildProcess, spawn } from 'node:child_process';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { freePort } from '../support/free-port.ts';
import { type CommandLine, createCommandLine, ROOT } from './command-line.ts';

export interface ServedCommandLine extends AsyncDisposable {
  readonly issuer: string;
  readonly cli: CommandLine;
}

/** The server as a process of its own, and the command line on the same data and configuration. */
export async function createServedCommandLine(): Promise<ServedCommandLine> {
  const port = String(await freePort());
  const cli = await createCommandLine({ GATEHOUSE_SERVER__PORT: port });
  const server = spawn(process.execPath, [join(ROOT, 'src/main.ts')], {
    cwd: cli.folder,
    env: cli.env,
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  const issuer = `http://localhost:${port}`;
  await untilReady(server, issuer);
  return {
    issuer,
    cli,
    async [Symbol.asyncDispose]() {
      const ended = new Promise((resolve) => server.once('close', resolve));
      server.kill('SIGTERM');
      await ended;
      await cli[Symbol.asyncDispose]();
    },
  };
}

async function untilReady(server: ChildProcess, issuer: string): Promise<void> {
  let said = '';
  server.stderr?.on('data', (chunk) => {
    said += chunk;
  });
  for (let tries = 0; tries < 300 && server.exitCode === null; tries++) {
    const response = await fetch(`${issuer}/readyz`).catch(() => undefined);
    if (response?.ok) return;
    await delay(50);
  }
  server.kill('SIGKILL');
  throw new Error(`the server did not become ready: ${said}`);
}
