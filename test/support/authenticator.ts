import { generate } from 'otplib';
import type { TestServer } from './start-server.ts';

const STEP_SECONDS = 30;

/** The code an authenticator app shows, some time steps from now by the server's clock. */
export async function codeAt(server: Pick<TestServer, 'clock'>, secret: string, stepsFromNow = 0): Promise<string> {
  const seconds = Math.floor(server.clock.now().getTime() / 1000) + stepsFromNow * STEP_SECONDS;
  return await generate({ secret, epoch: seconds });
}

/** Moves the clock to the begin of the next time step, so that a test does not see a step end while it runs. */
export function toNextStep(server: Pick<TestServer, 'clock'>): void {
  const seconds = server.clock.now().getTime() / 1000;
  server.clock.advance(STEP_SECONDS - (seconds % STEP_SECONDS) + 0.01);
}
