import { shareMongodb } from './mongodb.ts';

let mongodb: AsyncDisposable | undefined;

/** Before the first file of a test run (`node --test-global-setup`): one server for all of them. A file that is run alone starts its own. */
export async function globalSetup(): Promise<void> {
  mongodb = await shareMongodb();
}

/** After the last. */
export async function globalTeardown(): Promise<void> {
  await mongodb?.[Symbol.asyncDispose]();
}
