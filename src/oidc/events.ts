import Provider, { type errors, type KoaContextWithOIDC } from 'oidc-provider';
import type { Audit, AuditEntry } from '../domain/audit/audit.ts';
import { sha256 } from '../lib/digest.ts';
import type { Logger } from '../lib/logger.ts';
import { originOf } from './origin.ts';
import { leaveToAnswer } from './pending-writes.ts';
import { extrasOf } from './resources.ts';

type EngineError = Error & Partial<errors.OIDCProviderError>;

/** What the engine tells becomes audit entries. Its listeners cannot be awaited, so the answer waits for them (pending-writes.ts). */
export function auditEngineEvents(provider: Provider, { audit, logger }: { audit: Audit; logger: Logger }): void {
  const ownerOf = rememberCodeOwners(provider);
  const tell = (ctx: KoaContextWithOIDC, entry: Pick<AuditEntry, 'type' | 'detail'>) => {
    const { client, entities } = ctx.oidc;
    const token = entities.AccessToken ?? entities.RefreshToken ?? entities.AuthorizationCode;
    const recorded = audit.record({
      origin: originOf(ctx),
      tenantId: client && extrasOf(client).tenant_id,
      clientId: client?.clientId,
      accountId: token?.accountId ?? ownerOf(ctx) ?? ctx.oidc.session?.accountId,
      ...entry,
    });
    void leaveToAnswer(recorded, ctx);
  };
  const failure = (error: EngineError) => ({ error: error.message, reason: error.error_detail ?? error.error_description ?? '' });

  provider.on('grant.success', (ctx) => {
    const { AccessToken, ClientCredentials, Grant } = ctx.oidc.entities;
    const issued = AccessToken ?? ClientCredentials;
    tell(ctx, {
      type: 'token.issued',
      detail: {
        grantType: String(ctx.oidc.params?.grant_type),
        scope: issued?.scope ?? '',
        jti_digest: tokenName(issued?.jti),
        grant: tokenName(Grant?.jti),
      },
    });
  });
  provider.on('grant.error', (ctx, error: EngineError) => {
    const reused = /already (used|consumed)/.test(error.error_detail ?? '');
    tell(ctx, {
      type: reused ? 'token.reused' : 'token.refused',
      detail: { grantType: String(ctx.oidc.params?.grant_type ?? ''), ...failure(error) },
    });
  });
  provider.on('grant.revoked', (ctx, grantId) => tell(ctx, { type: 'grant.revoked', detail: { grant: tokenName(grantId) } }));
  provider.on('authorization.error', (ctx, error: EngineError) =>
    tell(ctx, { type: 'token.refused', detail: { route: 'authorization', ...failure(error) } }),
  );
  const refusedAt = (ctx: KoaContextWithOIDC, error: EngineError) =>
    tell(ctx, { type: 'token.refused', detail: { route: ctx.oidc.route, ...failure(error) } });
  provider.on('introspection.error', refusedAt);
  provider.on('revocation.error', refusedAt);
  const revoked = (token: { readonly jti: string; readonly kind: string }) => {
    const ctx = Provider.ctx as KoaContextWithOIDC | undefined;
    if (ctx?.oidc.route === 'revocation')
      tell(ctx, { type: 'token.revoked', detail: { kind: token.kind, jti_digest: tokenName(token.jti) } });
  };
  provider.on('access_token.destroyed', revoked);
  provider.on('refresh_token.destroyed', revoked);
  provider.on('client_credentials.destroyed', revoked);
  provider.on('end_session.success', (ctx) => tell(ctx, { type: 'logout.succeeded' }));
  provider.on('server_error', (ctx, error) =>
    logger.error({ err: error, requestId: ctx.state.requestId, route: ctx.oidc?.route }, 'the engine failed'),
  );
}

interface CodeModel {
  find(value: string, options?: object): Promise<{ readonly accountId?: string } | undefined>;
}

/** The engine tells whose code it was only when the exchange went well; who is robbed should be named when it did not. */
function rememberCodeOwners(provider: Provider): (ctx: KoaContextWithOIDC) => string | undefined {
  const owners = new WeakMap<object, string>();
  const model = provider.AuthorizationCode as unknown as CodeModel;
  const find = model.find.bind(model);
  model.find = async (value, options) => {
    const code = await find(value, options);
    if (code?.accountId && Provider.ctx) owners.set(Provider.ctx, code.accountId);
    return code;
  };
  return (ctx) => owners.get(ctx);
}

/** Enough of a digest to find one token's entries again, useless to anybody as a token. */
function tokenName(jti: string | undefined): string {
  return jti ? sha256(jti).slice(0, 12) : '';
}
