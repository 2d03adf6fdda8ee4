import type { Middleware } from 'koa';
import { z } from 'zod';
import { rewriteBody } from './rewrite-form.ts';

const parametersSchema = z.record(z.string(), z.string());

/**
 * The token endpoint takes its parameters as JSON too, where RFC 6749 section 4.1.3 knows forms alone. What is no flat object of strings, or names
 * a parameter twice (section 3.2), is to the engine a body that cannot be read: invalid_request.
 */
export function takeJson(path: string): Middleware {
  return async (ctx, next) => {
    if (ctx.method === 'POST' && ctx.path === path && ctx.is('application/json')) {
      ctx.req.headers['content-type'] = 'application/x-www-form-urlencoded';
      rewriteBody(ctx.req, (text) => new URLSearchParams(readParameters(text)).toString());
    }
    await next();
  };
}

function readParameters(text: string): Record<string, string> {
  const parameters = parametersSchema.parse(JSON.parse(text));
  // JSON.parse keeps the last of two members of one name. Outside of strings there is a colon for each member, whatever its name.
  const members = text.replaceAll(/"(?:[^"\\]|\\.)*"/g, '').split(':').length - 1;
  if (members !== Object.keys(parameters).length) throw new Error('a parameter is there twice');
  return parameters;
}
