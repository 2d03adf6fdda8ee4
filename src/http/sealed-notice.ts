import type { Context } from 'koa';
import { type Keyring, SealBrokenError } from '../lib/keyring.ts';

/** Where a notice is kept until the next page says it, and whose page that is. */
export interface NoticePlace {
  readonly ctx: Context;
  readonly keyring: Keyring;
  readonly secureCookies: boolean;
  /** Of the cookie. */
  readonly path: string;
  /** A notice for another page, or another person, is none. */
  readonly about: string;
}

const COOKIE = 'gatehouse_notice';

/** As long as a redirect may take. */
const LIFETIME_MS = 60_000;

const recordOf = ({ about }: NoticePlace) => `notice ${about}`;

const optionsOf = ({ secureCookies, path }: NoticePlace) =>
  ({ httpOnly: true, sameSite: 'lax', secure: secureCookies, signed: false, path }) as const;

/** What the next page says, once. Sealed, so that nobody can have our page say anything else; and to load that page again repeats nothing. */
export function keepNotice(place: NoticePlace, notice: object): void {
  const sealed = place.keyring.seal(JSON.stringify(notice), recordOf(place));
  place.ctx.cookies.set(COOKIE, sealed, { ...optionsOf(place), maxAge: LIFETIME_MS });
}

export function takeNotice<Notice extends object>(place: NoticePlace): Notice | undefined {
  const sealed = place.ctx.cookies.get(COOKIE, { signed: false });
  if (sealed === undefined) return undefined;
  place.ctx.cookies.set(COOKIE, null, optionsOf(place));
  try {
    return JSON.parse(place.keyring.open(sealed, recordOf(place))) as Notice;
  } catch (error) {
    if (error instanceof SealBrokenError) return undefined;
    throw error;
  }
}
