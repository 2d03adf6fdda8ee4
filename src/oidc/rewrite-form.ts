import type { IncomingMessage } from 'node:http';
import type { Readable } from 'node:stream';

const LIMIT_BYTES = 56 * 1024;

/**
 * Changes a form body on its way into the engine, which reads the request stream itself.
 * Nothing is read before the engine asks; its own limits and errors stay in force.
 */
export function rewriteForm(req: IncomingMessage, change: (form: URLSearchParams) => void): void {
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
      const form = new URLSearchParams(Buffer.concat(chunks).toString());
      change(form);
      yield Buffer.from(form.toString());
    })()) as IncomingMessage['iterator'];
}
