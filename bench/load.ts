import { createHistogram, type RecordableHistogram } from 'node:perf_hooks';
import { setTimeout as delay } from 'node:timers/promises';
import { Client, type Dispatcher, Pool } from 'undici';

export interface LoadRequest {
  readonly method: 'GET' | 'POST';
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: string;
}

export interface Answer {
  readonly status: number;
  readonly text: string;
}

/** One side of a conversation: one request at a time, and what its answer has to be. */
export interface Caller {
  next(): LoadRequest;
  /** @throws when the answer is wrong, which voids the round */
  accept(answer: Answer): void;
}

/** What one round of load saw. */
export interface Round {
  readonly requests: number;
  readonly seconds: number;
  /** From sending to the end of the answer, in microseconds. */
  readonly latency: RecordableHistogram;
  /** Seconds of CPU time this process used to make the load. */
  readonly loadCpu: number;
}

/** Every caller has a connection of its own and sends its next request when the answer is there. */
export async function closedLoop(origin: string, callers: readonly Caller[], seconds: number): Promise<Round> {
  return await measure(async (record) => {
    const deadline = performance.now() + seconds * 1000;
    await settled(
      callers.map(async (caller) => {
        await using client = disposable(new Client(origin, { pipelining: 1 }));
        do record(await converse(client.dispatcher, caller));
        while (performance.now() < deadline);
      }),
    );
  });
}

/** Sends at a fixed rate, whether or not earlier answers are there: what slows the server down does not slow the load down. */
export async function fixedRate(
  origin: string,
  caller: Caller,
  { perSecond, seconds }: { perSecond: number; seconds: number },
): Promise<Round> {
  return await measure(async (record) => {
    await using pool = disposable(new Pool(origin, { pipelining: 1, connections: 256 }));
    const started = performance.now();
    const sent: Promise<void>[] = [];
    while (sent.length < perSecond * seconds) {
      const due = Math.min(perSecond * seconds, ((performance.now() - started) / 1000) * perSecond);
      while (sent.length < due) sent.push(converse(pool.dispatcher, caller).then(record));
      await delay(1);
    }
    await settled(sent);
  });
}

async function measure(work: (record: (milliseconds: number) => void) => Promise<void>): Promise<Round> {
  const latency = createHistogram();
  const cpu = process.cpuUsage();
  const started = performance.now();
  await work((milliseconds) => latency.record(Math.max(1, Math.round(milliseconds * 1000))));
  const seconds = (performance.now() - started) / 1000;
  const { user, system } = process.cpuUsage(cpu);
  return { requests: latency.count, seconds, latency, loadCpu: (user + system) / 1e6 };
}

/** Sends one request and checks the answer; resolves to the milliseconds between. */
async function converse(dispatcher: Dispatcher, caller: Caller): Promise<number> {
  const started = performance.now();
  const answer = await send(dispatcher, caller.next());
  const took = performance.now() - started;
  caller.accept(answer);
  return took;
}

/** The bare dispatch of undici: it costs a quarter of what `request` and a tenth of what `fetch` do, and the load must not be the bottleneck. */
function send(dispatcher: Dispatcher, request: LoadRequest): Promise<Answer> {
  return new Promise((resolve, reject) => {
    let status = 0;
    let text = '';
    dispatcher.dispatch(
      { ...request, body: request.body ?? null },
      {
        onRequestStart: () => undefined,
        onResponseStart(_controller, statusCode) {
          status = statusCode;
        },
        onResponseData(_controller, chunk) {
          text += chunk.toString('latin1');
        },
        onResponseEnd: () => resolve({ status, text }),
        onResponseError: (_controller, error) => reject(error),
      },
    );
  });
}

/** Rejects with the first failure, but not before all have ended: none may go on into the next round. */
async function settled(work: readonly Promise<unknown>[]): Promise<void> {
  await Promise.allSettled(work);
  await Promise.all(work);
}

function disposable(dispatcher: Client | Pool): { readonly dispatcher: Dispatcher } & AsyncDisposable {
  return { dispatcher, [Symbol.asyncDispose]: () => dispatcher.destroy() };
}
