import { after, before } from 'node:test';
import type { Browser, BrowserContextOptions, Page } from 'playwright-core';
import type { ClientMetadata } from '../../src/domain/clients/client-metadata.ts';
import { type Application, startApplication } from '../support/callback-server.ts';
import { launchChromium } from '../support/chromium.ts';
import { startServer, type TestServer } from '../support/start-server.ts';

/** Long enough for a busy machine; nothing waits for it unless it fails. */
const PATIENCE_MS = 15_000;

/** What one file of tests plays on: a server, a browser, and applications. */
export interface Stage {
  readonly server: TestServer;
  /** A page in a browser that has never been here. */
  newPage(options?: BrowserContextOptions): Promise<Page>;
  startApplication(name: string, metadata?: ClientMetadata): Promise<Application>;
}

/**
 * The stage of the tests around it, from before the first to after the last.
 * Whatever breaks the content security policy or throws in a page's script fails the file.
 * @param start when the server is not to be alone
 */
export function useStage(
  env: Record<string, string> = {},
  start: (env: Record<string, string>) => Promise<TestServer> = startServer,
): Stage {
  let server: TestServer;
  let browser: Browser;
  const applications: Application[] = [];
  const faults: string[] = [];
  before(async () => {
    // Each is kept as soon as it is there, so that the one is closed although the other failed.
    const starting = [
      launchChromium().then((launched) => {
        browser = launched;
      }),
      start(env).then((started) => {
        server = started;
      }),
    ];
    await Promise.allSettled(starting);
    await Promise.all(starting);
  });
  after(async () => {
    await browser?.close();
    for (const application of applications) await application[Symbol.asyncDispose]();
    await server?.[Symbol.asyncDispose]();
    if (faults.length > 0) throw new Error(`pages had faults:\n${faults.join('\n')}`);
  });
  return {
    get server() {
      return server;
    },
    async newPage(options = {}) {
      const context = await browser.newContext({ reducedMotion: 'reduce', ...options });
      context.setDefaultTimeout(PATIENCE_MS);
      context.on('console', (message) => /Content Security Policy/i.test(message.text()) && faults.push(message.text()));
      context.on('weberror', (error) => faults.push(error.error().message));
      return await context.newPage();
    },
    async startApplication(name, metadata) {
      const application = await startApplication(server, name, metadata);
      applications.push(application);
      return application;
    },
  };
}
