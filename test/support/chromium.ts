import { existsSync } from 'node:fs';
import { type Browser, chromium } from 'playwright-core';

const PATH = process.env.CHROMIUM ?? '/usr/bin/chromium';

const FLAGS = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
];

/** The system's Chromium, headless. Without it the tests fail; what only a browser shows is never skipped. */
export async function launchChromium(): Promise<Browser> {
  if (!existsSync(PATH)) {
    const remedy = process.env.CI === 'true' ? '' : ' Install it (Debian: apt-get install chromium), or name another in CHROMIUM.';
    throw new Error(`There is no Chromium at ${PATH}.${remedy}`);
  }
  return await chromium.launch({ executablePath: PATH, args: FLAGS });
}
