import type { Context } from 'koa';
import { accountId, nameOf } from '../domain/accounts/account.ts';
import type { AccountStore } from '../domain/accounts/account-store.ts';
import { StoreUnavailableError } from '../domain/errors.ts';
import { tenantId } from '../domain/tenants/tenant.ts';
import type { TenantStore } from '../domain/tenants/tenant-store.ts';
import { answerTrouble, type ErrorPageDeps } from './errors.ts';
import type { PageData } from './page-data.ts';
import type { ErrorKind } from './words.ts';

export interface EnginePagesDeps extends ErrorPageDeps {
  readonly accounts: AccountStore;
  readonly tenants: TenantStore;
}

/** What the engine says of its request: who asks, and who is signed in. */
interface EngineState {
  readonly client?: { readonly clientName?: string | undefined; readonly clientId: string } | undefined;
  readonly session?: { readonly accountId?: string | undefined } | undefined;
}

type EngineContext = Context & { readonly oidc?: EngineState };

const LOGOUT = '/oauth/logout';
const LOGOUT_CONFIRM = '/oauth/logout/confirm';

const KINDS: Readonly<Record<string, ErrorKind>> = {
  invalid_redirect_uri: 'wrong-redirect-uri',
  invalid_client: 'unknown-client',
  invalid_request: 'bad-request',
  server_error: 'our-fault',
};

/** The pages the protocol engine asks for, drawn like all others. */
export function createEnginePages(deps: EnginePagesDeps) {
  const { views, accounts, tenants, clock } = deps;

  async function signedIn(ctx: EngineContext) {
    const sub = ctx.oidc?.session?.accountId;
    const account = sub === undefined ? undefined : await accounts.findSubject(accountId(sub));
    const tenant = account && (await tenants.find(tenantId(account.tenantId)));
    return { account, tenantName: tenant?.name ?? deps.tenantName };
  }

  function show(ctx: Context, body: string): void {
    ctx.set('Cache-Control', 'no-store');
    ctx.type = 'html';
    ctx.body = body;
  }

  return {
    async error(ctx: EngineContext, { code, description, cause }: { code: string; description: string | undefined; cause: Error }) {
      const storeDown = cause instanceof StoreUnavailableError;
      if (storeDown) ctx.set('Retry-After', String(cause.retryAfterSeconds));
      const kind = storeDown ? 'store-down' : cause.name === 'SessionNotFound' ? 'lost-interaction' : (KINDS[code] ?? 'bad-request');
      const text = (name: string) => (typeof ctx.query[name] === 'string' ? ctx.query[name] : undefined);
      answerTrouble(
        ctx,
        {
          kind,
          status: storeDown ? 503 : ctx.status,
          code,
          description,
          clientName: ctx.oidc?.client?.clientName,
          ...(ctx.path === LOGOUT_CONFIRM && { wayOut: { href: LOGOUT, text: 'Sign out again' } }),
          clientId: ctx.oidc?.client?.clientId ?? text('client_id'),
          received: kind === 'wrong-redirect-uri' ? text('redirect_uri') : undefined,
        },
        { views, tenantName: deps.tenantName, clock },
      );
    },
    async signOut(ctx: EngineContext, form: { action: string; xsrf: string; clientName: string | undefined }) {
      const { account, tenantName } = await signedIn(ctx);
      const action = URL.parse(form.action)?.pathname ?? form.action;
      const person = account ? { name: nameOf(account), login: account.email } : { name: '', login: '' };
      show(ctx, views.render('interaction/sign-out', { tenantName, action, xsrf: form.xsrf, clientName: form.clientName, person }));
    },
    async handOver(ctx: EngineContext, form: Pick<PageData['interaction/hand-over'], 'action' | 'fields'>) {
      show(ctx, views.render('interaction/hand-over', { ...form, tenantName: deps.tenantName, clientName: ctx.oidc?.client?.clientName }));
    },
    async signedOut(ctx: EngineContext) {
      show(ctx, views.render('interaction/signed-out', { tenantName: (await signedIn(ctx)).tenantName, wayOut: undefined }));
    },
  };
}
