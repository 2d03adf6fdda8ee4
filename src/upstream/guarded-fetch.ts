import { type IncomingMessage, request as requestPlainly } from 'node:http';
import { request as requestSafely } from 'node:https';
import { isIP } from 'node:net';
import type { CustomFetchOptions } from 'openid-client';
import { UpstreamError } from '../domain/federation/upstream.ts';
import { faultWords } from './fault-words.ts';
import { isPublicAddress, lookupPublic, PrivateAddressError } from './public-address.ts';

export interface OutboundRules {
  /** "host" or "host:port" that may be private, and may speak http. */
  readonly allowPrivate: readonly string[];
  /** The one origin that this counts for; undefined: any. */
  readonly privateAt?: string;
  /** Milliseconds for all of one fetch, its body included. */
  readonly timeoutMs: number;
  /** Of the body. */
  readonly maxBytes: number;
}

type FetchOptions = Partial<Pick<CustomFetchOptions, 'method' | 'headers' | 'body'>>;

/** @throws UpstreamError `unavailable` for a fault, `invalid` for an address that is not asked and for an answer that will be no better next time */
export type GuardedFetch = (address: string, options?: FetchOptions) => Promise<Response>;

/** Headers of an answer that anybody looks at. */
const READ_HEADERS = ['content-type', 'date', 'www-authenticate'] as const;

/**
 * The one way out to other identity providers. It knows no redirect and no compression, connects to public addresses alone, and answers within a bound
 * of time and bytes. No answer, 429 and 5xx are faults.
 */
export function createGuardedFetch(rules: OutboundRules): GuardedFetch {
  const { timeoutMs } = rules;
  return async (address, options = {}) => {
    const url = new URL(address);
    const problem = addressProblem(url, rules);
    if (problem) throw new UpstreamError(problem, { kind: 'invalid' });
    const signal = AbortSignal.timeout(timeoutMs);
    try {
      const answer = await send(url, { ...options, signal, free: isAllowed(url, rules) });
      return await read(answer, url, rules);
    } catch (cause) {
      if (cause instanceof UpstreamError) throw cause;
      if (cause instanceof PrivateAddressError) throw new UpstreamError(privateWords(url, rules), { kind: 'invalid', cause });
      const words = signal.aborted ? `It did not answer in full within ${timeoutMs / 1000} seconds.` : faultWords(cause);
      throw new UpstreamError(`${url.host}: ${words}`, { kind: 'unavailable', cause });
    }
  };
}

const isPrivatePlace = ({ origin }: URL, { privateAt = origin }: OutboundRules) => privateAt === origin;

const isAllowed = (url: URL, rules: OutboundRules) =>
  isPrivatePlace(url, rules) && (rules.allowPrivate.includes(url.host) || rules.allowPrivate.includes(url.hostname));

const mendOf = (url: URL, rules: OutboundRules) =>
  isPrivatePlace(url, rules)
    ? 'add it to outbound.allow_private.'
    : 'have whoever runs this server set the provider up: one of an organisation gets to no private address but its issuer’s own host and port.';

const privateWords = (url: URL, rules: OutboundRules) => `${url.host} is a private address. If that is meant, ${mendOf(url, rules)}`;

/** Why an address is not asked, or a browser not sent there. A name is looked up only when it is asked. */
export function addressProblem(url: URL, rules: OutboundRules): string | undefined {
  if (url.username || url.password) return `The address at ${url.host} has credentials in it.`;
  if (isAllowed(url, rules) && url.protocol === 'http:') return undefined;
  if (url.protocol !== 'https:') return `${url.protocol}//${url.host} is not https. For a host of your own, ${mendOf(url, rules)}`;
  const literal = url.hostname.replaceAll(/[[\]]/g, '');
  return !isAllowed(url, rules) && isIP(literal) && !isPublicAddress(literal) ? privateWords(url, rules) : undefined;
}

async function send(url: URL, options: FetchOptions & { readonly signal: AbortSignal; readonly free: boolean }): Promise<IncomingMessage> {
  const { method, headers, body, signal, free } = options;
  const form = body instanceof URLSearchParams ? body.toString() : undefined;
  const request = url.protocol === 'https:' ? requestSafely : requestPlainly;
  return await new Promise((resolve, reject) => {
    const outgoing = request(url, {
      method: method ?? 'GET',
      headers: { ...headers, 'accept-encoding': 'identity' },
      // A connection for each: one that was kept might be gone, and a code cannot be sent twice.
      agent: false,
      signal,
      ...(!free && { lookup: lookupPublic }),
    });
    outgoing.once('response', resolve).once('error', reject).end(form);
  });
}

async function read(answer: IncomingMessage, { host }: URL, { maxBytes }: OutboundRules): Promise<Response> {
  const { statusCode: status = 0, headers } = answer;
  try {
    if (isFault(status)) throw new UpstreamError(`${host}: It answered ${status}.`, { kind: 'unavailable' });
    const problem = answerProblem(status, headers['content-encoding']);
    if (problem) throw new UpstreamError(`${host}: ${problem}`, { kind: 'invalid' });
    const chunks: Buffer[] = [];
    let length = 0;
    for await (const chunk of answer as AsyncIterable<Buffer>) {
      if ((length += chunk.length) > maxBytes)
        throw new UpstreamError(`${host}: Its answer is longer than ${maxBytes} bytes.`, { kind: 'invalid' });
      chunks.push(chunk);
    }
    const kept = READ_HEADERS.flatMap((name) => (headers[name] === undefined ? [] : [[name, headers[name]] as const]));
    return new Response(length > 0 ? Buffer.concat(chunks) : null, { status, headers: Object.fromEntries(kept) });
  } finally {
    answer.destroy();
  }
}

const isFault = (status: number) => status < 200 || status === 429 || status >= 500;

/** What asking again does not mend. */
function answerProblem(status: number, encoding = 'identity'): string | undefined {
  if (status >= 300 && status < 400) return `It redirects (${status}), and redirects are not followed.`;
  return encoding === 'identity' ? undefined : 'It compresses what was asked for plain.';
}
