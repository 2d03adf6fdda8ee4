import type { Context } from 'koa';
import type { z } from 'zod';
import type { Account } from '../../domain/accounts/account.ts';
import type { Origin } from '../../domain/audit/audit-log.ts';
import type { Role } from '../../domain/policy/roles.ts';
import type { Bearer } from '../../domain/tokens/bearer.ts';
import type { TroubleKind } from './trouble.ts';

export type Method = 'get' | 'post' | 'put' | 'patch' | 'delete';

/** Who may call. */
export interface Access {
  /** The weakest role of a person with a token of their own. */
  readonly role: Role;
  /** A client's token needs one of these. Empty: no client's token will do. */
  readonly scopes: readonly string[];
  /** Takes a person who signed in: a private token will not do. */
  readonly signedIn?: true;
  /** Also with a token that still owes its second factor. */
  readonly withoutSecondFactor?: true;
  /** Takes a person: a service will not do. */
  readonly person?: true;
}

/** `open`: no token is looked at. */
export type RouteAccess = Access | 'open';

/** A documented answer, with an example that fits its schema. */
export interface AnswerDoc {
  readonly description: string;
  /** Undefined: an answer without a body. */
  readonly schema?: z.ZodType;
  readonly example?: unknown;
}

/** The whole of a documented route: what is checked, what is answered, and what the documentation shows come from here. */
export interface Route {
  readonly method: Method;
  /** Below the prefix of the surface; parameters as `{name}`. */
  readonly path: string;
  readonly summary: string;
  readonly access: RouteAccess;
  readonly params: z.ZodType | undefined;
  readonly query: z.ZodType | undefined;
  readonly body: z.ZodType | undefined;
  readonly bodyExample: unknown;
  /** By status. */
  readonly answers: Readonly<Record<number, AnswerDoc>>;
  /** What else can go wrong: for the documentation, beyond what the rest of the route tells (see expected-troubles.ts). */
  readonly troubles: readonly TroubleKind[];
  /** Milliseconds; undefined: as long as it takes. */
  readonly timeoutMs: number | undefined;
  /** Calls of it are not counted: health checks. */
  readonly unlimited: boolean;
  /** A GET that does something, so that HEAD is not its answer without the content. */
  readonly acts: boolean;
  readonly handle: (call: Call<unknown, unknown, unknown>) => Promise<Answer>;
}

/** Undefined: the handler answers by itself (a stream). */
export type Answer = { readonly status: number; readonly body?: object | undefined } | undefined;

export interface Call<Params, Query, Body> {
  readonly ctx: Context;
  readonly origin: Origin;
  readonly params: Params;
  readonly query: Query;
  readonly body: Body;
  /** Undefined on open routes. */
  readonly bearer: Bearer | undefined;
}

/** A call by somebody with a token that was let in. */
export interface GuardedCall<Params, Query, Body> extends Call<Params, Query, Body> {
  readonly bearer: Bearer;
}

/** A call by a person, with a token of whatever kind that was let in. */
export interface PersonCall<Params, Query, Body> extends GuardedCall<Params, Query, Body> {
  readonly account: Account;
}

interface Shape<Params, Query, Body> {
  readonly method: Method;
  readonly path: string;
  readonly summary: string;
  readonly params?: z.ZodType<Params>;
  readonly query?: z.ZodType<Query>;
  /** Undefined: a body has to be absent, or an empty object. */
  readonly body?: z.ZodType<Body>;
  readonly bodyExample?: unknown;
  readonly answers: Readonly<Record<number, AnswerDoc>>;
  readonly troubles?: readonly TroubleKind[];
  readonly timeoutMs?: number;
  readonly unlimited?: true;
  readonly acts?: true;
}

interface OpenShape<Params, Query, Body> extends Shape<Params, Query, Body> {
  readonly handle: (call: Call<Params, Query, Body>) => Promise<Answer>;
}

interface GuardedShape<Params, Query, Body> extends Shape<Params, Query, Body> {
  readonly access: Access;
  readonly handle: (call: GuardedCall<Params, Query, Body>) => Promise<Answer>;
}

interface PersonShape<Params, Query, Body> extends Shape<Params, Query, Body> {
  readonly access: Access;
  readonly handle: (call: PersonCall<Params, Query, Body>) => Promise<Answer>;
}

/** A route that looks at no token. */
export function openRoute<Params = undefined, Query = undefined, Body = undefined>(shape: OpenShape<Params, Query, Body>): Route {
  return complete(shape, 'open', (call) => shape.handle(call as Call<Params, Query, Body>));
}

/** A route for people and services. */
export function guardedRoute<Params = undefined, Query = undefined, Body = undefined>(shape: GuardedShape<Params, Query, Body>): Route {
  return complete(shape, shape.access, async (call) => {
    const { bearer } = call;
    if (!bearer) throw new Error(`${shape.path} was called without a bearer`);
    return await shape.handle({ ...(call as Call<Params, Query, Body>), bearer });
  });
}

/** A route for people only: the token of a service is refused (see surface.ts). */
export function personRoute<Params = undefined, Query = undefined, Body = undefined>(shape: PersonShape<Params, Query, Body>): Route {
  return complete(shape, { ...shape.access, person: true }, async (call) => {
    const { bearer } = call;
    if (!bearer?.account) throw new Error(`${shape.path} was called without a person`);
    return await shape.handle({ ...(call as Call<Params, Query, Body>), bearer, account: bearer.account });
  });
}

function complete(shape: Shape<unknown, unknown, unknown>, access: RouteAccess, handle: Route['handle']): Route {
  const {
    method,
    path,
    summary,
    params,
    query,
    body,
    bodyExample,
    answers,
    troubles = [],
    timeoutMs,
    unlimited = false,
    acts = false,
  } = shape;
  return { method, path, summary, access, params, query, body, bodyExample, answers, troubles, timeoutMs, unlimited, acts, handle };
}
