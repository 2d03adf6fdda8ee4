import { freePort } from '../support/free-port.ts';
import { startProcess } from '../support/start-process.ts';
import { type CommandLine, createCommandLine } from './command-line.ts';

export interface ServedCommandLine extends AsyncDisposable {
  readonly issuer: string;
  readonly cli: CommandLine;
}

/** The server as a process of its own, and the command line on the same data and configuration. */
export async function createServedCommandLine(settings: Readonly<Record<string, string>> = {}): Promise<ServedCommandLine> {
  const port = String(await freePort());
  const cli = await createCommandLine({ GATEHOUSE_SERVER__PORT: port, ...settings });
  const server = await startProcess({ ...cli.env, PORT: port, GATEHOUSE_SERVER__DRAIN_SECONDS: '1' });
  return {
    issuer: server.issuer,
    cli,
    async [Symbol.asyncDispose]() {
      await server.end('SIGTERM');
      await cli[Symbol.asyncDispose]();
    },
  };
}
