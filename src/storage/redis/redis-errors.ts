import { StoreUnavailableError } from '../../domain/errors.ts';
import { storeUnavailable } from '../store-unavailable.ts';

/** What a server says when it cannot serve just now, by the first word of its answer. */
const REFUSALS: Readonly<Record<string, string>> = {
  OOM: 'full, maxmemory is reached',
  LOADING: 'still loading its data',
  READONLY: 'a replica, not the primary',
  MASTERDOWN: 'a replica that has lost its primary',
  CLUSTERDOWN: 'the cluster is down',
  MOVED: 'the cluster is moving its slots',
  ASK: 'the cluster is moving its slots',
  TRYAGAIN: 'the cluster is moving its slots',
  MISCONF: 'cannot write to its disk',
  NOREPLICAS: 'too few replicas follow it',
  BUSY: 'busy with a script',
  NOAUTH: 'refuses the credentials',
  WRONGPASS: 'refuses the credentials',
  NOPERM: 'the user lacks a permission',
};

/** By the code of the socket's error. */
const FAULTS: Readonly<Record<string, string>> = {
  ECONNREFUSED: 'connection refused',
  ECONNRESET: 'connection lost',
  EPIPE: 'connection lost',
  ETIMEDOUT: 'no answer in time',
  EHOSTUNREACH: 'host unreachable',
  ENETUNREACH: 'network unreachable',
  ENOTFOUND: 'the name of its host is unknown',
  EAI_AGAIN: 'the name of its host is unknown',
};

/** How the driver puts it; it has no codes. */
const MESSAGES: readonly (readonly [RegExp, string])[] = [
  [/^Command timed out|^Socket timeout|ETIMEDOUT/, 'no answer in time'],
  [/max number of clients/, 'too many clients'],
  [/ECONNREFUSED/, 'connection refused'],
  [/NOAUTH|WRONGPASS/, 'refuses the credentials'],
  [/^All sentinels are unreachable/, 'no sentinel names a primary'],
  [
    /^Failed to refresh slots cache|^None of startup nodes|^Too many Cluster redirections|^Cluster is |^Node is disconnected/,
    'no node of the cluster answers',
  ],
];

const DISCONNECTED =
  /^Connection is|^Stream isn't writeable|^Command aborted|^Reached the max retries|^Cluster isn't ready|is discarded because/;

/** Node's codes of a TLS handshake that failed are many; they all look like this. */
const TLS = /^ERR_(?:TLS|SSL)_|CERT|SIGNATURE|^EPROTO$/;

/** A script that the server does not know: it was restarted or promoted since the script was loaded. */
export function isMissingScript(error: unknown): boolean {
  return firstWord(error) === 'NOSCRIPT';
}

/** The user is unknown, or may not do what is needed. */
export function isDenial(error: unknown): boolean {
  return error instanceof Error && /\b(?:NOAUTH|WRONGPASS|NOPERM)\b/.test(`${error.message} ${lastNodeError(error)?.message}`);
}

/** Why the connection does not serve, without an address; undefined for an error that is not the connection's. */
export function faultOf(error: unknown): string | undefined {
  if (!(error instanceof Error)) return undefined;
  const code = 'code' in error && typeof error.code === 'string' ? error.code : '';
  if (TLS.test(code)) return `TLS handshake failed (${code})`;
  const inner = lastNodeError(error);
  return (
    FAULTS[code] ??
    REFUSALS[firstWord(error)] ??
    (inner && faultOf(inner)) ??
    MESSAGES.find(([pattern]) => pattern.test(error.message))?.[1] ??
    (DISCONNECTED.test(error.message) ? 'not connected' : undefined)
  );
}

/**
 * What to throw instead of an error of the driver; a bug is given back as it is.
 * @param connectionFault what was last wrong with the connection, which says more than that there is none
 */
export function translateError(error: unknown, connectionFault: string | undefined): unknown {
  if (error instanceof StoreUnavailableError) return error;
  forgetCommand(error);
  const fault = faultOf(error);
  if (fault === undefined) return error;
  return storeUnavailable(`Redis: ${fault === 'not connected' ? (connectionFault ?? fault) : fault}`, error);
}

/** The driver adds to an error what was sent, which may be a password or what somebody stores. Errors are logged. */
export function forgetCommand(error: unknown): void {
  if (!(error instanceof Error)) return;
  Reflect.deleteProperty(error, 'command');
  forgetCommand(lastNodeError(error));
}

function firstWord(error: unknown): string {
  return error instanceof Error ? (/^[A-Z]+(?= )/.exec(error.message)?.[0] ?? '') : '';
}

/** When no node of a cluster answers, the last one's error says why. */
function lastNodeError(error: Error): Error | undefined {
  return 'lastNodeError' in error && error.lastNodeError instanceof Error ? error.lastNodeError : undefined;
}
