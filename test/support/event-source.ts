import { EventSource } from 'undici';
import { eventually } from './eventually.ts';

export interface SeenEvent {
  readonly id: string;
  readonly type: string;
  readonly data: Readonly<Record<string, unknown>>;
}

/** An EventSource as a browser has one, and what it saw. */
export interface EventWatcher extends Disposable {
  readonly seen: readonly SeenEvent[];
  readonly source: EventSource;
  /** Resolves to the first event of this type that fits. */
  waitFor(type: string, fits?: (event: SeenEvent) => boolean): Promise<SeenEvent>;
}

/** Watches an address for events of these types; resolves once the stream is open. @throws Error when it is refused */
export async function watchEvents(url: string, types: readonly string[]): Promise<EventWatcher> {
  const seen: SeenEvent[] = [];
  const source = new EventSource(url);
  for (const type of types) {
    source.addEventListener(type, (event) => {
      const { lastEventId: id, data } = event as MessageEvent<string>;
      seen.push({ id, type, data: JSON.parse(data) });
    });
  }
  await new Promise<void>((resolve, reject) => {
    source.addEventListener('open', () => resolve(), { once: true });
    source.addEventListener('error', () => reject(new Error('the stream was refused')), { once: true });
  });
  return {
    seen,
    source,
    waitFor: (type, fits = () => true) => eventually(async () => seen.find((event) => event.type === type && fits(event))),
    [Symbol.dispose]: () => source.close(),
  };
}

export const bearer = (token: string) => ({ authorization: `Bearer ${token}` });

/** A stream of the session API by fetch: what was read of it so far, and when it is over. */
export async function readStream({ issuer }: { readonly issuer: string }, headers: Readonly<Record<string, string>>, query = '') {
  const leave = new AbortController();
  const response = await fetch(`${issuer}/api/stream${query}`, { headers, signal: leave.signal });
  let text = '';
  const over = (async () => {
    for await (const chunk of response.body ?? []) text += Buffer.from(chunk).toString();
  })().catch(() => undefined);
  return { response, over, text: () => text, leave: () => leave.abort() };
}
