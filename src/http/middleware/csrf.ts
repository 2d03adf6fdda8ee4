import type { Context } from 'koa';
import { equalInConstantTime } from '../../lib/digest.ts';
import type { Keyring } from '../../lib/keyring.ts';
import { randomToken } from '../../lib/random.ts';
import { RequestError } from '../errors.ts';

export interface Csrf {
  /** The token of a form on this page. `scope` is what the form is about: a token for one interaction is none for another. */
  token(ctx: Context, scope: string): string;
  /** @throws RequestError when the form did not come from a page we showed to this browser */
  check(ctx: Context, scope: string, token: string): void;
}

/** A signed double-submit token, behind what the browser itself says of where the request came from. */
export function createCsrf({ keyring, issuer }: { keyring: Keyring; issuer: string }): Csrf {
  const { origin, protocol } = new URL(issuer);
  const secure = protocol === 'https:';
  const cookie = secure ? '__Host-gatehouse_csrf' : 'gatehouse_csrf';
  const sign = (browser: string, scope: string) => keyring.sign('csrf', `${browser} ${scope}`);
  return {
    token(ctx, scope) {
      const known = ctx.cookies.get(cookie, { signed: false });
      const browser = known && /^[\w-]{22}$/.test(known) ? known : randomToken(16);
      if (browser !== known) ctx.cookies.set(cookie, browser, { httpOnly: true, sameSite: 'lax', secure, signed: false, path: '/' });
      return sign(browser, scope);
    },
    check(ctx, scope, token) {
      const site = ctx.get('Sec-Fetch-Site');
      const from = ctx.get('Origin');
      // Our pages send no referrer, and then browsers say `Origin: null` with their own forms.
      const foreign = site ? site !== 'same-origin' : from !== '' && from !== 'null' && from !== origin;
      const browser = ctx.cookies.get(cookie, { signed: false });
      if (foreign || !browser || !equalInConstantTime(token, sign(browser, scope))) {
        throw new RequestError('forbidden', 'This form did not come from a page of ours in this browser.', {
          detail: `site=${site} origin=${from}`,
        });
      }
    },
  };
}
