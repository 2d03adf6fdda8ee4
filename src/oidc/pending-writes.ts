import type { Middleware } from 'koa';
import Provider from 'oidc-provider';

const PENDING = 'pendingWrites';

interface Request {
  readonly state: Record<string, unknown>;
}

/**
 * The answer of a protocol endpoint leaves when all it is about is stored: the tokens it hands out and its audit entries. They go to the store
 * together instead of one after the other, which shares a commit. When one cannot be stored, the answer is a 5xx instead.
 */
export const settleWrites: Middleware = async (ctx, next) => {
  const pending: Promise<void>[] = [];
  ctx.state[PENDING] = pending;
  await next();
  await Promise.all(pending);
};

/** Leaves a write to settleWrites; where no such request is under way, it has to be awaited by whoever calls this. */
export function leaveToAnswer(write: Promise<void>, ctx: Request | undefined = Provider.ctx): Promise<void> {
  const pending = ctx?.state[PENDING] as Promise<void>[] | undefined;
  if (!pending) return write;
  // settleWrites sees the failure; until then it is none that nobody handles.
  write.catch(() => undefined);
  pending.push(write);
  return Promise.resolve();
}
