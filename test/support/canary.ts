import { createServer, type RequestListener, type Server } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import type { AddressInfo } from 'node:net';

export interface Canary extends AsyncDisposable {
  readonly port: number;
  /** HTTP requests that arrived; a connection alone is none. */
  readonly requests: () => number;
  readonly connections: () => number;
}

/** A server on every address of this machine that counts who comes. With `tls` it speaks https. */
export async function openCanary(
  answer: RequestListener = (_request, response) => response.end('{}'),
  tls?: { readonly key: string; readonly cert: string },
): Promise<Canary> {
  let requests = 0;
  let connections = 0;
  const listener: RequestListener = (request, response) => {
    requests += 1;
    answer(request, response);
  };
  const server: Server = tls ? createTlsServer(tls, listener) : createServer(listener);
  server.on('connection', () => (connections += 1));
  await new Promise<void>((resolve) => server.listen(0, resolve));
  return {
    port: (server.address() as AddressInfo).port,
    requests: () => requests,
    connections: () => connections,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
