import { Router } from '@koa/router';
import type { Context } from 'koa';
import { z } from 'zod';
import { type Account, nameOf } from '../../domain/accounts/account.ts';
import type { AccountService } from '../../domain/accounts/account-service.ts';
import { AlreadyExistsError, InvalidValueError } from '../../domain/errors.ts';
import type { MfaService } from '../../domain/mfa/mfa-service.ts';
import type { Tenant } from '../../domain/tenants/tenant.ts';
import type { TenantStore } from '../../domain/tenants/tenant-store.ts';
import { sha256 } from '../../lib/digest.ts';
import type { Csrf } from '../middleware/csrf.ts';
import { readForm } from '../middleware/form.ts';
import { paramOf } from '../middleware/param.ts';
import { originOf } from '../middleware/request-context.ts';
import type { PageData } from '../page-data.ts';
import type { Views } from '../views.ts';

export interface AccountPagesDeps {
  readonly accounts: AccountService;
  readonly mfa: MfaService;
  readonly tenants: TenantStore;
  /** Where the first administrator belongs. */
  readonly firstTenant: Tenant;
  readonly views: Views;
  readonly csrf: Csrf;
  /** Characters. */
  readonly minPasswordLength: number;
  /** Where to go when all is done: the demo, if there is one. */
  readonly wayOut: PageData['account/done']['wayOut'];
}

/** What one-time links open. Looking at a link never uses it up: mail scanners and previews look. */
export function accountRouter(deps: AccountPagesDeps): Router {
  return new Router()
    .get('/password/:secret', (ctx) => showPassword(ctx, deps))
    .post('/password/:secret', (ctx) => setPassword(ctx, deps))
    .get('/setup/:secret', (ctx) => showSetup(ctx, deps))
    .post('/setup/:secret', (ctx) => setUp(ctx, deps));
}

function answer(ctx: Context, status: number, html: string): void {
  ctx.set('Cache-Control', 'no-store');
  ctx.status = status;
  ctx.type = 'html';
  ctx.body = html;
}

const secretOf = (ctx: Context) => paramOf(ctx, 'secret');

/** The link is in the address already; the token is bound to its digest. */
const scopeOf = (ctx: Context) => sha256(`link ${secretOf(ctx)}`);

const csrfField = { _csrf: z.string().max(64) };

async function tenantNameOf(account: Account | undefined, deps: AccountPagesDeps): Promise<string> {
  const tenant = account && (await deps.tenants.find(account.tenantId));
  return tenant?.name ?? deps.firstTenant.name;
}

async function done(ctx: Context, deps: AccountPagesDeps, account: Account, what: PageData['account/done']['done']): Promise<void> {
  const enrolsNext = (await deps.mfa.required(account)) === 'enrol';
  const tenantName = await tenantNameOf(account, deps);
  answer(ctx, 200, deps.views.render('account/done', { tenantName, done: what, login: account.email, enrolsNext, wayOut: deps.wayOut }));
}

function linkDead(ctx: Context, deps: AccountPagesDeps, purpose: PageData['account/link-dead']['purpose']): void {
  answer(ctx, 410, deps.views.render('account/link-dead', { tenantName: deps.firstTenant.name, purpose }));
}

async function showPassword(ctx: Context, deps: AccountPagesDeps, problem?: string): Promise<void> {
  const account = await deps.accounts.peekPasswordLink(secretOf(ctx));
  if (!account) return linkDead(ctx, deps, 'set-password');
  const html = deps.views.render('account/set-password', {
    tenantName: await tenantNameOf(account, deps),
    csrf: deps.csrf.token(ctx, scopeOf(ctx)),
    action: ctx.path,
    person: { name: nameOf(account), login: account.email },
    minLength: deps.minPasswordLength,
    problem,
  });
  answer(ctx, problem ? 422 : 200, html);
}

async function setPassword(ctx: Context, deps: AccountPagesDeps): Promise<void> {
  const form = await readForm(ctx, z.strictObject({ ...csrfField, username: z.string().max(320).optional(), password: z.string().min(1) }));
  deps.csrf.check(ctx, scopeOf(ctx), form._csrf);
  try {
    const account = await deps.accounts.usePasswordLink(secretOf(ctx), form.password, originOf(ctx));
    if (!account) return linkDead(ctx, deps, 'set-password');
    await done(ctx, deps, account, 'password-set');
  } catch (error) {
    if (!(error instanceof InvalidValueError)) throw error;
    await showPassword(ctx, deps, error.message);
  }
}

type SetupPage = PageData['account/first-administrator'];

async function showSetup(
  ctx: Context,
  deps: AccountPagesDeps,
  typed = { email: '', name: '' },
  problems: SetupPage['problems'] = {},
): Promise<void> {
  if (!(await deps.accounts.peekFirstAdministratorLink(secretOf(ctx)))) return linkDead(ctx, deps, 'first-administrator');
  const form = { csrf: deps.csrf.token(ctx, scopeOf(ctx)), action: ctx.path, minLength: deps.minPasswordLength };
  const status = Object.keys(problems).length > 0 ? 422 : 200;
  answer(ctx, status, deps.views.render('account/first-administrator', { tenantName: deps.firstTenant.name, ...form, ...typed, problems }));
}

async function setUp(ctx: Context, deps: AccountPagesDeps): Promise<void> {
  const text = z.string().max(320);
  const { _csrf, email, name, password } = await readForm(
    ctx,
    z.strictObject({ ...csrfField, email: text, name: text, password: z.string() }),
  );
  deps.csrf.check(ctx, scopeOf(ctx), _csrf);
  try {
    const input = { tenantId: deps.firstTenant.id, email, displayName: name.trim() || undefined, password };
    const account = await deps.accounts.becomeFirstAdministrator(secretOf(ctx), input, originOf(ctx));
    if (!account) return linkDead(ctx, deps, 'first-administrator');
    await done(ctx, deps, account, 'administrator-made');
  } catch (error) {
    if (!(error instanceof InvalidValueError || error instanceof AlreadyExistsError)) throw error;
    await showSetup(ctx, deps, { email, name }, { [error.field]: error.message });
  }
}
