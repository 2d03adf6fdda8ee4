import type { Context, Middleware } from 'koa';
import { z } from 'zod';
import { NotFoundError } from '../../domain/errors.ts';
import type { LogoutNotices } from '../../domain/federation/logout-notices.ts';
import type { SignOutElsewhere } from '../../domain/federation/sign-out-elsewhere.ts';
import { UpstreamError } from '../../domain/federation/upstream.ts';
import { providerId } from '../../domain/federation/upstream-provider.ts';
import type { Logger } from '../../lib/logger.ts';
import { RequestError } from '../errors.ts';
import { readForm } from '../middleware/form.ts';
import { paramOf } from '../middleware/param.ts';
import { originOf } from '../middleware/request-context.ts';

const SIGNED_OUT_HERE = '/oauth/logout/success';

const RETRY_SECONDS = 30;

const notice = z.object({ logout_token: z.string().min(1).max(16_384) });

const providerOf = (ctx: Context) => providerId(paramOf(ctx, 'provider'));

/** From the provider's server, for the sessions of somebody who signed out there (OpenID Connect Back-Channel Logout 2.5 to 2.8). */
export function receiveLogout({ notices, logger }: { notices: LogoutNotices; logger: Logger }): Middleware {
  return async (ctx) => {
    ctx.set('Cache-Control', 'no-store');
    try {
      const { logout_token: token } = await readForm(ctx, notice);
      await notices.receive(providerOf(ctx), token, originOf(ctx));
      ctx.status = 200;
      ctx.body = '';
    } catch (error) {
      // Anybody may send one, so the log is told and not the audit log.
      if (error instanceof UpstreamError)
        logger.warn({ provider: providerOf(ctx), kind: error.kind, reason: error.detail }, 'a logout token was refused');
      refuse(ctx, error);
    }
  };
}

/** In words for another server, not on a page for a person. */
function refuse(ctx: Context, error: unknown): void {
  if (error instanceof UpstreamError && error.kind === 'unavailable') {
    ctx.status = 503;
    ctx.set('Retry-After', String(RETRY_SECONDS));
    ctx.body = { error: 'temporarily_unavailable', error_description: 'Your keys could not be fetched. Send it again.' };
    return;
  }
  if (error instanceof NotFoundError) {
    ctx.status = 404;
    ctx.body = { error: 'invalid_request', error_description: 'There is no such provider here.' };
    return;
  }
  if (!(error instanceof UpstreamError || error instanceof RequestError)) throw error;
  ctx.status = 400;
  ctx.body = { error: 'invalid_request', error_description: error instanceof UpstreamError ? error.detail : error.message };
}

/** Browsers that signed out here, and were sent to the provider to sign out there, go on to where they were going. */
export function comeBackSignedOut(signOut: SignOutElsewhere): Middleware {
  return async (ctx) => {
    ctx.set('Cache-Control', 'no-store');
    const { state } = ctx.query;
    const address = typeof state === 'string' ? await signOut.arrive(providerOf(ctx), state) : undefined;
    ctx.status = 303;
    ctx.redirect(address ?? SIGNED_OUT_HERE);
  };
}
