import type { IncomingMessage } from 'node:http';
import type { Context } from 'koa';
import type { z } from 'zod';
import { RequestError } from '../errors.ts';

const LIMIT_BYTES = 16 * 1024;

/** Reads a form body of ours, at most 16 KiB, each field once. @throws RequestError */
export async function readForm<Shape>(ctx: Context, schema: z.ZodType<Shape>): Promise<Shape> {
  if (!ctx.is('application/x-www-form-urlencoded')) throw new RequestError('bad_request', 'Send this as a form.');
  const fields = new Map<string, string>();
  for (const [name, value] of new URLSearchParams(await readBody(ctx.req))) {
    if (fields.has(name)) throw new RequestError('bad_request', 'A field was sent twice.');
    if (name === '__proto__' || value.includes('\0')) throw new RequestError('bad_request', 'No form of ours sends that.');
    fields.set(name, value);
  }
  const parsed = schema.safeParse(Object.assign(Object.create(null), Object.fromEntries(fields)));
  if (parsed.success) return parsed.data;
  throw badFields(parsed.error);
}

async function readBody(req: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  let received = 0;
  try {
    // Leaving the loop must not close the connection, else the answer to a form that is too large never arrives.
    for await (const chunk of req.iterator({ destroyOnReturn: false }) as AsyncIterable<Buffer>) {
      received += chunk.length;
      if (received > LIMIT_BYTES) break;
      chunks.push(chunk);
    }
  } catch (cause) {
    throw brokenOff(cause);
  }
  if (received <= LIMIT_BYTES) return Buffer.concat(chunks).toString();
  // Browsers read no answer before all is sent.
  req.resume();
  throw new RequestError('too_large', 'That is more than this form takes.');
}

function brokenOff(cause: unknown): RequestError {
  return new RequestError('bad_request', 'The form ended before it was all there.', { cause });
}

export function badFields(error: z.ZodError): RequestError {
  return new RequestError('bad_request', 'A field of this form is missing, unknown or too long.', {
    detail: error.issues.map(({ path, message }) => `${path.join('.')}: ${message}`).join('; '),
  });
}
