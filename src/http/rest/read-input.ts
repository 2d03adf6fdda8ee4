import type { IncomingMessage } from 'node:http';
import type { Context } from 'koa';
import type { z } from 'zod';
import type { Route } from './route.ts';
import { type Trouble, TroubleError } from './trouble.ts';

const LIMIT_BYTES = 64 * 1024;

/** Deeper than any body of ours. */
const DEEPEST = 12;

/** Names that change what an object is where somebody copies it carelessly. */
const FORBIDDEN_NAMES = new Set(['__proto__', 'constructor', 'prototype']);

export interface Input {
  readonly params: unknown;
  readonly query: unknown;
  readonly body: unknown;
}

/** Everything that came from outside, checked against the route. @throws TroubleError that names the field and says what would do */
export async function readInput(ctx: Context, route: Route, params: Readonly<Record<string, string>>): Promise<Input> {
  return {
    params: readParams(route, params),
    query: readQuery(ctx, route),
    body: await readBody(ctx, route),
  };
}

/** Of what is not there its type is no help. */
const IN_OUR_WORDS: z.core.ParseContext<z.core.$ZodIssue> = {
  error: ({ code, input }) => (code === 'invalid_type' && input === undefined ? 'it is missing' : undefined),
};

/** @throws TroubleError that names the first thing wrong with the value */
export function parse<Shape>(schema: z.ZodType<Shape>, value: unknown): Shape {
  const parsed = schema.safeParse(value, IN_OUR_WORDS);
  if (parsed.success) return parsed.data;
  throw new TroubleError(badRequest(parsed.error));
}

/** What is said of a value that will not do; undefined when it will. */
export function refusalOf(schema: z.ZodType, value: unknown): BadRequest | undefined {
  const { error } = schema.safeParse(value, IN_OUR_WORDS);
  return error && badRequest(error);
}

type BadRequest = Extract<Trouble, { kind: 'bad_request' }>;

function badRequest({ issues: [issue] }: z.ZodError): BadRequest {
  const field = issue?.code === 'unrecognized_keys' ? issue.keys[0] : issue?.path.map(String).join('.');
  const message =
    issue?.code === 'unrecognized_keys' ? `There is no ${field} here.` : `${field || 'The body'}: ${issue?.message ?? 'will not do'}.`;
  return { kind: 'bad_request', field: field || undefined, message };
}

function readParams(route: Route, params: Readonly<Record<string, string>>): unknown {
  for (const [name, value] of Object.entries(params)) refuseOddText(name, value);
  return route.params ? parse(route.params, params) : undefined;
}

/** Each name once; names that the surface itself reads (`token`, where it does) are gone already. */
function readQuery(ctx: Context, route: Route): unknown {
  const fields = new Map<string, string>();
  for (const [name, value] of new URLSearchParams(ctx.querystring)) {
    if (fields.has(name)) throw new TroubleError({ kind: 'bad_request', field: name, message: `${name} was given twice.` });
    if (FORBIDDEN_NAMES.has(name)) throw new TroubleError({ kind: 'bad_request', field: name, message: `There is no ${name} here.` });
    refuseOddText(name, value);
    fields.set(name, value);
  }
  // Without a schema parameters mean nothing; a cache-buster does no harm.
  return route.query ? parse(route.query, Object.fromEntries(fields)) : undefined;
}

async function readBody(ctx: Context, route: Route): Promise<unknown> {
  const text = await readText(ctx.req);
  if (text === '') return route.body ? parse(route.body, undefined) : undefined;
  if (!ctx.is('application/json')) throw new TroubleError({ kind: 'unsupported_media_type' });
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (cause) {
    throw new TroubleError({ kind: 'bad_request', field: undefined, message: 'The body is not JSON.' }, { cause });
  }
  refuseOdd(value, '', 0);
  // Whatever stands between may have read the other one.
  if (namesIn(text) !== membersOf(value))
    throw new TroubleError({ kind: 'bad_request', field: undefined, message: 'A member is there twice.' });
  if (route.body) return parse(route.body, value);
  if (typeof value === 'object' && value !== null && !Array.isArray(value) && Object.keys(value).length === 0) return undefined;
  throw new TroubleError({ kind: 'bad_request', field: undefined, message: 'This call takes no body.' });
}

async function readText(req: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  let received = 0;
  try {
    // Leaving the loop must not close the connection, else the answer to a body that is too large never arrives.
    for await (const chunk of req.iterator({ destroyOnReturn: false }) as AsyncIterable<Buffer>) {
      received += chunk.length;
      if (received > LIMIT_BYTES) break;
      chunks.push(chunk);
    }
  } catch (cause) {
    throw new TroubleError({ kind: 'bad_request', field: undefined, message: 'The body ended before it was all there.' }, { cause });
  }
  if (received > LIMIT_BYTES) {
    req.resume();
    throw new TroubleError({ kind: 'too_large' });
  }
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(Buffer.concat(chunks));
  } catch (cause) {
    throw new TroubleError({ kind: 'bad_request', field: undefined, message: 'The body is not UTF-8.' }, { cause });
  }
}

function refuseOdd(value: unknown, path: string, depth: number): void {
  if (typeof value === 'string') refuseOddText(path, value);
  if (typeof value !== 'object' || value === null) return;
  const refuse = (message: string) => new TroubleError({ kind: 'bad_request', field: path || undefined, message });
  if (depth >= DEEPEST) throw refuse('The body is nested too deeply.');
  for (const [name, member] of Object.entries(value)) {
    if (FORBIDDEN_NAMES.has(name)) throw refuse(`There is no ${name} here.`);
    refuseOdd(member, path ? `${path}.${name}` : name, depth + 1);
  }
}

function refuseOddText(field: string, value: string): void {
  const refuse = (message: string) => new TroubleError({ kind: 'bad_request', field: field || undefined, message });
  if (value.includes('\0')) throw refuse(`${field || 'The body'} holds a NUL character.`);
  // Half of a character (a lone surrogate) becomes another one where it is stored.
  if (!value.isWellFormed()) throw refuse(`${field || 'The body'} holds half a character.`);
}

/** Names of members in a text that is JSON: strings before a colon. */
function namesIn(text: string): number {
  return [...text.matchAll(/"(?:[^"\\]|\\.)*"\s*(:)?/g)].filter(([, colon]) => colon !== undefined).length;
}

function membersOf(value: unknown): number {
  if (typeof value !== 'object' || value === null) return 0;
  const members = Object.values(value);
  return members.reduce((sum: number, member) => sum + membersOf(member), Array.isArray(value) ? 0 : members.length);
}
