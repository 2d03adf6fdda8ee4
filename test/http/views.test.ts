import assert from 'node:assert/strict';
import { globSync, readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { loadAssets } from '../../src/http/assets.ts';
import { DEMO_TRIES } from '../../src/http/demo-data.ts';
import type { PageData } from '../../src/http/page-data.ts';
import { createViews } from '../../src/http/views.ts';
import {
  type ErrorKind,
  errorWords,
  linkFirst,
  problems,
  STANDARD_SCOPE_WORDS,
  upstreamProblems,
  upstreamRefusals,
} from '../../src/http/words.ts';
import { samples } from '../browser/sample-pages.ts';
import type { Sample } from '../browser/sample-parts.ts';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));
const assets = loadAssets();
const views = createViews({ assets, cache: true });
const sources = globSync('views/**/*.ejs', { cwd: ROOT }).map((path) => ({ path, text: readFileSync(join(ROOT, path), 'utf8') }));

/** The union of pages, read as one page: a sample's data fits its page by its type. */
function render({ page, data }: Sample): string {
  return views.render(page, data as PageData[typeof page]);
}

function attributes(html: string, name: string): string[] {
  return [...html.matchAll(new RegExp(`\\s${name}="([^"]*)"`, 'g'))].map(([, value]) => value ?? '');
}

/** Values that a handler chooses from a fixed list or makes itself, so no injection can be in them. */
const CHOSEN = new Set<string>([
  ...DEMO_TRIES,
  'browser',
  'app',
  'gatehouse',
  'api',
  'password-set',
  'administrator-made',
  'set-password',
  'first-administrator',
]);
const BREAKOUT = `"'><img src=x onerror=alert(1)>`;

/** The same data with markup put into every string that could carry some. */
function infect(value: unknown): unknown {
  if (typeof value === 'string') {
    if (CHOSEN.has(value)) return value;
    return URL.canParse(value) && value.startsWith('http') ? `${value}?${BREAKOUT}` : value + BREAKOUT;
  }
  if (Array.isArray(value)) return value.map(infect);
  if (typeof value !== 'object' || value === null || value instanceof Date || 'trustedHtml' in value) return value;
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, infect(inner)]));
}

/** The same data, with an error for a field that is not in it: a misspelt name would print nothing. */
function strict<T>(value: T, path: string): T {
  if (typeof value !== 'object' || value === null || value instanceof Date) return value;
  return new Proxy(value, {
    get(target, key) {
      const inner: unknown = Reflect.get(target, key);
      // The one record whose fields may be missing: a sentence for each field that was refused.
      if (typeof key === 'string' && !(key in target) && path !== 'problems') throw new Error(`${path}.${key} is not in the data`);
      return typeof inner === 'object' ? strict(inner, `${path}.${String(key)}`) : inner;
    },
  });
}

/** Forms of the protocol bring their own. */
const TOKENS: Partial<Record<keyof PageData, RegExp>> = {
  'interaction/sign-out': /name="xsrf" value="xsrf-1"/,
  'interaction/hand-over': /name="code" value="code-1"/,
};

