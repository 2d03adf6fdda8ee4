import type { Middleware } from 'koa';
import type { KoaContextWithOIDC } from 'oidc-provider';
import type { EnginePages, Handover } from './pages.ts';

/** Of the engine's bare page with a form that sends itself: an answer by form_post, another person taking over, or a sign-out of nobody. */
const BARE_PAGE = '<title>Submitting Callback</title>';

/** Has our own page drawn in place of the bare one. The policy is as it was: what was added to it allowed the inline script that is gone. */
export function drawHandovers(pages: EnginePages): Middleware {
  return async (ctx, next) => {
    const policy = ctx.response.get('Content-Security-Policy');
    await next();
    const { body, status } = ctx;
    if (typeof body !== 'string' || !body.includes(BARE_PAGE)) return;
    if (policy) ctx.set('Content-Security-Policy', policy);
    await pages.handOver(ctx as unknown as KoaContextWithOIDC, readHandover(body));
    ctx.status = status;
  };
}

function readHandover(html: string): Handover {
  const inputs = [...html.matchAll(/<input type="hidden" name="([^"]*)" value="([^"]*)"\/>/g)];
  return {
    action: decode(/action="([^"]*)"/.exec(html)?.[1] ?? ''),
    fields: inputs.map(([, name = '', value = '']) => ({ name, value: decode(value) })),
  };
}

/** Undoes the engine's escaping, the ampersand last, as it was escaped first. */
function decode(text: string): string {
  return text.replaceAll('&#39;', "'").replaceAll('&quot;', '"').replaceAll('&gt;', '>').replaceAll('&lt;', '<').replaceAll('&amp;', '&');
}
