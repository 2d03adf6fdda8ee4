import { Agent, request } from 'node:http';
import { describeSurface } from '../../src/http/rest/openapi.ts';
import type { Route } from '../../src/http/rest/route.ts';
import type { Surface } from '../../src/http/rest/surface.ts';
import { freshAddress } from './rest-client.ts';
import type { TestServer } from './start-server.ts';

/** A documented route and where it is. */
export interface Placed {
  readonly surface: Surface;
  readonly route: Route;
  /** `PATCH /api/v1/users/{id}` */
  readonly name: string;
  /** With its parameters as `{name}`. */
  readonly path: string;
  /** Statuses that its documentation tells of. */
  readonly documented: ReadonlySet<number>;
}

export function routesOf({ surfaces, issuer }: Pick<TestServer, 'surfaces' | 'issuer'>): readonly Placed[] {
  return surfaces.flatMap((surface) => {
    const { paths } = describeSurface(surface, issuer);
    return surface.routes.map((route) => {
      const path = surface.prefix + route.path;
      const documented = new Set(Object.keys(paths[path]?.[route.method]?.responses ?? {}).map(Number));
      return { surface, route, path, name: `${route.method.toUpperCase()} ${path}`, documented };
    });
  });
}

export interface SentCall {
  readonly method: string;
  readonly path: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: Buffer | string | undefined;
}

export interface ShortAnswer {
  readonly status: number;
  readonly text: string;
  readonly headers: Readonly<Record<string, string | readonly string[] | undefined>>;
}

const AGENT = new Agent({ keepAlive: true, maxSockets: 8 });

/** A call from an address of its own (MANY_ADDRESSES), byte for byte, with a body by whatever method; of a stream the beginning is the answer. */
export function send({ issuer }: Pick<TestServer, 'issuer'>, { method, path, headers = {}, body }: SentCall): Promise<ShortAnswer> {
  const { hostname, port, host } = new URL(issuer);
  return new Promise((resolve, reject) => {
    const length = body === undefined ? {} : { 'content-length': String(Buffer.byteLength(body)) };
    const all = { host, 'x-forwarded-for': freshAddress(), ...length, ...headers };
    const sent = request({ hostname, port, path, method, headers: all, agent: AGENT }, (response) => {
      const answer = (text: string) => resolve({ status: response.statusCode ?? 0, text, headers: response.headers });
      if (response.headers['content-type']?.startsWith('text/event-stream')) {
        answer('');
        sent.destroy();
        return;
      }
      const chunks: Buffer[] = [];
      response.on('data', (chunk: Buffer) => chunks.push(chunk));
      response.on('end', () => answer(Buffer.concat(chunks).toString()));
      response.on('error', reject);
    });
    sent.on('error', reject);
    sent.end(body);
  });
}

/** As many at a time as the agent has connections. */
export async function forEachCall<Item>(items: readonly Item[], work: (item: Item) => Promise<void>): Promise<void> {
  const rest = items.values();
  await Promise.all(
    Array.from({ length: 8 }, async () => {
      for (const item of rest) await work(item);
    }),
  );
}
