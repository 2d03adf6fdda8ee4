import { randomUUID } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import { isIP } from 'node:net';
import type { Context, Middleware } from 'koa';
import proxyaddr from 'proxy-addr';
import type { Origin } from '../../domain/audit/audit-log.ts';
import type { Logger } from '../../lib/logger.ts';
import { RequestError } from '../errors.ts';
import { loggable } from '../loggable-path.ts';

export interface RequestContextOptions {
  readonly issuer: string;
  /** Addresses or CIDR blocks of reverse proxies. */
  readonly trustedProxies: readonly string[];
  readonly logger: Logger;
}

/** Answered under any host name: whoever asks for these knows the machine, not the issuer. */
const ANY_HOST = new Set(['/healthz', '/readyz', '/metrics', '/api/status/public']);

export function originOf(ctx: Context): Origin {
  return { requestId: String(ctx.state.requestId), ip: ctx.ip };
}

/**
 * The first thing every request meets: an id, the client's address, and the one name this server answers to.
 *
 * What a request says of its host and scheme never makes an address of ours: they are replaced by the issuer's, and its X-Forwarded-For by the
 * one address that the trusted proxies vouch for. So Koa's `proxy` flag can be on, and ctx.ip, ctx.host and ctx.secure are true everywhere.
 */
export function requestContext({ issuer, trustedProxies, logger }: RequestContextOptions): Middleware {
  const { host, protocol } = new URL(issuer);
  const trust = proxyaddr.compile([...trustedProxies]);
  // Of its fields none can hold a secret, and looking for some would cost more than the rest of the line.
  const requestLog = logger.child({}, { redact: [] });
  return async (ctx, next) => {
    const { headers, socket } = ctx.req;
    const peer = socket.remoteAddress ?? '0.0.0.0';
    const address = proxyaddr(ctx.req, trust);
    ctx.state.askedHost = trust(peer, 0) ? host : headers.host;
    // Only where they are: an object that something was deleted from is slow to read ever after.
    for (const name of ['forwarded', 'x-forwarded-port'] as const) if (name in headers) delete headers[name];
    headers['x-forwarded-for'] = isIP(address) ? address : (withoutPort(address) ?? peer);
    headers['x-forwarded-host'] = host;
    headers['x-forwarded-proto'] = protocol.slice(0, -1);

    const id = newRequestId();
    ctx.state.requestId = id;
    ctx.set('X-Request-Id', id);
    if (isGarbled(ctx.req)) {
      ctx.status = 400;
      ctx.body = 'Bad Request';
      return;
    }
    const started = performance.now();
    try {
      await next();
    } finally {
      requestLog.info(
        {
          requestId: ctx.state.requestId,
          method: ctx.method,
          path: loggable(ctx.path),
          status: ctx.status,
          ip: ctx.ip,
          ms: Math.round(performance.now() - started),
        },
        'request',
      );
    }
  };
}

/** 48 random bits that people can read aloud. randomUUID draws for many at once, which costs a tenth of a draw for each. */
function newRequestId(): string {
  const hex = randomUUID().toUpperCase();
  return `req_${hex.slice(0, 4)}-${hex.slice(4, 8)}-${hex.slice(9, 13)}`;
}

/** RFC 9112 3.2: one Host, and a target that is a path. Targets with a host of their own are for proxies, which this is not. */
function isGarbled({ url = '', rawHeaders }: IncomingMessage): boolean {
  const hosts = rawHeaders.filter((name, index) => index % 2 === 0 && name.toLowerCase() === 'host').length;
  return hosts > 1 || !(url === '*' || (url.startsWith('/') && URL.canParse(url, 'http://localhost')));
}

/** Some proxies add the client's port to its address. */
function withoutPort(address: string): string | undefined {
  const [, host] = /^\[?([\d.]+|[\da-f:.]+(?=\]))\]?:\d+$/i.exec(address) ?? [];
  return host !== undefined && isIP(host) ? host : undefined;
}

/** Refuses requests by another name (421), as a page of a foreign site would send them whose name was made to resolve here. */
export function oneHost(issuer: string): Middleware {
  const { host } = new URL(issuer);
  return async (ctx, next) => {
    if (ctx.state.askedHost !== host && !ANY_HOST.has(ctx.path)) throw new RequestError('wrong_host', `This server answers as ${issuer}.`);
    await next();
  };
}
