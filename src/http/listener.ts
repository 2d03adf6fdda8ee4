import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { Server as NetServer, type Socket } from 'node:net';

export interface ListenOptions {
  readonly host: string;
  readonly port: number;
  /** How long requests under way may take to finish when it is disposed of. */
  readonly drainSeconds: number;
  /** Whether other processes of this user may listen there too (SO_REUSEPORT): the system deals out connections among them. */
  readonly reusePort: boolean;
  /** Asked when it is disposed of: whether a proxy may use the connections it has for a few seconds more. */
  readonly isPatient: () => boolean;
}

/** Shorter than Node's own (60 s and 300 s): a request of ours is small, and whoever drips one holds a connection. Milliseconds. */
const PATIENCE = { headersTimeout: 10_000, requestTimeout: 15_000, keepAliveTimeout: 5_000, connectionsCheckingInterval: 2_000 };

/** A request may be on its way on a connection that was just opened, or lie there unread on a busy machine. */
const SILENCE_MS = 1000;

/** How long a proxy may go on using the connections it keeps: just shorter than its patience with idle ones, which is ours. */
const KEPT_ALIVE_MS = 4500;

/** What answers requests, like an application of Koa. */
export interface Answering {
  callback(): (request: IncomingMessage, response: ServerResponse) => Promise<void>;
}

export interface Listener extends AsyncDisposable {
  /** The one that was picked, where 0 was asked for. */
  readonly port: number;
}

/**
 * Listens. Disposing of it takes no new connections, lets requests under way finish, and resolves when their handlers have ended,
 * so that what they use can be closed after it.
 */
export async function listen(app: Answering, options: ListenOptions): Promise<Listener> {
  const { host, port, drainSeconds, reusePort, isPatient } = options;
  const handle = app.callback();
  const running = new Set<Promise<void>>();
  // Browsers open connections ahead; one that has asked for nothing yet is not waited for long.
  const silent = new Set<Socket>();
  let stopping = false;
  const server = createServer(PATIENCE, (request, response) => {
    silent.delete(request.socket);
    // Whoever keeps the connection is told to open another one, elsewhere.
    if (stopping) response.shouldKeepAlive = false;
    const handled = handle(request, response).finally(() => running.delete(handled));
    running.add(handled);
  });
  server.on('connection', (socket) => {
    silent.add(socket);
    socket.once('close', () => silent.delete(socket));
  });
  server.listen({ port, host, reusePort });
  await once(server, 'listening');
  const address = server.address();
  return {
    port: typeof address === 'object' && address ? address.port : port,
    async [Symbol.asyncDispose]() {
      stopping = true;
      const half = drainSeconds * 500;
      const patience = isPatient() ? { silent: Math.min(SILENCE_MS, half), kept: Math.min(KEPT_ALIVE_MS, half) } : { silent: 0, kept: 0 };
      const closed = once(server, 'close');
      // The close of an HTTP server would end idle connections at once, in which a request may just be written.
      NetServer.prototype.close.call(server);
      const timers = [
        setTimeout(() => {
          for (const socket of silent) socket.destroy();
        }, patience.silent),
        setTimeout(() => server.closeIdleConnections(), patience.kept),
        setTimeout(() => server.closeAllConnections(), drainSeconds * 1000),
      ];
      await closed;
      for (const timer of timers) clearTimeout(timer);
      // Its own close ends the checks of connections.
      server.close();
      await Promise.allSettled(running);
    },
  };
}
