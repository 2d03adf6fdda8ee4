import type { JsonObject } from '../../src/lib/json.ts';
import type { TestServer } from './start-server.ts';

/** Settings under which a test says itself which address a call comes from (`from`), so that limits per address do not meet. */
export const MANY_ADDRESSES = { GATEHOUSE_SERVER__TRUSTED_PROXIES: '["127.0.0.1", "::1"]' };

export interface RestAnswer {
  readonly status: number;
  readonly headers: Headers;
  /** Empty where the answer has no JSON body. */
  readonly json: JsonObject;
  readonly text: string;
}

export interface RestCall {
  readonly method?: string;
  readonly path: string;
  readonly token?: string | undefined;
  /** Sent as JSON. */
  readonly body?: unknown;
  readonly headers?: Readonly<Record<string, string>>;
  /** The client address; only with MANY_ADDRESSES. A fresh one for each call unless told. */
  readonly from?: string;
}

let calls = 0;

/** A client address that no call before has used. */
export function freshAddress(): string {
  calls += 1;
  return `198.18.${(calls >> 8) & 255}.${calls & 255}`;
}

/** One call of a REST surface, over HTTP. */
export async function call(
  { issuer }: Pick<TestServer, 'issuer'>,
  { method, path, token, body, headers, from }: RestCall,
): Promise<RestAnswer> {
  const response = await fetch(issuer + path, {
    method: method ?? (body === undefined ? 'GET' : 'POST'),
    redirect: 'manual',
    headers: {
      'x-forwarded-for': from ?? freshAddress(),
      ...(token !== undefined && { authorization: `Bearer ${token}` }),
      ...(body !== undefined && { 'content-type': 'application/json' }),
      ...headers,
    },
    ...(body !== undefined && { body: JSON.stringify(body) }),
  });
  const text = await response.text();
  const isJson = response.headers.get('content-type')?.startsWith('application/json') ?? false;
  return { status: response.status, headers: response.headers, json: isJson && text ? JSON.parse(text) : {}, text };
}
