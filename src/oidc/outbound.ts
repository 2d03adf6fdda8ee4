import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import type Provider from 'oidc-provider';
import fetchRequest from 'oidc-provider/lib/helpers/fetch_request.js';
import { OperatorError } from '../lib/operator-error.ts';

export interface OutboundRules {
  /** "host" or "host:port" that may be private or loopback. */
  readonly allowPrivate: readonly string[];
  readonly timeoutMs: number;
}

/** The guard against server-side request forgery does not hold on this machine; starting would be unsafe. */
export class OutboundGuardError extends OperatorError {
  override readonly name = 'OutboundGuardError';
  readonly code = 'outbound_guard_missing';
}

/**
 * How the engine fetches documents of clients (jwks_uri). It passes a dispatcher that refuses sockets to private addresses,
 * checked when connected, so that names which resolve anew do not slip past. Without the dispatcher nothing is fetched.
 */
export function guardedFetch({
  allowPrivate,
  timeoutMs,
}: OutboundRules): (url: string | URL | Request, options?: RequestInit) => Promise<Response> {
  return async (url, options = {}) => {
    const { host, hostname } = new URL(url instanceof Request ? url.url : url);
    const { dispatcher, ...rest } = options as RequestInit & { dispatcher?: unknown };
    const request = { ...rest, redirect: 'error' as const, signal: AbortSignal.timeout(timeoutMs) };
    if (allowPrivate.includes(host) || allowPrivate.includes(hostname)) return await fetch(url, request);
    if (!dispatcher)
      throw new OutboundGuardError(
        'There is no guard against requests to private addresses. This Node version does not fit; use the one the project pins.',
      );
    return await fetch(url, { ...request, dispatcher } as RequestInit);
  };
}

/**
 * Asks a canary on this machine through the engine's own path.
 * @throws OutboundGuardError when the canary hears of it, or when there is no guard
 */
export async function testOutboundGuard(provider: Provider, { allowPrivate }: OutboundRules): Promise<void> {
  const host = ['127.0.0.1', 'localhost'].find((each) => !allowPrivate.includes(each));
  // An operator who allows all of this machine has nothing to be guarded here.
  if (host === undefined) return;
  let heard = false;
  const canary = createServer((_request, response) => {
    heard = true;
    response.end();
  });
  await new Promise<void>((resolve, reject) => canary.once('error', reject).listen(0, host, resolve));
  try {
    const { port } = canary.address() as AddressInfo;
    await fetchRequest(provider, `http://${host}:${port}/`, { method: 'GET' }).catch((error: unknown) => {
      if (error instanceof OutboundGuardError) throw error;
    });
  } finally {
    await new Promise((resolve) => canary.close(resolve));
  }
  if (heard)
    throw new OutboundGuardError(
      'A request to a private address got through the guard. This Node version does not fit; use the one the project pins.',
    );
}
