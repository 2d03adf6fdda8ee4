import assert from 'node:assert/strict';
import { CookieBrowser, type Page } from './cookie-browser.ts';
import type { TestServer } from './start-server.ts';

/** What a visitor reads on the start page of the demo. */
export interface StartPage {
  readonly passwords: readonly string[];
  /** What Alice's phone shows. */
  readonly code: string;
  readonly curl: string;
}

export function readStart({ html }: Page): StartPage {
  return {
    passwords: [...html.matchAll(/id="password-[^"]+">([^<]+)</g)].map(([, password = '']) => password),
    code: (/class="phone-code">.*?(\d{3}) (\d{3})</.exec(html) ?? []).slice(1).join(''),
    curl: plain(/id="curl"[^>]*>([^<]+)</.exec(html)?.[1] ?? ''),
  };
}

/** The text of a page, its marks gone. */
export function plain(html: string): string {
  return html
    .replace(/<[^>]*>/g, ' ')
    .replaceAll('&#34;', '"')
    .replaceAll('&#39;', "'")
    .replaceAll('&amp;', '&')
    .replace(/\s+/g, ' ')
    .trim();
}

/** A browser at the start page. Time moves on by one code, so that tests one after the other each have a fresh one. */
export async function openStart(server: TestServer): Promise<{ readonly browser: CookieBrowser; readonly start: StartPage }> {
  server.clock.advance(30);
  const browser = new CookieBrowser();
  const page = await browser.open(`${server.issuer}/demo`);
  assert.equal(page.status, 200);
  return { browser, start: readStart(page) };
}

/** From the start page to the consent page, as Alice: password, then the code her phone shows. */
export async function proveAsAlice(server: TestServer): Promise<{ readonly browser: CookieBrowser; readonly consent: Page }> {
  const { browser, start } = await openStart(server);
  const login = await browser.open(`${server.issuer}/demo/sign-in`);
  const totp = await browser.submit(login, '/password', { identifier: 'alice', password: start.passwords[0] ?? '' });
  const next = await browser.submit(totp, '/totp', { code: start.code });
  return { browser, consent: next };
}

/** All the way to the page that explains what happened. */
export async function signInAsAlice(server: TestServer): Promise<{ readonly browser: CookieBrowser; readonly result: Page }> {
  const { browser, consent } = await proveAsAlice(server);
  const asked = consent.html.includes('value="allow"');
  return { browser, result: asked ? await browser.submit(consent, '/consent', { decision: 'allow' }) : consent };
}

/** The access token, as the result page shows it. */
export function accessTokenOn({ html }: Page): string {
  return plain(/aria-label="Access token as sent">(.*?)<\/pre>/.exec(html)?.[1] ?? '').replaceAll(' ', '');
}
