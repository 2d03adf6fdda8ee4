import { access, constants } from 'node:fs/promises';
import { delimiter, join } from 'node:path';
import { after } from 'node:test';
import mongoose from 'mongoose';

const URL_VARIABLE = 'GATEHOUSE_TEST_MONGODB_URL';
const MISSING_VARIABLE = 'GATEHOUSE_TEST_MONGODB_MISSING';

const ADVICE =
  'needs MongoDB: put mongod on PATH, or name a server in GATEHOUSE_TEST_MONGODB_URL (Debian: `test/support/mongodb-on-debian.sh start` prints one)';

/** A MongoDB for the tests of one file. */
export interface MongodbForTests {
  /** Why there is none; undefined when there is. */
  readonly missing: string | undefined;
  /** A database that no other file uses, without a collection; it is dropped when the file is done. */
  newDatabase(): string;
  /** One for whoever opens a store in it: emptied when it is disposed of, and then given to the next, with its indexes and its schema version. */
  borrowDatabase(): { readonly uri: string } & AsyncDisposable;
  /** As somebody with the same rights beside Gatehouse. */
  client(): Promise<mongoose.mongo.MongoClient>;
}

/** A server that is to be stopped by whoever started it. */
export interface StartedMongodb extends AsyncDisposable {
  readonly uri: string;
}

/**
 * The server in GATEHOUSE_TEST_MONGODB_URL, which a whole test run shares (global-setup.ts); else one of this file's own, gone when it is done.
 * To be called while the file is loading. With CI=true a missing server is a failure.
 */
export async function mongodbForTests(): Promise<MongodbForTests> {
  const shared = process.env[URL_VARIABLE];
  if (shared) return databasesOn(shared);
  let missing = process.env[MISSING_VARIABLE];
  if (missing === undefined) {
    const started = await startMongodb();
    if (typeof started !== 'string') {
      after(() => started[Symbol.asyncDispose]());
      return databasesOn(started.uri);
    }
    missing = started;
  }
  if (process.env.CI) throw new Error(missing);
  const none = () => {
    throw new Error(missing);
  };
  return { missing, newDatabase: none, borrowDatabase: none, client: none };
}

/** Tells the files of this run which server to use, if one can be started. To be called before they are. */
export async function shareMongodb(): Promise<AsyncDisposable | undefined> {
  if (process.env[URL_VARIABLE]) return undefined;
  const started = await startMongodb();
  if (typeof started === 'string') {
    process.env[MISSING_VARIABLE] = started;
    return undefined;
  }
  process.env[URL_VARIABLE] = started.uri;
  return started;
}

/** A replica set of one: `mongod` on PATH, else one that is downloaded, once for all runs. Resolves to the reason when neither can be had. */
async function startMongodb(): Promise<StartedMongodb | string> {
  let systemBinary: string;
  try {
    systemBinary = (await onPath('mongod')) ?? (await downloadedMongod());
  } catch (error) {
    return `${ADVICE}. Downloading it failed: ${error instanceof Error ? error.message.replaceAll('\n', ' ') : error}`;
  }
  const { MongoMemoryReplSet } = await import('mongodb-memory-server-core');
  const server = await MongoMemoryReplSet.create({ binary: { systemBinary }, replSet: { count: 1, storageEngine: 'wiredTiger' } });
  return { uri: server.getUri(), [Symbol.asyncDispose]: async () => void (await server.stop()) };
}

/** Once for all runs. @throws when it cannot be had */
export async function downloadedMongod(): Promise<string> {
  const { MongoBinary } = await import('mongodb-memory-server-core');
  return await MongoBinary.getPath();
}

export async function onPath(program: string): Promise<string | undefined> {
  for (const folder of (process.env.PATH ?? '').split(delimiter)) {
    const path = join(folder, program);
    const runs = await access(path, constants.X_OK).then(
      () => true,
      () => false,
    );
    if (runs) return path;
  }
  return undefined;
}

function databasesOn(server: string): MongodbForTests {
  const free: string[] = [];
  const made: string[] = [];
  let opened: Promise<mongoose.mongo.MongoClient> | undefined;
  const client = () => (opened ??= new mongoose.mongo.MongoClient(server).connect());
  after(async () => {
    if (!opened && made.length === 0) return;
    for (const name of made) await (await client()).db(name).dropDatabase();
    await (await client()).close();
  });

  const newName = () => {
    const name = `gatehouse_test_${process.pid}_${made.length}`;
    made.push(name);
    return name;
  };
  return {
    missing: undefined,
    client,
    newDatabase: () => withDatabase(server, newName()),
    borrowDatabase() {
      const name = free.pop() ?? newName();
      return {
        uri: withDatabase(server, name),
        async [Symbol.asyncDispose]() {
          await empty((await client()).db(name));
          free.push(name);
        },
      };
    },
  };
}

/** Much faster than making collections and indexes anew. */
async function empty(database: mongoose.mongo.Db): Promise<void> {
  const collections = await database.listCollections({}, { nameOnly: true }).toArray();
  await Promise.all(collections.filter(({ name }) => name !== 'instance').map(({ name }) => database.collection(name).deleteMany({})));
}

/** The same server and another database; the users are where they were. */
export function withDatabase(uri: string, name: string): string {
  const [, server = '', path = '', query = ''] = /^(mongodb(?:\+srv)?:\/\/[^/?]+)\/?([^?]*)\??(.*)$/.exec(uri) ?? [];
  const options = new URLSearchParams(query);
  if (server.includes('@') && !options.has('authSource')) options.set('authSource', path || 'admin');
  return `${server}/${name}?${options}`;
}
