import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import Koa from 'koa';
import { loadAssets, serveAssets } from '../../src/http/assets.ts';
import { createViews } from '../../src/http/views.ts';
import { launchChromium } from '../support/chromium.ts';
import { inspect } from './inspect.ts';
import { samples } from './sample-pages.ts';

const POLICY = "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self' data:; base-uri 'none'; frame-ancestors 'none'";

/** Widths in CSS pixels and colour schemes in which each page is looked at. 320 px is WCAG 1.4.10 Reflow. */
const LOOKS = [
  { width: 1280, scheme: 'light' },
  { width: 360, scheme: 'dark' },
  { width: 320, scheme: 'light' },
] as const;

/** Everything that is wrong with one page in any look, empty when nothing is. */
export interface Finding {
  readonly name: string;
  readonly faults: readonly string[];
}

/** All but the one that a script draws of what only the server has: docs.test.ts looks at that. */
const shown = samples.filter(({ page }) => page !== 'docs/document');

/** Serves each sample at /<name>, with the assets and the strict policy of the real pages. */
function serveSamples() {
  const assets = loadAssets();
  const views = createViews({ assets, cache: true });
  const pages = new Map(shown.map(({ name, page, data }) => [`/${name}`, () => views.render(page, data)]));
  const app = new Koa();
  app.use(serveAssets(assets));
  app.use((ctx) => {
    const page = pages.get(ctx.path);
    if (page === undefined) return;
    ctx.set('Content-Security-Policy', POLICY);
    ctx.type = 'html';
    // A form that would send itself stays, to be looked at.
    ctx.body = page().replace(' data-goes-on', '');
  });
  return createServer(app.callback());
}

/** Looks at every sample in every look. With a directory, writes a full-page screenshot of each. */
export async function gallery(directory?: string): Promise<readonly Finding[]> {
  const server = serveSamples();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const browser = await launchChromium();
  try {
    let faults: string[] = [];
    // Reduced motion, so that no colour is measured in the middle of its transition.
    const page = await browser.newPage({ reducedMotion: 'reduce' });
    page.on('console', (message) => ['error', 'warning'].includes(message.type()) && faults.push(`console: ${message.text()}`));
    page.on('pageerror', (error) => faults.push(`script: ${error.message}`));
    page.on('requestfailed', (request) => faults.push(`request: ${request.url()}`));
    const findings: Finding[] = [];
    for (const { name } of shown) {
      faults = [];
      await page.goto(`${origin}/${name}`);
      faults.push(...(await inspect(page, { name, directory, looks: LOOKS })));
      findings.push({ name, faults });
    }
    return findings;
  } finally {
    await browser.close();
    server.close();
  }
}

if (import.meta.main) {
  const findings = await gallery(process.argv[2]);
  const bad = findings.filter(({ faults }) => faults.length > 0);
  for (const { name, faults } of bad) process.stderr.write(`${name}:\n  ${faults.join('\n  ')}\n`);
  process.stdout.write(`${findings.length} looked at, ${bad.length} with faults\n`);
  process.exitCode = bad.length > 0 ? 1 : 0;
}
