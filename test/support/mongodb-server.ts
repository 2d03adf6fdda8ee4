import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import mongoose from 'mongoose';
import { eventually } from './eventually.ts';
import { freePort } from './free-port.ts';
import { downloadedMongod, onPath } from './mongodb.ts';
import { temporaryFolder } from './temporary-folder.ts';

/** A server of the test's own, that it may hurt. */
export interface MongodbServer extends AsyncDisposable {
  readonly uri: string;
  /** kill -9; resolves when it is gone. */
  kill(): Promise<void>;
  /** Starts it again where it was, on the data it had. */
  start(): Promise<void>;
}

const SCRIPT = fileURLToPath(new URL('mongodb-on-debian.sh', import.meta.url));
const run = promisify(execFile);

/** What starts such a server here, or why nothing does; with CI=true the latter is a failure instead. To be called while a test file is loading. */
export async function mongodbServers(): Promise<{ readonly start: () => Promise<MongodbServer> } | { readonly missing: string }> {
  const installed = await onPath('mongod');
  if (installed !== undefined) return { start: () => startMongod(installed) };
  if ((await isInstalledOnDebian()) || (process.env.CI && (await onPath('apt-get')))) return { start: startOnDebian };
  try {
    const downloaded = await downloadedMongod();
    return { start: () => startMongod(downloaded) };
  } catch (error) {
    if (process.env.CI) throw error;
    return { missing: 'needs a MongoDB server of its own: put mongod on PATH' };
  }
}

function isInstalledOnDebian(): Promise<boolean> {
  return run(SCRIPT, ['installed']).then(
    () => true,
    () => false,
  );
}

async function startOnDebian(): Promise<MongodbServer> {
  const name = `test-${randomUUID()}`;
  const script = async (...words: readonly string[]) => (await run(SCRIPT, words)).stdout.trim();
  return {
    uri: await script('start', name, '--until', String(process.pid)),
    kill: async () => void (await script('signal', 'KILL', name)),
    start: async () => void (await script('start', name)),
    [Symbol.asyncDispose]: async () => void (await script('remove', name)),
  };
}

/** A replica set of one. */
async function startMongod(binary: string): Promise<MongodbServer> {
  const folder = await temporaryFolder();
  const port = await freePort();
  const host = `127.0.0.1:${port}`;
  const args = ['--replSet', 'test', '--bind_ip', '127.0.0.1', '--port', `${port}`, '--dbpath', folder.path];
  let child: ChildProcess;
  const spawned = () => {
    child = spawn(binary, args, { stdio: 'ignore' });
    process.once('exit', () => child.kill('SIGKILL'));
  };
  const kill = async () => {
    if (child.exitCode !== null || child.signalCode !== null) return;
    const gone = once(child, 'exit');
    child.kill('SIGKILL');
    await gone;
  };
  spawned();
  await using alone = await new mongoose.mongo.MongoClient(`mongodb://${host}/?directConnection=true`).connect();
  await alone.db('admin').command({ replSetInitiate: { _id: 'test', members: [{ _id: 0, host }] } });
  await eventually(async () => (await alone.db('admin').command({ hello: 1 })).isWritablePrimary === true);
  return {
    uri: `mongodb://${host}/?replicaSet=test`,
    kill,
    start: async () => spawned(),
    async [Symbol.asyncDispose]() {
      await kill();
      await folder[Symbol.asyncDispose]();
    },
  };
}
