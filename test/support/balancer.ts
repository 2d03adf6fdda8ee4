import { once } from 'node:events';
import { createServer, request } from 'node:http';
import type { AddressInfo } from 'node:net';

/** A load balancer on localhost that knows no stickiness: each request goes to the next server that is taken for ready. */
export interface Balancer extends AsyncDisposable {
  readonly port: number;
  /** What the servers behind have to be told, as GATEHOUSE_ variables. */
  readonly settings: Readonly<Record<string, string>>;
  /** The ports of the servers to send requests to, in turn. */
  leadTo(ports: readonly number[]): void;
  /** How many requests each port was sent. */
  readonly sent: ReadonlyMap<number, number>;
}

export async function openBalancer(): Promise<Balancer> {
  const sent = new Map<number, number>();
  let targets: readonly number[] = [];
  let turn = 0;
  const server = createServer((incoming, outgoing) => {
    const port = targets[turn++ % targets.length];
    if (port === undefined) return outgoing.writeHead(503).end();
    sent.set(port, (sent.get(port) ?? 0) + 1);
    const { method, url, headers, socket } = incoming;
    const forwarded = {
      ...headers,
      'x-forwarded-for': socket.remoteAddress,
      'x-forwarded-proto': 'http',
      'x-forwarded-host': headers.host,
    };
    const inner = request({ host: 'localhost', port, method, path: url, headers: forwarded, agent: false }, (answer) => {
      outgoing.writeHead(answer.statusCode ?? 502, answer.rawHeaders);
      answer.pipe(outgoing);
    });
    inner.on('error', () => (outgoing.headersSent ? outgoing.destroy() : outgoing.writeHead(502).end()));
    incoming.pipe(inner);
  });
  server.listen(0, 'localhost');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  return {
    port,
    settings: { GATEHOUSE_ISSUER: `http://localhost:${port}`, GATEHOUSE_SERVER__TRUSTED_PROXIES: '["127.0.0.1","::1"]' },
    leadTo(ports) {
      targets = ports;
    },
    sent,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
