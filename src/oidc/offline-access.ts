import type { Context, Middleware } from 'koa';
import type { KoaContextWithOIDC } from 'oidc-provider';
import { isAccountClient } from '../domain/clients/account-client.ts';

const MARK = 'offlineAccessImplied';

/**
 * The engine drops offline_access unless the request says prompt=consent, which most clients don't.
 * OpenID Connect Core 11 allows other conditions: here the consent page always names it, so asking for it is enough.
 * The prompt is added for the engine's check and taken away again (see forgetNeedlessConsent), so that whoever agreed before is not asked anew.
 */
export function implyConsent(path: string): Middleware {
  return async (ctx: Context, next) => {
    const { scope, prompt } = ctx.query;
    if (ctx.method === 'GET' && ctx.path === path && typeof scope === 'string' && scope.split(' ').includes('offline_access')) {
      const prompts = typeof prompt === 'string' ? prompt.split(' ').filter(Boolean) : [];
      if (!Array.isArray(prompt) && !prompts.includes('none') && !prompts.includes('consent')) {
        ctx.state[MARK] = true;
        ctx.query = { ...ctx.query, prompt: [...prompts, 'consent'].join(' ') };
      }
    }
    await next();
  };
}

/** Takes the prompt away again; also one that somebody asks for in the name of a person's own pages, where there is nothing to consent to. */
export function forgetNeedlessConsent(ctx: KoaContextWithOIDC): void {
  const { params, client } = ctx.oidc;
  const prompt = params?.prompt;
  const needless = ctx.state[MARK] || isAccountClient(client?.clientId ?? '');
  if (!needless || typeof prompt !== 'string' || !params) return;
  const rest = prompt.split(' ').filter((name) => name !== 'consent');
  params.prompt = rest.length > 0 ? rest.join(' ') : undefined;
}
