import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { mkdir } from 'node:fs/promises';
import { delimiter, dirname, join } from 'node:path';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import packageJson from '../../package.json' with { type: 'json' };
import type { JsonObject } from '../../src/lib/json.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';

export const ROOT = fileURLToPath(new URL('../..', import.meta.url));

/** The file that `npx gatehouse` runs. */
export const BIN = join(ROOT, packageJson.bin.gatehouse);

interface RunOptions {
  readonly input?: string | Buffer;
  readonly env?: Readonly<Record<string, string>>;
}

export interface Outcome {
  readonly exitCode: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface CommandLine extends AsyncDisposable {
  /** Where every command runs. */
  readonly folder: string;
  readonly env: Readonly<Record<string, string>>;
  run(args: readonly string[], options?: RunOptions): Promise<Outcome>;
  /** The text of a command that succeeds, with nothing on standard error. */
  say(args: readonly string[], options?: RunOptions): Promise<string>;
  /** The same with --json: its one document. */
  ask(args: readonly string[], options?: RunOptions): Promise<JsonObject>;
  askList(args: readonly string[]): Promise<readonly JsonObject[]>;
  /** The error of a command that fails with this exit code and nothing on standard output, as --json tells it. */
  fail(exitCode: number, args: readonly string[], options?: RunOptions): Promise<{ error: string; message: string }>;
}

/** The command line as a process of its own, on a data folder of its own. */
export async function createCommandLine(settings: Readonly<Record<string, string>> = {}): Promise<CommandLine> {
  const folder = await temporaryFolder();
  const data = join(folder.path, 'data');
  await mkdir(data, { mode: 0o700 });
  const env = {
    PATH: [dirname(process.execPath), process.env.PATH].join(delimiter),
    GATEHOUSE_DATA_DIR: data,
    GATEHOUSE_DEMO: 'off',
    GATEHOUSE_PASSWORDS__BCRYPT_COST: '4',
    GATEHOUSE_STORAGE__SQLITE__SYNCHRONOUS: 'normal',
    ...settings,
  };

  async function run(args: readonly string[], { input = '', env: more = {} }: RunOptions = {}): Promise<Outcome> {
    return await runProcess(BIN, args, { cwd: folder.path, env: { ...env, ...more }, input });
  }

  async function succeed(args: readonly string[], options?: RunOptions): Promise<string> {
    const { exitCode, stdout, stderr } = await run(args, options);
    assert.deepEqual({ exitCode, stderr }, { exitCode: 0, stderr: '' });
    return stdout;
  }

  return {
    folder: folder.path,
    env,
    run,
    say: succeed,
    ask: async (args, options) => JSON.parse(await succeed([...args, '--json'], options)),
    askList: async (args) => JSON.parse(await succeed([...args, '--json'])),
    async fail(expected, args, options) {
      const { exitCode, stdout, stderr } = await run([...args, '--json'], options);
      assert.deepEqual({ exitCode, stdout }, { exitCode: expected, stdout: '' }, stderr);
      const failure = JSON.parse(stderr);
      assert.deepEqual(Object.keys(failure), ['error', 'message']);
      return failure;
    },
    [Symbol.asyncDispose]: () => folder[Symbol.asyncDispose](),
  };
}

/** Runs a program to its end. */
export async function runProcess(
  program: string,
  args: readonly string[],
  { cwd, env, input = '' }: { cwd: string; env: Readonly<Record<string, string>>; input?: string | Buffer },
): Promise<Outcome> {
  const child = spawn(program, args, { cwd, env });
  const ended = new Promise<number | null>((resolve, reject) => child.once('error', reject).once('close', resolve));
  // A command that fails at once closes its end before it has read anything.
  child.stdin.on('error', () => {}).end(input);
  const [stdout, stderr, exitCode] = await Promise.all([text(child.stdout), text(child.stderr), ended]);
  return { exitCode, stdout, stderr };
}
