import { fork } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:net';
import { availableParallelism } from 'node:os';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import type { Config } from '../config/schema.ts';
import type { Logger } from '../lib/logger.ts';
import { MetricsListenerError } from './metrics-listener.ts';

const WORKER = fileURLToPath(new URL('./worker.ts', import.meta.url));

/** A worker that ends sooner has not recovered by being started again, so the next one waits, each time twice as long. Milliseconds. */
const STEADY_MS = 10_000;
const FIRST_PAUSE_MS = 1000;
const LONGEST_PAUSE_MS = 30_000;

/** What a worker is told when it starts. All of them have the settings the supervisor started with, whatever became of the files since. */
export interface WorkerSettings {
  readonly config: Config;
  /** The first one welcomes whoever started it. */
  readonly first: boolean;
}

interface Worker {
  readonly pid: number | undefined;
  /** False when it ended before it answered. */
  readonly ready: Promise<boolean>;
  readonly ended: Promise<Readonly<Record<'exitCode' | 'signal' | 'err', unknown>>>;
}

/**
 * Keeps server.workers servers running on one port until `stop`, then lets them drain. They notice by themselves when this process is gone.
 * The first one starts alone: it sets the store up, and what keeps it from starting is told once and ends everything, with exit code 1.
 */
export async function supervise({ config, logger }: { config: Config; logger: Logger }, stop: AbortSignal): Promise<void> {
  await refuseTakenPort(config.server);
  if (config.metricsApart)
    await refuseTakenPort(config.metrics).catch((error: Error) => {
      throw new MetricsListenerError(error);
    });
  const settings = shareOf(config);
  const start = (number: number) => startWorker(number, { config: settings, first: false }, stop);

  async function keepRunning(number: number, initial: Worker): Promise<void> {
    let worker = initial;
    for (let pauseMs = 0; ; worker = start(number)) {
      const startedAt = performance.now();
      const end = await worker.ended;
      if (stop.aborted) return;
      pauseMs = performance.now() - startedAt > STEADY_MS ? 0 : Math.min(Math.max(FIRST_PAUSE_MS, pauseMs * 2), LONGEST_PAUSE_MS);
      logger.error({ worker: number, pid: worker.pid, ...end, pauseMs }, 'a worker has ended; another takes its place');
      await delay(pauseMs, undefined, { signal: stop }).catch(() => undefined);
      if (stop.aborted) return;
    }
  }

  stop.addEventListener('abort', () => logger.info({ reason: stop.reason }, 'stopping: the workers finish what they are at'));
  const first = startWorker(1, { config: settings, first: true }, stop);
  const isReady = await first.ready;
  if (!isReady && !stop.aborted) {
    logger.error({ worker: 1, ...(await first.ended) }, 'the first worker ended before it answered, so there is no server');
    process.exitCode = 1;
    return;
  }
  const others = stop.aborted ? [] : Array.from({ length: config.server.workers - 1 }, (_, index) => index + 2);
  await Promise.all([keepRunning(1, first), ...others.map((number) => keepRunning(number, start(number)))]);
}

/** The settings of one worker: what is meant for the whole machine is divided, rounded up. */
export function shareOf(config: Config): Config {
  const { passwords, storage, server } = config;
  const part = (whole: number) => Math.ceil(whole / server.workers);
  return {
    ...config,
    passwords: { ...passwords, workers: part(Math.min(passwords.workers, availableParallelism())), queue: part(passwords.queue) },
    storage:
      storage.kind === 'sqlite' ? storage : { ...storage, mongodb: { ...storage.mongodb, pool_size: part(storage.mongodb.pool_size) } },
  };
}

function startWorker(number: number, settings: WorkerSettings, stop: AbortSignal): Worker {
  const child = fork(WORKER, [String(number)]);
  // One that is gone before it has read this tells so by its end.
  child.send(settings, () => undefined);
  const release = () => child.connected && child.disconnect();
  const kill = () => child.kill('SIGKILL');
  stop.addEventListener('abort', release);
  // Whoever insists does not wait for requests.
  process.once('exit', kill);
  const ended = once(child, 'exit')
    .then(
      ([exitCode, signal]) => ({ exitCode, signal, err: undefined }),
      (err: unknown) => ({ exitCode: null, signal: null, err }),
    )
    .finally(() => {
      stop.removeEventListener('abort', release);
      process.removeListener('exit', kill);
    });
  const ready = new Promise<boolean>((resolve) => {
    child.once('message', () => resolve(true));
    void ended.then(() => resolve(false));
  });
  return { pid: child.pid, ready, ended };
}

/** Listeners that share a port do not notice those of another Gatehouse, and each would get some of the requests. */
async function refuseTakenPort({ host, port }: Pick<Config['server'], 'host' | 'port'>): Promise<void> {
  const probe = createServer().listen({ host, port });
  await once(probe, 'listening');
  probe.close();
  await once(probe, 'close');
}
