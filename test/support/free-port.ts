import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { createServer } from 'node:net';

/** A port that nothing listens on now: the issuer has to be known before the server starts. */
export const freePort = (): Promise<number> => tryOut(0);

/** The first of two such ports in a row. */
export async function freePortPair(): Promise<number> {
  const port = await freePort();
  const next = await tryOut(port + 1).catch(() => undefined);
  return next === undefined ? await freePortPair() : port;
}

/** @param wanted 0: any. Rejects when something listens on it */
async function tryOut(wanted: number): Promise<number> {
  const server = createServer().listen(wanted, 'localhost');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}
