import { Router } from '@koa/router';
import type { Context } from 'koa';
import { z } from 'zod';
import type { Federation } from '../../domain/federation/federation-service.ts';
import type { LogoutNotices } from '../../domain/federation/logout-notices.ts';
import type { SignOutElsewhere } from '../../domain/federation/sign-out-elsewhere.ts';
import type { Trials } from '../../domain/federation/trials.ts';
import { providerId } from '../../domain/federation/upstream-provider.ts';
import { InteractionLostError } from '../../domain/sessions/interaction.ts';
import type { TenantStore } from '../../domain/tenants/tenant-store.ts';
import type { Logger } from '../../lib/logger.ts';
import { readForm } from '../middleware/form.ts';
import type { Views } from '../views.ts';
import { comeBackSignedOut, receiveLogout } from './logout.ts';
import { placeOf } from './place-of.ts';
import { showTrial } from './trial.ts';

export interface FederationRouterDeps {
  readonly federation: Federation;
  readonly tenants: TenantStore;
  readonly notices: LogoutNotices;
  readonly logger: Logger;
  readonly signOut: SignOutElsewhere;
  readonly trials: Trials;
  readonly views: Views;
  /** Of the first tenant, whose page it is when nobody is signed in anywhere. */
  readonly tenantName: string;
}

/**
 * What other providers, and browsers that come from there, have to do with us; each provider has addresses of its own. The cookie of a sign-in has the
 * path of its interaction, and that of linking the path of its page, so an answer is sent on to there; nothing is used up here but what
 * somebody tries out.
 */
export function federationRouter(deps: FederationRouterDeps): Router {
  return new Router()
    .get('/federation/:provider/callback', (ctx) => bounce(ctx, ctx.params.provider ?? '', new URLSearchParams(ctx.querystring), deps))
    .post('/federation/:provider/callback', async (ctx) => bounce(ctx, ctx.params.provider ?? '', await readAnswer(ctx), deps))
    .post('/federation/:provider/logout', receiveLogout(deps))
    .get('/federation/:provider/signed-out', comeBackSignedOut(deps.signOut));
}

const text = z.string().max(8192).optional();

/** response_mode=form_post (OAuth 2.0 Form Post Response Mode), which comes from the provider's page without our cookies. */
const answer = z.object({ code: text, state: text, iss: text, error: text, error_description: text, user: text });

async function readAnswer(ctx: Context): Promise<URLSearchParams> {
  const fields = await readForm(ctx, answer);
  return new URLSearchParams(Object.entries(fields).flatMap(([name, value]) => (value === undefined ? [] : [[name, value]])));
}

async function bounce(ctx: Context, provider: string, query: URLSearchParams, deps: FederationRouterDeps): Promise<void> {
  const { federation, tenants } = deps;
  ctx.set('Cache-Control', 'no-store');
  const journey = await federation.journeyOf(providerId(provider), query.get('state') ?? '');
  if (journey?.kind === 'trial') return await showTrial(ctx, { provider: providerId(provider), journey, query }, deps);
  const place = await placeOf(journey, provider, tenants);
  if (!place) throw new InteractionLostError('This sign-in is over, or began elsewhere.');
  ctx.status = 303;
  ctx.redirect(`${place}?${query}`);
}
