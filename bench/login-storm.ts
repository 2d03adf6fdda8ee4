import { once } from 'node:events';
import { parentPort, Worker, workerData } from 'node:worker_threads';
import { CookieBrowser } from '../test/support/cookie-browser.ts';
import { protocolClient } from '../test/support/protocol-client.ts';
import type { PreparedHouse } from './seed.ts';

export interface LoginStorm {
  /** Lets those under way finish; resolves to how many people signed in. */
  end(): Promise<number>;
}

type StormInput = Pick<PreparedHouse, 'issuer' | 'app'> & { readonly identifiers: readonly string[] };

/**
 * One sign-in after another for each person, in new browsers, all at once: page, password, consent, code. In a thread of its own, so that
 * reading pages does not delay whoever measures. Resolves when the first have signed in.
 */
export async function startLoginStorm({ issuer, app, people }: PreparedHouse): Promise<LoginStorm> {
  const input: StormInput = { issuer, app, identifiers: people.map(({ email }) => email) };
  const worker = new Worker(new URL(import.meta.url), { workerData: input });
  await once(worker, 'message');
  return {
    async end() {
      worker.postMessage('end');
      const [logins] = await once(worker, 'message');
      return Number(logins);
    },
  };
}

async function storm(port: NonNullable<typeof parentPort>, { issuer, app, identifiers }: StormInput): Promise<void> {
  const client = await protocolClient({ issuer }, app);
  let going = true;
  let logins = 0;
  port.once('message', () => {
    going = false;
  });
  await Promise.all(
    identifiers.map(async (identifier) => {
      while (going) {
        await client.authorize(new CookieBrowser(), { identifier });
        if (++logins === 1) port.postMessage('begun');
      }
    }),
  );
  port.postMessage(logins);
}

if (parentPort) await storm(parentPort, workerData);
