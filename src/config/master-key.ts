import { randomBytes, randomUUID } from 'node:crypto';
import { link, mkdir, open, unlink } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { OperatorError } from '../lib/operator-error.ts';
import { decodeMasterKey } from './master-key-format.ts';
import { whyUnreadable } from './references.ts';
import type { Config } from './schema.ts';

/** There is no usable master key; the message says which and what to do. */
export class MasterKeyError extends OperatorError {
  override readonly name = 'MasterKeyError';
  readonly code = 'master_key_unusable';
}

/** Where the key is kept when the configuration has none and the issuer is local. */
export function masterKeyFile({ data_dir: folder }: Pick<Config, 'data_dir'>): string {
  return join(folder, 'master.key');
}

/**
 * The 32 bytes everything secret is derived from: secrets.master_key, else, on localhost, data_dir/master.key, made at first start.
 * Processes that start at once get the same key.
 * @throws MasterKeyError when there is none, or its file is damaged or open to others
 */
export async function loadMasterKey(config: Pick<Config, 'local' | 'data_dir' | 'secrets'>): Promise<Buffer> {
  if (config.secrets.master_key !== null) return decode(config.secrets.master_key, 'secrets.master_key');
  if (!config.local) throw new MasterKeyError('There is no master key. Set secrets.master_key: outside localhost none is generated.');
  const file = masterKeyFile(config);
  return (await readKeyFile(file)) ?? (await makeKeyFile(file));
}

/** Undefined when there is no such file. */
async function readKeyFile(file: string): Promise<Buffer | undefined> {
  const handle = await open(file, 'r').catch((cause: unknown) => {
    if (codeOf(cause) === 'ENOENT' || codeOf(cause) === 'ENOTDIR') return undefined;
    throw new MasterKeyError(`The key file ${file} ${whyUnreadable(cause)}. Let the user that runs Gatehouse read it.`, { cause });
  });
  if (!handle) return undefined;
  await using opened = handle;
  const stats = await opened.stat();
  const { mode } = stats;
  if (!stats.isFile()) throw new MasterKeyError(`The key file ${file} is no file. Move away what is there.`);
  if (mode & 0o077) {
    const octal = (mode & 0o777).toString(8).padStart(4, '0');
    throw new MasterKeyError(`The key file ${file} is open to others (mode ${octal}). Run: chmod 600 ${file}`);
  }
  return decode((await opened.readFile('utf8')).trim(), `The key file ${file}`);
}

async function makeKeyFile(file: string): Promise<Buffer> {
  const draft = `${file}.${randomUUID()}`;
  try {
    await mkdir(dirname(file), { recursive: true, mode: 0o700 });
    await writeDurably(draft, `${randomBytes(32).toString('base64')}\n`);
    // A link never replaces a file: of many first starts one wins, and a reader never sees half a key.
    await link(draft, file).catch((error: unknown) => {
      if (codeOf(error) !== 'EEXIST') throw error;
    });
    await unlink(draft);
    await syncFolder(dirname(file));
  } catch (cause) {
    throw new MasterKeyError(
      `The key file ${file} cannot be made (${codeOf(cause) ?? cause}). Let this user write there, or set data_dir to another folder.`,
      { cause },
    );
  }
  const key = await readKeyFile(file);
  if (!key) throw new MasterKeyError(`The key file ${file} vanished while it was being made. Start again.`);
  return key;
}

async function writeDurably(file: string, text: string): Promise<void> {
  await using handle = await open(file, 'wx', 0o600);
  await handle.writeFile(text);
  await handle.sync();
}

/** A key that a power cut takes away takes everything with it that was stored encrypted. */
async function syncFolder(folder: string): Promise<void> {
  await using handle = await open(folder, 'r');
  await handle.sync();
}

function decode(text: string, name: string): Buffer {
  const key = decodeMasterKey(text);
  if (!key) throw new MasterKeyError(`${name} does not hold 32 bytes in base64. Put the key back that was there, from your copy.`);
  return key;
}

function codeOf(error: unknown): unknown {
  return error instanceof Error && 'code' in error ? error.code : undefined;
}
