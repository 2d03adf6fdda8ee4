/**
 * A browser without a screen: cookies by path, redirects one at a time, forms as they stand in the page.
 * For tests of what travels; what a person sees is tested in Chromium.
 */
export interface Page {
  readonly status: number;
  readonly url: string;
  readonly headers: Headers;
  readonly html: string;
}

interface Cookie {
  readonly value: string;
  readonly path: string;
}

export class CookieBrowser {
  readonly cookies = new Map<string, Cookie>();
  readonly #headers: Readonly<Record<string, string>>;

  constructor(headers: Readonly<Record<string, string>> = {}) {
    this.#headers = headers;
  }

  /** One request, no redirect followed. */
  async request(url: string, init: RequestInit = {}): Promise<Response> {
    const { pathname } = new URL(url);
    const sent = [...this.cookies]
      .filter(([, { path }]) => pathname.startsWith(path))
      .map(([key, { value }]) => `${key.split('|')[0]}=${value}`);
    const headers = new Headers({ accept: 'text/html', ...this.#headers, ...Object.fromEntries(new Headers(init.headers)) });
    if (sent.length > 0) headers.set('cookie', sent.join('; '));
    const response = await fetch(url, { ...init, headers, redirect: 'manual' });
    for (const line of response.headers.getSetCookie()) this.#store(line);
    return response;
  }

  #store(line: string): void {
    const [pair = '', ...attributes] = line.split('; ');
    const at = pair.indexOf('=');
    const name = pair.slice(0, at);
    const attribute = (wanted: string) => attributes.find((text) => text.toLowerCase().startsWith(`${wanted}=`))?.slice(wanted.length + 1);
    const path = attribute('path') ?? '/';
    const expires = attribute('expires');
    const key = `${name}|${path}`;
    if (expires !== undefined && Date.parse(expires) <= Date.now()) this.cookies.delete(key);
    else this.cookies.set(key, { value: pair.slice(at + 1), path });
  }

  /** Follows redirects while they stay on `origin`; a redirect elsewhere is the last page, with its address as `url`. */
  async open(url: string, init?: RequestInit): Promise<Page> {
    const { origin } = new URL(url);
    let response = await this.request(url, init);
    let here = url;
    for (let hops = 0; hops < 12; hops++) {
      const location = response.headers.get('location');
      if (location === null) break;
      here = new URL(location, here).href;
      if (new URL(here).origin !== origin) break;
      response = await this.request(here);
    }
    return { status: response.status, url: here, headers: response.headers, html: await response.text() };
  }

  /** Sends the form of `page` whose action's path ends with `action`, its hidden fields filled in. */
  async submit(page: Page, action: string, fields: Readonly<Record<string, string>> = {}): Promise<Page> {
    const form = formsOf(page).find((each) => each.action.replace(/\?.*/, '').endsWith(action));
    if (!form) throw new Error(`no form for ${action} on ${page.url} (${page.status}): ${page.html.slice(0, 600)}`);
    const target = new URL(form.action, page.url);
    return await this.open(target.href, {
      method: 'POST',
      headers: { 'content-type': 'application/x-www-form-urlencoded', origin: target.origin, 'sec-fetch-site': 'same-origin' },
      body: new URLSearchParams({ ...form.hidden, ...fields }),
    });
  }
}

/** The forms of a page: where they go and what they carry unseen. */
export function formsOf({ html }: Page): readonly { readonly action: string; readonly hidden: Readonly<Record<string, string>> }[] {
  return [...html.matchAll(/<form\b([^>]*)>([\s\S]*?)<\/form>/g)].map(([, attributes = '', inner = '']) => ({
    action: decodeEntities(/action="([^"]*)"/.exec(attributes)?.[1] ?? ''),
    hidden: Object.fromEntries(
      [...inner.matchAll(/<input\b[^>]*type="hidden"[^>]*>/g)].map(([input]) => [
        /name="([^"]*)"/.exec(input)?.[1] ?? '',
        decodeEntities(/value="([^"]*)"/.exec(input)?.[1] ?? ''),
      ]),
    ),
  }));
}

function decodeEntities(text: string): string {
  return text
    .replaceAll('&#34;', '"')
    .replaceAll('&quot;', '"')
    .replaceAll('&#39;', "'")
    .replaceAll('&lt;', '<')
    .replaceAll('&gt;', '>')
    .replaceAll('&amp;', '&');
}
