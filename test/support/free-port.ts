import { once } from 'node:events';
import { createServer } from 'node:net';

/** Below those that the system gives to whoever asks for any. */
const FIRST = 10_000;
const BLOCKS = 220;
const BLOCK = 100;

/**
 * Where this process looks. Between asking for a port and listening on it a second may pass, in which a test file that runs beside this one would be
 * given the same: so each has ports of its own.
 */
const block = FIRST + (process.pid % BLOCKS) * BLOCK;
let given = 0;

/** A port that nothing listens on now, nor on the one after it, which the demo's neighbour takes: the issuer has to be known before the server starts. */
export async function freePort(): Promise<number> {
  for (let tries = 0; tries < BLOCK / 2; tries++) {
    const port = block + ((given++ * 2) % BLOCK);
    if ((await isFree(port)) && (await isFree(port + 1))) return port;
  }
  throw new Error(`no port from ${block} to ${block + BLOCK - 1} is free`);
}

async function isFree(port: number): Promise<boolean> {
  const server = createServer().listen(port, 'localhost');
  try {
    await once(server, 'listening');
  } catch {
    return false;
  }
  await new Promise((resolve) => server.close(resolve));
  return true;
}
