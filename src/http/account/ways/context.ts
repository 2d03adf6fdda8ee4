import type { Context, Middleware } from 'koa';
import { z } from 'zod';
import { accountClientId, waysPath } from '../../../domain/clients/account-client.ts';
import { NotFoundError } from '../../../domain/errors.ts';
import type { Federation } from '../../../domain/federation/federation-service.ts';
import type { Identities } from '../../../domain/federation/identities.ts';
import type { Linking } from '../../../domain/federation/linking.ts';
import type { MfaService } from '../../../domain/mfa/mfa-service.ts';
import { type FindSignedIn, hasJustProved, type SignedIn } from '../../../domain/sessions/signed-in.ts';
import type { Tenant } from '../../../domain/tenants/tenant.ts';
import type { TenantStore } from '../../../domain/tenants/tenant-store.ts';
import type { Clock } from '../../../lib/clock.ts';
import type { Keyring } from '../../../lib/keyring.ts';
import type { Csrf } from '../../middleware/csrf.ts';
import { badFields, readForm } from '../../middleware/form.ts';
import { paramOf } from '../../middleware/param.ts';
import type { PageData } from '../../page-data.ts';
import type { Views } from '../../views.ts';

export interface WaysDeps {
  readonly findSignedIn: FindSignedIn<Context>;
  readonly tenants: TenantStore;
  /** Whose page it is where none is named and nobody is signed in. */
  readonly firstTenant: Tenant;
  readonly mfa: MfaService;
  readonly federation: Federation;
  readonly linking: Linking;
  readonly identities: Identities;
  readonly keyring: Keyring;
  readonly views: Views;
  readonly csrf: Csrf;
  readonly clock: Clock;
  readonly issuer: string;
  readonly secureCookies: boolean;
}

/** What a request of somebody at these pages is about, loaded once. */
export interface Step extends SignedIn {
  readonly ctx: Context;
  readonly deps: WaysDeps;
  readonly tenant: Tenant;
  /** A change takes their password: they have one, and their address is not of a provider where they sign in instead. */
  readonly byPassword: boolean;
  /** They signed in a moment ago, in the way a change takes. */
  readonly fresh: boolean;
}

/** @throws NotFoundError */
async function tenantOf(ctx: Context, { tenants }: WaysDeps): Promise<Tenant> {
  const tenant = await tenants.findBySlug(paramOf(ctx, 'tenant'));
  if (!tenant || tenant.disabled) throw new NotFoundError('There is no such page.');
  return tenant;
}

async function stepOf(ctx: Context, tenant: Tenant, deps: WaysDeps): Promise<Step | undefined> {
  const signedIn = await deps.findSignedIn(ctx);
  if (signedIn?.account.tenantId !== tenant.id) return undefined;
  const { account } = signedIn;
  const byPassword = account.passwordHash !== undefined && !(await deps.federation.homeOf(tenant.id, account.email));
  return { ctx, deps, tenant, ...signedIn, byPassword, fresh: hasJustProved(signedIn, deps.clock(), byPassword) };
}

/** @param otherwise answers when nobody of this tenant is signed in */
export function whenSignedIn(
  handler: (step: Step) => Promise<void>,
  otherwise: (ctx: Context, tenant: Tenant, deps: WaysDeps) => void = sendToSignIn,
): (deps: WaysDeps) => Middleware {
  return (deps) => async (ctx) => {
    ctx.set('Cache-Control', 'no-store');
    const tenant = await tenantOf(ctx, deps);
    const step = await stepOf(ctx, tenant, deps);
    if (!step) return otherwise(ctx, tenant, deps);
    await handler(step);
  };
}

/** A form of these pages. Its CSRF token is the person's: one from before somebody else signed in is none. */
export function onPost<Fields>(
  fields: z.ZodType<Fields>,
  handler: (step: Step, fields: Fields) => Promise<void>,
): (deps: WaysDeps) => Middleware {
  const schema = z.looseObject({ _csrf: z.string().max(64).default('') });
  return whenSignedIn(async (step) => {
    const { _csrf, ...rest } = await readForm(step.ctx, schema);
    step.deps.csrf.check(step.ctx, csrfScope(step), _csrf);
    const parsed = fields.safeParse(rest);
    if (!parsed.success) throw badFields(parsed.error);
    await handler(step, parsed.data);
  });
}

const csrfScope = ({ account }: Step) => `ways ${account.id}`;

export function csrfToken(step: Step): string {
  return step.deps.csrf.token(step.ctx, csrfScope(step));
}

export function pathOf({ tenant }: Step, action: string): string {
  return `${waysPath(tenant)}/${action}`;
}

/** Where to sign in, as for any application; from there the browser comes back to the page. @param again although somebody is signed in */
export function signInPath(tenant: Tenant, { issuer }: WaysDeps, again = false): string {
  const request = {
    client_id: accountClientId(tenant),
    response_type: 'none',
    scope: 'openid',
    redirect_uri: `${issuer}${waysPath(tenant)}`,
    ...(again && { prompt: 'login' }),
  };
  return `/oauth/authorize?${new URLSearchParams(request)}`;
}

export function goTo(ctx: Context, address: string): void {
  ctx.status = 303;
  ctx.redirect(address);
}

function sendToSignIn(ctx: Context, tenant: Tenant, deps: WaysDeps): void {
  goTo(ctx, signInPath(tenant, deps));
}

export function page<Name extends keyof PageData>(
  { ctx, deps }: Pick<Step, 'ctx' | 'deps'>,
  name: Name,
  data: PageData[Name],
  status = 200,
): void {
  ctx.status = status;
  ctx.type = 'html';
  ctx.body = deps.views.render(name, data);
}
