import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';

/** Stands between a client and a server of any protocol, and makes the network bad. */
export interface TcpProxy extends AsyncDisposable {
  readonly port: number;
  /** Every piece of data takes so long each way. Milliseconds. */
  delay(milliseconds: number): void;
  /** From now on nothing comes through, and nobody is told: a cable that was pulled. */
  stall(): void;
  /** Ends all connections and refuses new ones: a server that is gone. */
  cut(): void;
  /** As it was at first. What stalled is lost with its connections. */
  mend(): void;
  /** Connections taken since it was opened. */
  connections(): number;
}

export async function openTcpProxy(target: { readonly host: string; readonly port: number }): Promise<TcpProxy> {
  const pairs = new Set<readonly [Socket, Socket]>();
  let state: 'open' | 'stalled' | 'cut' = 'open';
  let latency = 0;
  let taken = 0;

  const end = () => {
    for (const pair of pairs) for (const socket of pair) socket.destroy();
  };

  const server = createServer((near) => {
    taken += 1;
    if (state === 'cut') return near.destroy();
    const far = connect(target);
    const pair = [near, far] as const;
    pairs.add(pair);
    for (const [one, other] of [pair, [far, near] as const]) {
      one.on('error', () => {});
      one.on('close', () => {
        pairs.delete(pair);
        other.destroy();
      });
      one.on('data', (chunk) => {
        if (state === 'open') setTimeout(() => state === 'open' && other.writable && other.write(chunk), latency);
      });
    }
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');

  return {
    port: (server.address() as AddressInfo).port,
    delay(milliseconds) {
      latency = milliseconds;
    },
    stall() {
      state = 'stalled';
    },
    cut() {
      state = 'cut';
      end();
    },
    mend() {
      if (state === 'stalled') end();
      state = 'open';
      latency = 0;
    },
    connections: () => taken,
    async [Symbol.asyncDispose]() {
      end();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
