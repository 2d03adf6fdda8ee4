import mongoose from 'mongoose';
import { AlreadyExistsError } from '../../domain/errors.ts';
import { storeUnavailable } from '../store-unavailable.ts';

const { MongoBulkWriteError, MongoError, MongoServerError } = mongoose.mongo;

export const DUPLICATE_KEY = 11000;
const UNAUTHORIZED = 13;
const AUTHENTICATION_FAILED = 18;
const NOT_A_REPLICA_SET = 123;

/**
 * Codes by which a server says that it cannot serve just now, whatever was asked (https://www.mongodb.com/docs/manual/reference/error-codes/).
 * Not among them: what is wrong with a statement.
 */
const SERVER_FAILURES: Readonly<Record<number, string>> = {
  1: 'the server failed',
  6: 'a host cannot be reached',
  7: 'a host was not found',
  [UNAUTHORIZED]: 'the user may not read and write the database',
  [AUTHENTICATION_FAILED]: 'user name or password is wrong',
  50: 'the statement took too long',
  64: 'a majority of the replica set did not confirm the write in time',
  89: 'the network timed out',
  91: 'the server is shutting down',
  100: 'the replica set has too few members that can confirm a write',
  133: 'no primary was found',
  134: 'the replica set has no majority',
  189: 'the primary is stepping down',
  262: 'the statement took too long',
  9001: 'the connection broke',
  10107: 'the primary has changed',
  11600: 'the server is shutting down',
  11602: 'the primary is stepping down',
  13435: 'the primary has changed',
  13436: 'the server is recovering',
  14031: 'the disk is full',
};

/** Errors of the driver itself, by name: not every class of them is public. */
const DRIVER_FAILURES: Readonly<Record<string, string>> = {
  MongoServerSelectionError: 'no server that can be written to answers',
  MongooseServerSelectionError: 'no server that can be written to answers',
  MongoNetworkError: 'the connection broke',
  MongoNetworkTimeoutError: 'no answer in time',
  MongoWaitQueueTimeoutError: 'every connection of the pool is busy',
  MongoPoolClearedError: 'the connection broke',
  PoolClearedOnNetworkError: 'the connection broke',
  MongoPoolClosedError: 'the connection is closed',
  MongoServerClosedError: 'the connection is closed',
  MongoTopologyClosedError: 'the connection is closed',
  MongoNotConnectedError: 'the connection is closed',
  MongoClientClosedError: 'the connection is closed',
  MongoStalePrimaryError: 'the primary has changed',
  MongoUnexpectedServerResponseError: 'the server answered something that cannot be understood',
  MongoWriteConcernError: 'a majority of the replica set did not confirm the write in time',
};

/** What the driver passes on as it is, when it writes to a connection whose other end has just gone. */
const SOCKET_FAILURES: readonly unknown[] = ['EPIPE', 'ECONNRESET', 'ERR_STREAM_DESTROYED'];

/** Why the store could not serve, without its address; undefined when the store is not to blame. */
export function reasonOf(error: unknown): string | undefined {
  if (!(error instanceof Error)) return undefined;
  // insertMany wraps whatever went wrong, a broken connection too.
  if (error instanceof MongoBulkWriteError && error.errorResponse instanceof Error) return reasonOf(error.errorResponse);
  const failure = error instanceof MongoServerError ? SERVER_FAILURES[Number(error.code)] : undefined;
  if (failure !== undefined) return failure;
  if (error instanceof MongoError && error.hasErrorLabel('SystemOverloadedError')) return 'the server is overloaded';
  const known =
    DRIVER_FAILURES[error.name] ?? ('code' in error && SOCKET_FAILURES.includes(error.code) ? 'the connection broke' : undefined);
  if (known === undefined) return undefined;
  const code = systemCode(error);
  return code === undefined ? known : `${known} (${code})`;
}

/** Turns a failure of the store into StoreUnavailableError; anything else is a bug and stays what it is. */
export function translateError(error: unknown): unknown {
  const reason = reasonOf(error);
  return reason === undefined ? error : storeUnavailable(`MongoDB: ${reason}`, error);
}

/** Whether it is the credentials that are wrong. */
export function isDenial(error: unknown): boolean {
  return error instanceof MongoServerError && (error.code === UNAUTHORIZED || error.code === AUTHENTICATION_FAILED);
}

/** Whether the server stands alone, so that it cannot answer what needs the word of a majority. */
export function isStandalone(error: unknown): boolean {
  return error instanceof MongoServerError && error.code === NOT_A_REPLICA_SET;
}

export function isDuplicate(error: unknown): boolean {
  return error instanceof MongoServerError && error.code === DUPLICATE_KEY;
}

/**
 * Turns a violated unique index into AlreadyExistsError; anything else is thrown on.
 * @param fields name of the index to the name of the domain's field
 */
export function rethrowTaken(error: unknown, fields: Readonly<Record<string, string>>): never {
  // `E11000 duplicate key error collection: gatehouse.accounts index: emailKey dup key: {...}`: what comes after the index may be anybody's text.
  const index = isDuplicate(error) ? /\bindex:? '?([\w$]+)/i.exec((error as Error).message)?.[1] : undefined;
  const field = index === undefined ? undefined : fields[index];
  if (field !== undefined) throw new AlreadyExistsError(field, { cause: error });
  throw error;
}

/** Such as ECONNREFUSED, from wherever in the chain of causes it is told. */
function systemCode(error: unknown, depth = 0): string | undefined {
  if (!(error instanceof Error) || depth > 4) return undefined;
  if ('code' in error && typeof error.code === 'string') return error.code;
  const inner = systemCode(error.cause, depth + 1);
  if (inner !== undefined || !('reason' in error)) return inner;
  const { servers } = error.reason as { readonly servers?: ReadonlyMap<string, { readonly error?: unknown }> };
  for (const server of servers?.values() ?? []) {
    const code = systemCode(server.error, depth + 1);
    if (code !== undefined) return code;
  }
  return undefined;
}
