import type { IncomingMessage } from 'node:http';
import type { Readable } from 'node:stream';

const LIMIT_BYTES = 56 * 1024;

/**
 * Changes a body on its way into the engine, which reads the request stream itself.
 * Nothing is read before the engine asks; its own limits and errors stay in force, and what `change` throws is to it a body that cannot be read.
 */
export function rewriteBody(req: IncomingMessage, change: (text: string) => string): void {
  const original = req.iterator.bind(req);
  delete req.headers['content-length'];
  req.headers['transfer-encoding'] = 'chunked';
  req.iterator = ((options: Parameters<Readable['iterator']>[0]) =>
    (async function* rewritten() {
      const chunks: Buffer[] = [];
      let received = 0;
      for await (const chunk of original(options) as AsyncIterable<Buffer>) {
        received += chunk.length;
        if (received > LIMIT_BYTES) throw new Error('request entity too large');
        chunks.push(chunk);
      }
      yield Buffer.from(change(Buffer.concat(chunks).toString()));
    })()) as IncomingMessage['iterator'];
}

/** The same for a form. */
export function rewriteForm(req: IncomingMessage, change: (form: URLSearchParams) => void): void {
  rewriteBody(req, (text) => {
    const form = new URLSearchParams(text);
    change(form);
    return form.toString();
  });
}
