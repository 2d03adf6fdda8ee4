import { Router } from '@koa/router';
import type { Context } from 'koa';
import { z } from 'zod';
import type { Clock } from '../../lib/clock.ts';
import {
  type AccessTokenCheck,
  type AccessTokenCheckDeps,
  type ApiClock,
  createAccessTokenCheck,
  type Refusal,
} from './access-token-check.ts';
import { READ, WRITE } from './credentials.ts';
import { createRecorder, type RecordedRequest } from './recorder.ts';

export const API_PATHS = { interactions: '/demo/api/interactions', policies: '/demo/api/policies' } as const;

/** Puts the API's clock forward for one call. Never back: so a token can only seem older than it is, and none becomes good by it. */
export const CLOCK_HEADER = 'X-Demo-Clock';

const INTERACTIONS = [
  { id: 'int-20417', with: 'Depot Bergen', about: 'Two parcels for Tuesday', channel: 'phone' },
  { id: 'int-20422', with: 'Voss Hardware', about: 'New delivery window', channel: 'e-mail' },
];

const policySchema = z.strictObject({ name: z.string().min(1).max(120), allow: z.string().min(1).max(120) });
const BODY_LIMIT_BYTES = 4096;
const KEPT_TRACES = 100;

export interface DemoApiDeps extends AccessTokenCheckDeps {
  readonly clock: Clock;
}

export interface DemoApi {
  readonly router: Router;
  /** What the API asked Gatehouse while it answered this request, by the request id of the answer. */
  readonly requestsDuring: (requestId: string) => readonly RecordedRequest[];
}

/** A resource server of its own: it knows Gatehouse's discovery document and its own client, and shares nothing else with the issuer. */
export function createDemoApi({ clock, ...deps }: DemoApiDeps): DemoApi {
  const check = createAccessTokenCheck(deps);
  const traces = new Map<string, readonly RecordedRequest[]>();

  function keep(requestId: string, requests: readonly RecordedRequest[]): void {
    traces.set(requestId, requests);
    const [oldest] = traces.keys();
    if (traces.size > KEPT_TRACES && oldest !== undefined) traces.delete(oldest);
  }

  async function authorise(ctx: Context, scope: string): Promise<Awaited<ReturnType<AccessTokenCheck>>> {
    const recorder = createRecorder();
    ctx.set('Cache-Control', 'no-store');
    const result = await check({ authorization: ctx.get('Authorization'), scope, clock: clockOf(ctx, clock()), recorder });
    keep(String(ctx.state.requestId), recorder.requests);
    if ('refusal' in result) refuse(ctx, result.refusal);
    return result;
  }

  const router = new Router()
    .get(API_PATHS.interactions, async (ctx) => {
      const result = await authorise(ctx, READ);
      if ('claims' in result) ctx.body = { interactions: INTERACTIONS };
    })
    .post(API_PATHS.policies, async (ctx) => {
      const result = await authorise(ctx, WRITE);
      if ('refusal' in result) return;
      const policy = policySchema.safeParse(await readJson(ctx));
      ctx.status = policy.success ? 201 : 400;
      ctx.body = policy.success
        ? { id: 'pol-7', ...policy.data, by: result.claims.sub, kept: 'This demo forgets it at once.' }
        : { error: 'invalid_request', error_description: 'Send a policy as JSON with name and allow.' };
    });
  return { router, requestsDuring: (requestId) => traces.get(requestId) ?? [] };
}

function clockOf(ctx: Context, now: Date): ApiClock {
  const asked = new Date(ctx.get(CLOCK_HEADER));
  return asked > now ? { now: asked, because: CLOCK_HEADER } : { now, because: undefined };
}

function refuse(ctx: Context, { status, error, description, scope }: Refusal): void {
  const parameters = [
    'realm="Parcel API"',
    ...(error ? [`error="${error}"`, `error_description="${description}"`] : []),
    ...(scope ? [`scope="${scope}"`] : []),
  ];
  ctx.status = status;
  ctx.set('WWW-Authenticate', `Bearer ${parameters.join(', ')}`);
  ctx.body = { error, error_description: description };
}

/** Undefined for what is no JSON, or too much of it. */
async function readJson(ctx: Context): Promise<unknown> {
  if (!ctx.is('application/json')) return undefined;
  let body = '';
  for await (const chunk of ctx.req as AsyncIterable<Buffer>) {
    body += chunk.toString();
    if (body.length > BODY_LIMIT_BYTES) return undefined;
  }
  try {
    return JSON.parse(body);
  } catch {
    return undefined;
  }
}
