import { once } from 'node:events';
import { createServer } from 'node:http';
import type { Socket } from 'node:net';
import type Koa from 'koa';

export interface ListenOptions {
  readonly host: string;
  readonly port: number;
  /** How long requests under way may take to finish when it is disposed of. */
  readonly drainSeconds: number;
  /** Whether other processes of this user may listen there too (SO_REUSEPORT): the system deals out connections among them. */
  readonly reusePort: boolean;
}

/** Shorter than Node's own (60 s and 300 s): a request of ours is small, and whoever drips one holds a connection. Milliseconds. */
const PATIENCE = { headersTimeout: 10_000, requestTimeout: 15_000, keepAliveTimeout: 5_000, connectionsCheckingInterval: 2_000 };

/** A request may be on its way on a connection that was just opened, or lie there unread on a busy machine. */
const SILENCE_MS = 1000;

/**
 * Listens. Disposing of it takes no new connections, lets requests under way finish, and resolves when their handlers have ended,
 * so that what they use can be closed after it.
 */
export async function listen(app: Koa, { host, port, drainSeconds, reusePort }: ListenOptions): Promise<AsyncDisposable> {
  const handle = app.callback();
  const running = new Set<Promise<void>>();
  // Browsers open connections ahead; one that has asked for nothing yet is not waited for long.
  const silent = new Set<Socket>();
  let stopping = false;
  const server = createServer(PATIENCE, (request, response) => {
    silent.delete(request.socket);
    const handled = handle(request, response).finally(() => running.delete(handled));
    running.add(handled);
    response.once('close', () => stopping && server.closeIdleConnections());
  });
  server.on('connection', (socket) => {
    silent.add(socket);
    socket.once('close', () => silent.delete(socket));
  });
  server.listen({ port, host, reusePort });
  await once(server, 'listening');
  return {
    async [Symbol.asyncDispose]() {
      stopping = true;
      const deadline = setTimeout(() => server.closeAllConnections(), drainSeconds * 1000);
      server.close();
      const silence = setTimeout(() => {
        for (const socket of silent) socket.destroy();
      }, SILENCE_MS);
      await once(server, 'close');
      clearTimeout(silence);
      clearTimeout(deadline);
      await Promise.allSettled(running);
    },
  };
}
