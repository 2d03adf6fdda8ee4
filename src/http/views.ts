import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import ejs from 'ejs';
import { inUtc } from '../lib/in-utc.ts';
import type { Assets } from './assets.ts';
import type { PageData } from './page-data.ts';

const VIEWS = fileURLToPath(new URL('../../views/', import.meta.url));

export interface Views {
  /** A whole HTML document. */
  render<Page extends keyof PageData>(page: Page, data: PageData[Page]): string;
}

/** The letters of an avatar: first and last word of a name, or the first letter there is. */
function initials(name: string): string {
  const words = name
    .split('@', 1)
    .join('')
    .split(/[\s._-]+/u)
    .filter((word) => /^[\p{L}\p{N}]/u.test(word));
  const picked = words.length > 1 ? [words[0], words.at(-1)] : words;
  return picked
    .map((word) => [...(word ?? '')][0] ?? '')
    .join('')
    .toUpperCase();
}

/** The host of a link that may be shown, undefined for anything that is no web address (`javascript:` and the like). */
function webHost(uri: string | undefined): string | undefined {
  if (uri === undefined || !URL.canParse(uri)) return undefined;
  const { protocol, host } = new URL(uri);
  return protocol === 'https:' || protocol === 'http:' ? host : undefined;
}

/**
 * Views are EJS in strict mode without `with`: a view reads `locals.field`, and the helpers below beside its data.
 * `cache` keeps compiled templates for good; without it each rendering reads the files anew.
 */
export function createViews(options: { readonly assets: Assets; readonly cache: boolean }): Views {
  const helpers = { asset: options.assets.url, initials, inUtc, webHost };
  const compiled = new Map<string, ejs.TemplateFunction>();

  const load = (page: string): ejs.TemplateFunction => {
    const filename = join(VIEWS, `${page}.ejs`);
    return ejs.compile(readFileSync(filename, 'utf8'), { filename, root: VIEWS, cache: options.cache, strict: true });
  };

  return {
    render(page, data) {
      const template = compiled.get(page) ?? load(page);
      if (options.cache) compiled.set(page, template);
      return template({ ...helpers, ...data });
    },
  };
}