describe('every page', () => {
  for (const sample of samples) {
    test(`${sample.name}: each control has a label, ids are unique, references lead somewhere`, () => {
      const html = render(sample);
      const ids = attributes(html, 'id');
      assert.deepEqual(
        ids.filter((id, index) => ids.indexOf(id) !== index),
        [],
      );
      for (const name of ['for', 'aria-describedby', 'aria-labelledby', 'data-copies', 'data-reveals']) {
        for (const id of attributes(html, name).flatMap((list) => list.split(' '))) assert.ok(ids.includes(id), `${name}="${id}"`);
      }
      const unlabelled = html.replace(/<label class="check">.*?<\/label>/gs, '');
      for (const [input] of unlabelled.matchAll(/<input[^>]*>/g)) {
        if (/type="hidden"| hidden>/.test(input)) continue;
        assert.ok(attributes(html, 'for').includes(attributes(input, 'id')[0] ?? ''), input);
      }
    });

    test(`${sample.name}: forms post, carry their token, and nothing is inline`, () => {
      const html = render(sample);
      for (const [form] of html.matchAll(/<form.*?<\/form>/gs)) {
        assert.match(form, /method="post"/);
        assert.match(form, TOKENS[sample.page] ?? /name="_csrf" value="csrf-1"/);
      }
      assert.doesNotMatch(html, /<style|\sstyle=|\son\w+=|<script(?! src=)|javascript:/);
      for (const [, path = ''] of html.matchAll(/(?:src|href)="(\/assets\/[^"]*)"/g)) assert.ok(assets.find(path), path);
      assert.equal([...html.matchAll(/<h1/g)].length, 1);
    });

    test(`${sample.name}: markup in any field is escaped`, () => {
      const html = render({ ...sample, data: infect(sample.data) } as Sample);
      assert.doesNotMatch(html, /<img|["']><img/);
      assert.match(html, /&lt;img src=x/);
    });

    test(`${sample.name}: reads no field that its data does not have`, () => {
      const data = Object.entries(sample.data).map(([key, value]) => [key, strict(value, key)]);
      render({ ...sample, data: Object.fromEntries(data) } as Sample);
    });

    test(`${sample.name}: an uncached rendering is the same`, () => {
      const uncached = createViews({ assets, cache: false });
      assert.equal(uncached.render(sample.page, sample.data as PageData[typeof sample.page]), render(sample));
    });
  }
});

describe('views', () => {
  test('have a sample for each page', () => {
    const pages = sources.map(({ path }) => path.slice('views/'.length, -'.ejs'.length));
    const parts = new Set(pages.filter((page) => sources.some(({ text }) => text.includes(`'/${page}'`))));
    assert.deepEqual(pages.filter((page) => !parts.has(page)).sort(), [...new Set(samples.map(({ page }) => page as string))].sort());
  });

  test('print unescaped only what they include and what is TrustedHtml', () => {
    for (const { path, text } of sources) {
      for (const [tag] of text.matchAll(/<%-.*?%>/gs))
        assert.match(tag, /^<%- (?:include\('\/[^']+'[^%]*\)|locals\.\w+\.trustedHtml) -?%>$/, path);
    }
  });

  test('use the classes of the style sheets, all of them and no other', () => {
    // What Swagger UI draws is none of our views.
    const sheets = globSync('public/*.css', { cwd: ROOT }).filter((path) => basename(path) !== 'docs-viewer.css');
    const css = sheets.map((path) => readFileSync(join(ROOT, path), 'utf8').replace(/\/\*.*?\*\//gs, ''));
    const styled = new Set(
      css
        .join('')
        .match(/\.[a-z][a-z0-9-]*/g)
        ?.map((name) => name.slice(1)),
    );
    const used = new Set(samples.flatMap((sample) => attributes(render(sample), 'class').flatMap((list) => list.split(' '))));
    // The diagram can draw arrows between all lanes, whatever the samples draw.
    for (const lanes of ['l12', 'l13', 'l14', 'l23', 'l24', 'l34', 'at-1', 'at-2', 'at-3', 'at-4', 'failed']) used.add(lanes);
    assert.deepEqual(
      [...used].filter((name) => !styled.has(name)),
      [],
    );
    assert.deepEqual(
      [...styled].filter((name) => !used.has(name)),
      [],
    );
  });

  test('use every icon', () => {
    const icon = sources.find(({ path }) => basename(path) === 'icon.ejs')?.text ?? '';
    const drawn = [...icon.matchAll(/^ {4}(\w+): '/gm)].map(([, name]) => name ?? '');
    const named = new Set(sources.flatMap(({ text }) => [...text.matchAll(/'(\w+)'/g)].map(([, name]) => name)));
    assert.ok(drawn.length > 15);
    assert.deepEqual(
      drawn.filter((name) => !named.has(name)),
      [],
    );
    for (const sample of samples) assert.doesNotMatch(render(sample), /<path d=""/, sample.name);
  });
});

test('a consent page links to web addresses only', () => {
  const sample = samples.find(({ name }) => name === 'consent-admin');
  assert.ok(sample?.page === 'interaction/consent');
  const client = { ...sample.data.client, policyUri: 'javascript:alert(1)', termsUri: 'data:text/html,x' };
  assert.doesNotMatch(views.render(sample.page, { ...sample.data, client }), /javascript:|data:text|Privacy policy|Terms of service/);
});

test('both answers of a consent are the same size and neither is chosen', () => {
  const html = render(samples.find(({ name }) => name === 'consent') as Sample);
  assert.match(html, /<button class="button wide" name="decision" value="deny">/);
  assert.match(html, /<button class="button solid wide" name="decision" value="allow">/);
});

test('an identity that has to be proved again is fixed, and a fresh sign-in remembers nobody unasked', () => {
  const again = render(samples.find(({ name }) => name === 'login-again') as Sample);
  assert.match(again, /name="identifier" autocomplete="username" value="alice@northmoor.example" readonly hidden/);
  assert.match(again, /Not you\?/);
  assert.doesNotMatch(render(samples.find(({ name }) => name === 'login') as Sample), /checked/);
});

test('the demo has a button for each try', () => {
  const html = render(samples.find(({ name }) => name === 'demo-result') as Sample);
  assert.deepEqual(
    [...html.matchAll(/name="try" value="(\w+)"/g)].map(([, value]) => value),
    [...DEMO_TRIES],
  );
});

describe('words', () => {
  const until = new Date('2026-11-23T14:31:01Z');
  const kinds: readonly ErrorKind[] = [
    'lost-interaction',
    'page-expired',
    'step-done',
    'wrong-redirect-uri',
    'unknown-client',
    'bad-request',
    'forbidden',
    'not-found',
    'wrong-host',
    'overloaded',
    'store-down',
    'our-fault',
  ];

  test('a pause never ends before its time, and says its zone', () => {
    assert.match(problems.accountPaused(until).next, /14:32 UTC/);
  });

  test('say what happened and what to do, without blame or exclamation', () => {
    const sentences = [
      ...Object.values(problems).map((problem) => (typeof problem === 'function' ? problem(until) : problem)),
      ...Object.values({ ...upstreamProblems, ...upstreamRefusals }).map((problem) => problem('Orbital Workspace')),
      linkFirst('Orbital Workspace', 'ada@example.com'),
      ...kinds.map((kind) => errorWords(kind, undefined)),
      ...kinds.map((kind) => errorWords(kind, 'Freight Planner')),
      ...Object.values(STANDARD_SCOPE_WORDS),
    ];
    for (const text of sentences.flatMap((each) => Object.values(each)).filter((each) => each !== undefined)) {
      assert.doesNotMatch(text, /!|'|\b(?:please|sorry|oops|invalid|illegal|users?)\b/i);
    }
  });
});
