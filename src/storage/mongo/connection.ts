import mongoose, { type Connection, type ConnectOptions } from 'mongoose';
import { StorageUnusableError } from '../storage-unusable-error.ts';
import { rescueHeartbeats } from './heartbeat-rescue.ts';
import { isDenial, isStandalone, reasonOf } from './mongo-errors.ts';
import type { MongoOptions } from './open-mongo.ts';

/**
 * A pool of connections to the server, once it has answered.
 * @throws StorageUnusableError that names the host, never the password
 */
export async function connect(options: MongoOptions): Promise<Connection> {
  const connection = mongoose.createConnection();
  // Losing a server is told by the statement that fails; unheard, the event would end the process.
  connection.on('error', () => undefined);
  try {
    await connection.openUri(options.uri, connectOptions(options));
    rescueHeartbeats(connection.getClient(), options.timeoutMs);
    return connection;
  } catch (error) {
    await connection.destroy(true);
    throw asUnusable(error, options);
  }
}

function connectOptions({ username, password, caFile, poolSize, timeoutMs }: MongoOptions): ConnectOptions {
  return {
    appName: 'gatehouse',
    ...(username !== undefined && { auth: { username, ...(password !== undefined && { password }) } }),
    ...(caFile !== undefined && { tls: true, tlsCAFile: caFile }),
    maxPoolSize: poolSize,
    // A little earlier than the whole call (../within.ts), because the driver knows why there is no server.
    serverSelectionTimeoutMS: Math.ceil(timeoutMs * 0.9),
    connectTimeoutMS: timeoutMs,
    socketTimeoutMS: timeoutMs,
    waitQueueTimeoutMS: timeoutMs,
    // What is acknowledged has reached the journals of a majority, so that no election takes it back: a code that was used stays used.
    // These stand above what the URI says. The driver repeats a write once when the connection broke; the server knows it again by its
    // number (retryable writes), so that not even `consume` comes out differently. deleteMany is not repeated.
    w: 'majority',
    journal: true,
    wtimeoutMS: timeoutMs,
    readPreference: 'primary',
    // Never what an election may still take back. A primary that was cut off and does not know it yet may answer with what was true up to an
    // election timeout (10 s) ago; but whatever hands out anything that lasts ends in a write, which such a primary cannot acknowledge.
    readConcernLevel: 'majority',
    // A filter never takes an operator from a value: {_id: {$ne: null}} is an error.
    sanitizeFilter: true,
    autoIndex: false,
    autoCreate: false,
    bufferCommands: false,
  };
}

/** What stops the start, with what to do about it. */
export function asUnusable(error: unknown, { uri }: Pick<MongoOptions, 'uri'>): StorageUnusableError {
  if (error instanceof StorageUnusableError) return error;
  const server = `MongoDB at ${hostsOf(uri)}`;
  const reason = reasonOf(error) ?? (error instanceof Error ? error.message : String(error));
  if (isDenial(error)) {
    return new StorageUnusableError('denied', `${server} lets us not in: ${reason}. Correct storage.mongodb, then start again.`, {
      cause: error,
    });
  }
  if (isStandalone(error)) {
    return new StorageUnusableError(
      'unsuited',
      `${server} is no replica set. Start mongod with --replSet, run rs.initiate() once in mongosh (one member is enough), then start Gatehouse again.`,
      { cause: error },
    );
  }
  return new StorageUnusableError(
    'inaccessible',
    `${server} cannot be used: ${reason}. Start it, or correct storage.mongodb, then start Gatehouse again.`,
    { cause: error },
  );
}

/** Whatever stands before the last @ may be a password. */
function hostsOf(uri: string): string {
  const [server = ''] = uri.split('?');
  const [hosts = ''] = server.slice(server.includes('@') ? server.lastIndexOf('@') + 1 : server.indexOf('//') + 2).split('/');
  return hosts;
}
