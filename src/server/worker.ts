import { once } from 'node:events';
import type { House } from '../compose.ts';
import { createLogger } from '../lib/logger.ts';
import { runProcess } from './run-process.ts';
import { serve } from './serve.ts';
import type { WorkerSettings } from './supervisor.ts';
import { welcome } from './welcome.ts';

/** One of several servers on a port, started by supervisor.ts with its number. It drains when the supervisor disconnects, or is gone. */
runProcess(async (stop) => {
  if (!process.connected) return;
  process.once('disconnect', () => stop.abort('the supervisor'));
  const [{ config, first }] = (await once(process, 'message')) as [WorkerSettings];
  const logger = createLogger(config.log).child({ worker: Number(process.argv[2]) });
  const onReady = async (house: House) => {
    if (process.connected) process.send?.('ready');
    if (first) await welcome(house);
  };
  try {
    await serve({ config, logger, reusePort: true, onReady }, stop.signal);
  } finally {
    // A channel that is open and listened to keeps the process alive.
    if (process.connected) process.disconnect();
  }
});
