import { decodeJwt } from 'jose';
import type { Clock } from '../../lib/clock.ts';
import type { DemoTry, Exchange } from '../demo-data.ts';
import { API_PATHS, CLOCK_HEADER } from './api.ts';
import type { Recorder } from './recorder.ts';
import { shorten } from './shorten.ts';

/** A call of the protected API and its answer. */
export interface ApiCall {
  readonly exchange: Exchange;
  /** How the API names this request. */
  readonly requestId: string;
}

interface ApiRequest {
  readonly method: 'GET' | 'POST';
  readonly path: string;
  readonly token: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
}

const SHOWN_HEADERS = ['Content-Type', 'Cache-Control', 'WWW-Authenticate'];

/** What each button of the page sends. `revoked` is an ordinary call: the token was revoked before. */
export function requestFor(tried: DemoTry, token: string, clock: Clock): ApiRequest {
  const read = { method: 'GET', path: API_PATHS.interactions, token } as const;
  switch (tried) {
    case 'call':
    case 'revoked':
      return read;
    case 'forbidden': {
      const body = JSON.stringify({ name: 'Sunday deliveries', allow: 'depot-bergen' }, null, 2);
      return { method: 'POST', path: API_PATHS.policies, token, headers: { 'Content-Type': 'application/json' }, body };
    }
    case 'expired': {
      // Nobody wants to wait for it, so the API's clock is put forward for this call.
      const after = Math.max(((decodeJwt(token).exp ?? 0) + 1) * 1000, clock().getTime());
      return { ...read, headers: { [CLOCK_HEADER]: new Date(after).toISOString() } };
    }
    case 'tampered':
      return { ...read, token: changeOneCharacter(token) };
  }
}

/** In the middle of the payload. */
function changeOneCharacter(token: string): string {
  const [header = '', payload = '', signature = ''] = token.split('.');
  const at = payload.length >> 1;
  const changed = payload.slice(0, at) + (payload[at] === 'A' ? 'B' : 'A') + payload.slice(at + 1);
  return [header, changed, signature].join('.');
}

/** @throws TypeError when the API can't be reached */
export async function callApi(
  origin: string,
  { method, path, token, headers = {}, body }: ApiRequest,
  recorder: Recorder,
): Promise<ApiCall> {
  const url = `${origin}${path}`;
  const started = performance.now();
  const sent = { Authorization: `Bearer ${token}`, Accept: 'application/json', ...headers };
  const response = await recorder.fetch(url, { method, headers: sent, body: body ?? null, redirect: 'manual' });
  const text = await response.text();
  const shown = SHOWN_HEADERS.flatMap((name) => {
    const value = response.headers.get(name);
    return value === null ? [] : [[name, value] as const];
  });
  return {
    requestId: response.headers.get('X-Request-Id') ?? '',
    exchange: {
      method,
      url,
      requestHeaders: Object.entries({ ...sent, Authorization: `Bearer ${shorten(token)}` }),
      requestBody: body,
      status: response.status,
      responseHeaders: shown,
      responseBody: indent(text),
      milliseconds: Math.max(1, Math.round(performance.now() - started)),
    },
  };
}

function indent(text: string): string {
  try {
    return JSON.stringify(JSON.parse(text), null, 2);
  } catch {
    return text;
  }
}
