import assert from 'node:assert/strict';
import type { Locator, Page } from 'playwright-core';
import { codeAt } from '../support/authenticator.ts';
import type { Application } from '../support/callback-server.ts';
import { PASSWORD, type TestServer } from '../support/start-server.ts';

/** What a person does and sees, in their words: by label, role and text. */

/** What is seen of an element, once it is there, in one line. */
export async function textOf(locator: Locator): Promise<string> {
  await locator.waitFor();
  return (await locator.allInnerTexts()).join(' ').replace(/\s+/g, ' ').trim();
}

/** Waits for the page whose main heading is `title`. @throws Error that says which page is there instead */
export async function seePage(page: Page, title: string): Promise<void> {
  try {
    await page.getByRole('heading', { level: 1, name: title, exact: true }).waitFor();
  } catch (cause) {
    const text = await textOf(page.locator('body'));
    throw new Error(`“${title}” did not come; at ${page.url()} stands:\n${text.slice(0, 800)}`, { cause });
  }
}

export async function givePassword(page: Page, identifier: string, password = PASSWORD): Promise<void> {
  await page.getByLabel('Username or e-mail').fill(identifier);
  await page.getByLabel('Password', { exact: true }).fill(password);
  await press(page, 'Sign in');
}

export async function press(page: Page, name: string): Promise<void> {
  await page.getByRole('button', { name, exact: true }).click();
}

export async function allow(page: Page, application: Application): Promise<void> {
  await seePage(page, `${application.name} wants to use your account`);
  await press(page, 'Allow');
}

/** Waits for the application's page behind the sign-in. Resolves to the ID token's claims that stand there. */
export async function arrive(page: Page, application: Application): Promise<Readonly<Record<string, unknown>>> {
  await seePage(page, `Welcome to ${application.name}`);
  assert.equal(new URL(page.url()).origin, application.origin);
  return JSON.parse(await textOf(page.getByLabel('Claims')));
}

/** From the application's door to its inside, with password and consent. */
export async function signIn(page: Page, application: Application, identifier: string): Promise<Readonly<Record<string, unknown>>> {
  await page.goto(application.signInUrl());
  await givePassword(page, identifier);
  await allow(page, application);
  return await arrive(page, application);
}

/** What the page says is wrong. */
export async function alertOf(page: Page): Promise<string> {
  return await textOf(page.getByRole('alert'));
}

/** The label of whatever has the focus, or its text; a page that is just there takes a moment to give it. */
export async function focused(page: Page): Promise<string> {
  await page.waitForFunction('document.activeElement !== document.body');
  return await page.evaluate(
    `(({ labels, ariaLabel, textContent }) => (ariaLabel ?? labels?.[0]?.textContent ?? textContent).trim())(document.activeElement)`,
  );
}

/** What an authenticator app shows at the server's time, its key typed over with or without spaces. */
export async function codeOf(key: string, server: TestServer): Promise<string> {
  return await codeAt(server, key.replaceAll(' ', ''));
}

export async function giveCode(page: Page, code: string): Promise<void> {
  await page.getByLabel('Six-digit code').fill(code);
  await press(page, 'Continue');
}

export interface Enrolled {
  readonly key: string;
  readonly recoveryCodes: readonly string[];
}

/** Sets up an authenticator app by typing the key over, and keeps the recovery codes. */
export async function enrol(page: Page, server: TestServer): Promise<Enrolled> {
  await seePage(page, 'Set up your authenticator app');
  const key = await textOf(page.getByLabel('Can’t scan? Type this key'));
  await page.getByLabel('Type the code the app shows now').fill(await codeOf(key, server));
  await press(page, 'Turn on two-step sign-in');
  await seePage(page, 'Keep these recovery codes');
  const recoveryCodes = await page.getByRole('main').getByRole('listitem').allInnerTexts();
  await page.getByLabel(/I have put them somewhere safe/).check();
  await press(page, 'Continue');
  return { key, recoveryCodes };
}
