import type { Origin } from '../domain/audit/audit-log.ts';

/** What http/app.ts puts on every request before the engine sees it. */
interface Request {
  readonly ip: string;
  readonly state: Record<string, unknown>;
}

export function originOf(ctx: Request): Origin {
  return { requestId: String(ctx.state.requestId), ip: ctx.ip };
}
