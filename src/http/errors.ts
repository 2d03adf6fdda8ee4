import { STATUS_CODES } from 'node:http';
import type { Context, Middleware } from 'koa';
import type { Client } from '../domain/clients/client.ts';
import {
  type AlreadyExistsError,
  DomainError,
  type InvalidValueError,
  type NotFoundError,
  type OverloadedError,
  type StoreUnavailableError,
} from '../domain/errors.ts';
import type { InteractionLostError } from '../domain/sessions/interaction.ts';
import type { Logger } from '../lib/logger.ts';
import { loggable } from './loggable-path.ts';
import type { Views } from './views.ts';
import { type ErrorKind, errorWords } from './words.ts';

type RequestErrorCode = 'bad_request' | 'too_large' | 'forbidden' | 'wrong_host' | 'method_not_allowed';

/** Those that any surface may have a use for. TRACE is not among them: it would show a script what its browser sends in secret. */
export const METHODS: readonly string[] = ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS'];

/** A request that is refused before any rule of the domain is asked. */
export class RequestError extends DomainError<RequestErrorCode> {
  override readonly name = 'RequestError';
  readonly code: RequestErrorCode;

  constructor(code: RequestErrorCode, message: string, options: { detail?: string; cause?: unknown } = {}) {
    super(message, options);
    this.code = code;
  }
}

/** The sign-in began in this browser: since then its time ran out, or its step was done. */
export class InteractionOverError extends DomainError<'interaction_expired' | 'interaction_done'> {
  override readonly name = 'InteractionOverError';
  readonly code: 'interaction_expired' | 'interaction_done';
  readonly client: Client;

  constructor(code: InteractionOverError['code'], client: Client, cause: Error) {
    super(code === 'interaction_done' ? 'This step of the sign-in is done.' : 'This sign-in was open too long.', { cause });
    this.code = code;
    this.client = client;
  }
}

type HandledError =
  | RequestError
  | InteractionOverError
  | AlreadyExistsError
  | NotFoundError
  | InvalidValueError
  | OverloadedError
  | StoreUnavailableError
  | InteractionLostError;

type ErrorCode = HandledError['code'];

/** Forgetting a code is a compile error. */
const ANSWERS = {
  bad_request: { status: 400, kind: 'bad-request' },
  invalid_value: { status: 400, kind: 'bad-request' },
  forbidden: { status: 403, kind: 'forbidden' },
  interaction_done: { status: 410, kind: 'step-done' },
  interaction_expired: { status: 410, kind: 'page-expired' },
  interaction_lost: { status: 400, kind: 'lost-interaction' },
  not_found: { status: 404, kind: 'not-found' },
  method_not_allowed: { status: 405, kind: 'bad-request' },
  already_exists: { status: 409, kind: 'bad-request' },
  too_large: { status: 413, kind: 'bad-request' },
  wrong_host: { status: 421, kind: 'wrong-host' },
  overloaded: { status: 503, kind: 'overloaded' },
  store_unavailable: { status: 503, kind: 'store-down' },
} as const satisfies Record<ErrorCode, { status: number; kind: ErrorKind }>;

export interface ErrorPageDeps {
  readonly views: Views;
  readonly tenantName: string;
  readonly clock: () => Date;
}

export interface Trouble {
  readonly kind: ErrorKind;
  readonly status: number;
  /** A machine-readable name, for developers and for JSON. */
  readonly code: string;
  readonly description?: string | undefined;
  readonly clientName?: string | undefined;
  readonly clientId?: string | undefined;
  readonly received?: string | undefined;
  readonly wayOut?: { readonly href: string; readonly text: string };
}

/** Answers with the page a person can read, or with JSON where JSON was asked for. */
export function answerTrouble(ctx: Context, trouble: Trouble, { views, tenantName, clock }: ErrorPageDeps): void {
  ctx.status = trouble.status;
  ctx.set('Cache-Control', 'no-store');
  ctx.remove('Location');
  // Browsers ask for HTML by name; whatever takes anything is a program.
  if (ctx.accepts('json', 'html') !== 'html') {
    ctx.body = { error: trouble.code, error_description: trouble.description, request_id: ctx.state.requestId };
    return;
  }
  ctx.type = 'html';
  ctx.body = views.render('error', {
    tenantName,
    words: errorWords(trouble.kind, trouble.clientName),
    reference: String(ctx.state.requestId),
    at: clock(),
    wayOut: trouble.wayOut,
    developer: { error: trouble.code, description: trouble.description, clientId: trouble.clientId, received: trouble.received },
  });
}

function refuseOddMethod(ctx: Context): void {
  if (METHODS.includes(ctx.method)) return;
  ctx.set('Allow', METHODS.join(', '));
  throw new RequestError('method_not_allowed', 'No address here answers to this method.');
}

function isHandled(error: DomainError): error is HandledError {
  return error.code in ANSWERS;
}

/** Whom it concerns, and where to go instead. */
function surroundingsOf(error: HandledError, { issuer }: { issuer: string }): Partial<Trouble> {
  if (error.code === 'wrong_host') return { wayOut: { href: issuer, text: issuer } };
  if (!(error instanceof InteractionOverError)) return {};
  const { id, name, metadata } = error.client;
  const home = metadata.client_uri;
  return { clientId: id, clientName: name, ...(typeof home === 'string' && { wayOut: { href: home, text: `Go to ${name}` } }) };
}

/** The boundary of every surface that has none of its own. Unknown errors say nothing but a request id. */
export function errorBoundary(deps: ErrorPageDeps & { logger: Logger; issuer: string }): Middleware {
  return async (ctx, next) => {
    try {
      refuseOddMethod(ctx);
      await next();
      if (ctx.status === 404 && ctx.body === undefined) answerTrouble(ctx, { kind: 'not-found', status: 404, code: 'not_found' }, deps);
    } catch (error) {
      if (error instanceof DomainError && isHandled(error)) {
        const { status, kind } = ANSWERS[error.code];
        deps.logger.info({ requestId: ctx.state.requestId, error: error.code, detail: error.detail }, error.message);
        if ('retryAfterSeconds' in error) ctx.set('Retry-After', String(error.retryAfterSeconds));
        const surroundings = surroundingsOf(error, deps);
        return answerTrouble(ctx, { kind, status, code: error.code, description: error.message, ...surroundings }, deps);
      }
      deps.logger.error({ err: error, requestId: ctx.state.requestId, path: loggable(ctx.path) }, STATUS_CODES[500]);
      answerTrouble(ctx, { kind: 'our-fault', status: 500, code: 'server_error' }, deps);
    }
  };
}
