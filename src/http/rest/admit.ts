import type { Context } from 'koa';
import { roleIncludes } from '../../domain/policy/roles.ts';
import type { Bearer } from '../../domain/tokens/bearer.ts';
import type { Access } from './route.ts';
import { TroubleError } from './trouble.ts';

/** The token in the header. Undefined without a header. @throws TroubleError when the header is there and holds none: nothing else is looked at then */
export function presentedToken(ctx: Context): string | undefined {
  const header = ctx.get('Authorization');
  if (header === '') return undefined;
  const [, token] = /^Bearer +([\w.~+/-]+=*)$/i.exec(header) ?? [];
  if (token === undefined) throw new TroubleError({ kind: 'bad_token' });
  return token;
}

/** Whether this bearer may call a route. Everything is refused that is not named. @throws TroubleError */
export function admit(bearer: Bearer, access: Access): void {
  const { account, client, kind } = bearer;
  if (bearer.owesSecondFactor && !access.withoutSecondFactor) throw new TroubleError({ kind: 'second_factor_owed' });
  if (client || !account) {
    const enough = access.scopes.some((scope) => bearer.scopes.has(scope)) && (account || !access.person);
    if (!enough) throw new TroubleError({ kind: 'scope_missing', scopes: access.scopes });
    return;
  }
  if (!roleIncludes(account.role, access.role)) throw new TroubleError({ kind: 'role_missing', role: access.role });
  if (access.signedIn && kind === 'PrivateToken') throw new TroubleError({ kind: 'sign_in_needed' });
}
