import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { chmod, mkdir, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { describe, it } from 'node:test';
import { loadMasterKey, MasterKeyError } from '../../src/config/master-key.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';
import { GOOD_KEY } from './load.ts';

const local = (data_dir: string) => ({ local: true, data_dir, secrets: { master_key: null } });

const modeOf = async (path: string) => ((await stat(path)).mode & 0o777).toString(8);

function refusal(message: RegExp): (error: unknown) => boolean {
  return (error) => error instanceof MasterKeyError && message.test(error.message);
}

describe('the master key', () => {
  it('is the one of the configuration, and no file is made', async () => {
    await using folder = await temporaryFolder();
    const key = await loadMasterKey({ ...local(folder.path), secrets: { master_key: GOOD_KEY } });
    assert.deepEqual(key, Buffer.from(GOOD_KEY, 'base64'));
    assert.deepEqual(await readdir(folder.path), []);
  });

  it('is generated on localhost, for its owner alone, and is the same at the next start', async () => {
    await using folder = await temporaryFolder();
    const data = join(folder.path, 'not', 'yet');
    const key = await loadMasterKey(local(data));
    assert.equal(key.length, 32);
    assert.deepEqual(await readdir(data), ['master.key']);
    assert.deepEqual([await modeOf(data), await modeOf(join(data, 'master.key'))], ['700', '600']);
    assert.equal(await readFile(join(data, 'master.key'), 'utf8'), `${key.toString('base64')}\n`);
    assert.deepEqual(await loadMasterKey(local(data)), key);
    await rm(data, { recursive: true });
    assert.notDeepEqual(await loadMasterKey(local(data)), key);
  });

  it('is never generated in production', async () => {
    await using folder = await temporaryFolder();
    await assert.rejects(loadMasterKey({ ...local(folder.path), local: false }), refusal(/Set secrets\.master_key/));
    assert.deepEqual(await readdir(folder.path), []);
  });

  it('is one for twenty starts at once in one process', async () => {
    await using folder = await temporaryFolder();
    const keys = await Promise.all(Array.from({ length: 20 }, () => loadMasterKey(local(folder.path))));
    assert.equal(new Set(keys.map((key) => key.toString('hex'))).size, 1);
    assert.deepEqual(await readdir(folder.path), ['master.key']);
  });

  it('is one for six processes that start at once', async () => {
    await using folder = await temporaryFolder();
    const module = new URL('../../src/config/master-key.ts', import.meta.url).href;
    const script = `
      const { loadMasterKey } = await import(${JSON.stringify(module)});
      const start = Number(process.argv[1]);
      while (Date.now() < start);
      process.stdout.write((await loadMasterKey(${JSON.stringify(local(join(folder.path, 'data')))})).toString('hex'));`;
    const start = Date.now() + 1500;
    const keys = await Promise.all(
      Array.from({ length: 6 }, () =>
        text(
          spawn(process.execPath, ['--input-type=module', '-e', script, String(start)], { stdio: ['ignore', 'pipe', 'inherit'] }).stdout,
        ),
      ),
    );
    assert.match(keys[0] ?? '', /^[0-9a-f]{64}$/);
    assert.equal(new Set(keys).size, 1);
  });

  for (const mode of [0o640, 0o604, 0o620, 0o601, 0o777]) {
    it(`is refused when its file has the mode ${mode.toString(8)}`, async () => {
      await using folder = await temporaryFolder();
      const file = join(folder.path, 'master.key');
      await writeFile(file, GOOD_KEY);
      await chmod(file, mode);
      await assert.rejects(
        loadMasterKey(local(folder.path)),
        refusal(new RegExp(`open to others \\(mode 0${mode.toString(8)}\\)\\. Run: chmod 600 ${file}$`)),
      );
    });
  }

  for (const [what, content] of [
    ['empty', ''],
    ['cut short', GOOD_KEY.slice(0, 20)],
    ['something else', 'changeme\n'],
  ] as const) {
    it(`is refused when its file is ${what}, and the file stays as it is`, async () => {
      await using folder = await temporaryFolder();
      const file = join(folder.path, 'master.key');
      await writeFile(file, content, { mode: 0o600 });
      await assert.rejects(loadMasterKey(local(folder.path)), refusal(/does not hold 32 bytes in base64\. Put the key back/));
      assert.equal(await readFile(file, 'utf8'), content);
    });
  }

  it('is refused with the reason when the folder cannot be made or the file is a folder', async () => {
    await using folder = await temporaryFolder();
    await writeFile(join(folder.path, 'file'), '');
    await mkdir(join(folder.path, 'data', 'master.key'), { recursive: true, mode: 0o700 });
    await assert.rejects(loadMasterKey(local(join(folder.path, 'file', 'data'))), refusal(/^The key file .* cannot be made \(ENOTDIR\)/));
    await assert.rejects(loadMasterKey(local(join(folder.path, 'data'))), refusal(/^The key file .* is no file/));
  });
});
