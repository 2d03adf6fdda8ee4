import { interactionPolicy, type KoaContextWithOIDC } from 'oidc-provider';
import type { Role } from '../domain/policy/roles.ts';
import { personOf } from './claims.ts';
import type { SessionTerm } from './sessions.ts';

const { Check, Prompt, base } = interactionPolicy;

/** Authentication context classes, weakest first (NIST SP 800-63B assurance levels). */
export const ACR_VALUES = ['aal1', 'aal2'] as const;

function level(acr: string | undefined): number {
  return (ACR_VALUES as readonly (string | undefined)[]).indexOf(acr);
}

/** What a request asks for: any of its classes will do (OpenID Connect Core 3.1.2.1, acr_values). 0 is one factor, 1 is two. */
export function askedLevel(acrValues: unknown): number {
  const asked = String(acrValues ?? '')
    .split(' ')
    .map(level)
    .filter((value) => value >= 0);
  return asked.length > 0 ? Math.min(...asked) : 0;
}

/** A role may need more than the request asks for. */
function neededLevel(ctx: KoaContextWithOIDC, requiredRoles: readonly Role[]): number {
  const role = personOf(ctx.oidc.account)?.role;
  return Math.max(askedLevel(ctx.oidc.params?.acr_values), role && requiredRoles.includes(role) ? 1 : 0);
}

export interface InteractionPolicyDeps {
  readonly requiredRoles: readonly Role[];
  /** Whether this session has had its time: its record is kept a moment longer, and again with each request. */
  readonly isOver: (session: SessionTerm) => boolean;
}

/** The prompts in the order they are settled: select_account, login, mfa, consent. The first that is due becomes the interaction. */
export function createInteractionPolicy({ requiredRoles, isOver }: InteractionPolicyDeps) {
  const policy = base();
  policy.add(new Prompt({ name: 'select_account', requestable: true }), 0);
  policy.get('login')?.checks.add(
    new Check('account_gone', 'the account is gone or disabled, or has new credentials', 'login_required', (ctx) => {
      const { oidc } = ctx as KoaContextWithOIDC;
      return Boolean(oidc.session?.accountId) && !oidc.account;
    }),
  );
  policy.get('login')?.checks.add(
    new Check('session_over', 'the sign-in is too long ago', 'login_required', (ctx) => {
      const { session, result } = (ctx as KoaContextWithOIDC).oidc;
      return session?.accountId !== undefined && !result?.login && isOver(session);
    }),
  );
  policy.add(
    new Prompt(
      { name: 'mfa', requestable: false },
      new Check('acr_insufficient', 'stronger authentication is required', 'unmet_authentication_requirements', (ctx) => {
        const koa = ctx as KoaContextWithOIDC;
        return Boolean(koa.oidc.account) && level(koa.oidc.acr) < neededLevel(koa, requiredRoles);
      }),
    ),
    2,
  );
  return policy;
}
