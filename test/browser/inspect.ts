import { mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { AxeResults } from 'axe-core';
import type { Page } from 'playwright-core';

const AXE = readFileSync(fileURLToPath(import.meta.resolve('axe-core/axe.min.js')), 'utf8');

/** WCAG 1.4.12: what people may set without losing anything. A constructed sheet, as the policy forbids inline ones. */
const SPACING = '* { line-height: 1.5 !important; letter-spacing: 0.12em !important; word-spacing: 0.16em !important }';

/** The states a page is measured in, one after the other; it ends as it was. */
const STATES = [
  ['with details open', "for (const details of document.querySelectorAll('details')) details.open = true"],
  ['with spaced text', `{ const sheet = new CSSStyleSheet(); sheet.replaceSync('${SPACING}'); document.adoptedStyleSheets = [sheet]; }`],
  [
    'as it comes',
    "{ document.adoptedStyleSheets = []; for (const details of document.querySelectorAll('details')) details.open = false; }",
  ],
] as const;

/** What axe judges by colour and size. The rest of its rules read the document, which is the same in every look. */
const APPEARANCE = ['color-contrast', 'link-in-text-block', 'target-size', 'scrollable-region-focusable'];

/** A width in CSS pixels and a colour scheme in which a page is looked at. */
export interface Look {
  readonly width: number;
  readonly scheme: 'light' | 'dark';
}

export interface Inspection {
  /** Names the screenshots. */
  readonly name: string;
  readonly looks: readonly Look[];
  /** Where to put a full-page screenshot of each look; none without. */
  readonly directory: string | undefined;
}

/** What axe finds, and whether the page is wider than its window, in each look, with details open and closed. */
export async function inspect(page: Page, { name, looks, directory }: Inspection): Promise<readonly string[]> {
  const faults: string[] = [];
  if (directory !== undefined) mkdirSync(directory, { recursive: true });
  // axe is put in by the browser's debugger, which the policy does not govern: bypassing it would hide the page's own violations.
  await page.evaluate(AXE);
  for (const [index, { width, scheme }] of looks.entries()) {
    const look = `${name} ${width} ${scheme}`;
    await page.setViewportSize({ width, height: 800 });
    await page.emulateMedia({ colorScheme: scheme });
    if (directory !== undefined) await page.screenshot({ path: join(directory, `${name}-${width}-${scheme}.png`), fullPage: true });
    for (const [state, change] of STATES) {
      await page.evaluate(change);
      const reach = await page.evaluate('document.documentElement.scrollWidth');
      if (reach !== width) faults.push(`${look}: ${reach} px wide ${state}`);
    }
    const { violations }: AxeResults = await page.evaluate(
      index === 0 ? 'axe.run()' : `axe.run({ runOnly: ${JSON.stringify(APPEARANCE)} })`,
    );
    for (const { id, help, nodes } of violations) faults.push(`${look}: ${id}: ${help}: ${nodes.map(({ html }) => html).join(' ')}`);
  }
  return faults;
}
