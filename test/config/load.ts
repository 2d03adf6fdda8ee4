import { rejects } from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { ConfigError, type Fault } from '../../src/config/fault.ts';
import { type LoadedConfig, loadConfig } from '../../src/config/load-config.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';

/** 32 bytes as a random generator makes them. */
export const GOOD_KEY = 'q5Iu7vbPdVJGZl1DlAeAEzL5NxgkO9yMoW2vR0cTsaY=';

interface Input {
  readonly env?: Record<string, string>;
  /** The user's file. */
  readonly yaml?: string;
}

/** Loads with a user's file in a folder of its own; `/srv` is the current folder. */
export async function load({ env = {}, yaml }: Input = {}): Promise<LoadedConfig> {
  await using folder = await temporaryFolder();
  const file = join(folder.path, 'user.yaml');
  if (yaml !== undefined) await writeFile(file, yaml);
  return await loadConfig({ env, cwd: '/srv', ...(yaml === undefined ? {} : { file }) });
}

/** The faults of a configuration that has to be refused. */
export async function faultsOf(input: Input): Promise<readonly Fault[]> {
  let faults: readonly Fault[] = [];
  await rejects(load(input), (error) => {
    if (!(error instanceof ConfigError)) throw error;
    faults = error.faults;
    return true;
  });
  return faults;
}
