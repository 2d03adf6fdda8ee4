import { once } from 'node:events';
import type { ServerResponse } from 'node:http';
import { setTimeout as delay } from 'node:timers/promises';
import { toEvent } from '../rest/audit-event-view.ts';
import type { EventCursor } from './new-events.ts';

/** Milliseconds. The first is also how soon a stream notices that its token ended. */
const LOOK_MS = 1000;
const HEARTBEAT_MS = 15_000;
const RECONNECT_MS = 3000;
/** Whoever takes nothing for so long is dropped: nobody's events are kept in memory for them. */
const PATIENCE_MS = 3000;

export interface StreamSource {
  readonly cursor: EventCursor;
  /** Whether the token is still good for this. */
  readonly mayGoOn: () => Promise<boolean>;
}

/**
 * Writes events as they come (WHATWG HTML 9.2, server-sent events) until `signal`, or until the bearer may not go on. Resolves when the stream is over.
 * A reader that is too slow loses the connection, and resumes by its Last-Event-ID.
 */
export async function streamEvents(response: ServerResponse, { cursor, mayGoOn }: StreamSource, signal: AbortSignal): Promise<void> {
  // An id without data is remembered, so that a reader resumes here even if nothing happens before the connection breaks.
  response.write(`retry: ${RECONNECT_MS}\nid: ${cursor.start}\n\n`);
  let lastWrite = performance.now();
  while (!signal.aborted && (await mayGoOn())) {
    for (const text of await newTexts(cursor)) {
      if (signal.aborted) return;
      if (!(await written(response, text, signal))) return;
      lastWrite = performance.now();
    }
    if (performance.now() - lastWrite >= HEARTBEAT_MS) {
      if (!(await written(response, ':\n\n', signal))) return;
      lastWrite = performance.now();
    }
    await delay(LOOK_MS, undefined, { signal }).catch(() => undefined);
  }
  response.end();
}

async function newTexts(cursor: EventCursor): Promise<readonly string[]> {
  const { events, gap } = await cursor.look();
  const texts = events.map((event) => `id: ${event.sequence}\nevent: ${event.type}\ndata: ${JSON.stringify(toEvent(event))}\n\n`);
  return gap ? ['event: gap\ndata: {}\n\n', ...texts] : texts;
}

/** False when the reader was dropped, or is gone. */
async function written(response: ServerResponse, text: string, signal: AbortSignal): Promise<boolean> {
  if (response.write(text)) return true;
  try {
    await once(response, 'drain', { signal: AbortSignal.any([signal, AbortSignal.timeout(PATIENCE_MS)]) });
    return true;
  } catch {
    response.destroy();
    return false;
  }
}
