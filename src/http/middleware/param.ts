import type { Context } from 'koa';

/** A parameter of the route's path, decoded; empty where the path has none of that name. */
export function paramOf(ctx: Context, name: string): string {
  const params: Readonly<Record<string, string | undefined>> = ctx.params;
  return params[name] ?? '';
}
