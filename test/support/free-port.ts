import type { AddressInfo } from 'node:net';
import { createServer } from 'node:net';

/** A port that nothing listens on now: the issuer has to be known before the server starts. */
export async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, 'localhost', resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}
