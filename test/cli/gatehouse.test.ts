import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import packageJson from '../../package.json' with { type: 'json' };
import { BIN, createCommandLine, ROOT, runProcess } from './command-line.ts';

describe('gatehouse', () => {
  it('explains itself', async () => {
    await using cli = await createCommandLine();
    assert.match(await cli.say(['--help']), /^Usage: gatehouse .*account.*client.*keys.*audit.*config.*Exit codes: 0 done/s);
    assert.match(await cli.say(['client', 'add', '--help']), /--redirect-uri <uri>/);
    assert.equal(await cli.say(['--version']), `${packageJson.version}\n`);
  });

  it('answers a command line that makes no sense with exit code 2', async () => {
    await using cli = await createCommandLine();
    const { exitCode, stdout, stderr } = await cli.run(['clint']);
    assert.deepEqual({ exitCode, stdout }, { exitCode: 2, stdout: '' });
    assert.match(stderr, /^Unknown command 'clint'\n\(Did you mean client\?\)\n`gatehouse --help` shows what there is\.\n$/);
    for (const args of [
      [],
      ['client'],
      ['client', 'lst'],
      ['client', 'show'],
      ['client', 'show', 'a', 'b'],
      ['client', 'list', '--all'],
      ['account', 'add', 'a@example.com', '--role'],
      ['--config'],
    ]) {
      const { error, message } = await cli.fail(2, args);
      assert.equal(error, 'usage', args.join(' '));
      assert.match(message, /--help` shows what there is\.$/, args.join(' '));
    }
    assert.match((await cli.fail(2, ['client'])).message, /needs a command: add, list, show, update, secret, remove/);
  });

  it('keeps process logs out of its output, whatever the configuration says of them', async () => {
    await using cli = await createCommandLine({ GATEHOUSE_LOG__LEVEL: 'debug' });
    assert.match(await cli.say(['account', 'add', 'a@example.com']), /^Account /);
  });

  it('says what is wrong with the store, and exits with 1', async () => {
    await using cli = await createCommandLine();
    await writeFile(join(cli.folder, 'data', 'gatehouse.db'), 'not a database at all, but long enough to be looked at '.repeat(40));
    const { error, message } = await cli.fail(1, ['client', 'list']);
    assert.equal(error, 'storage_unusable');
    assert.match(message, /gatehouse\.db/);
  });

  it('does not let a stored text rule the terminal', async () => {
    await using cli = await createCommandLine();
    const { exitCode, stderr } = await cli.run(['account', 'show', 'x\u001b[2J\u202e']);
    assert.equal(exitCode, 1);
    assert.match(stderr, /x\\u001b\[2J\\u202e/);
  });
});

describe('the launcher', () => {
  const env = { PATH: process.env.PATH ?? '', HOME: process.env.HOME ?? '' };

  it('tells an old Node what to do', async () => {
    const pretend = `data:text/javascript,Object.defineProperty(process,'versions',{value:{...process.versions,node:'20.1.0'}})`;
    const { exitCode, stderr } = await runProcess(process.execPath, ['--import', pretend, BIN, 'client', 'list'], { cwd: ROOT, env });
    assert.equal(exitCode, 1);
    assert.match(stderr, /^Gatehouse needs Node\.js 24 or later .*npx gatehouse.*\n$/);
  });

  it('runs by npx on the Node of the project, without the network', async () => {
    await using cli = await createCommandLine();
    const PATH = env.PATH.split(':')
      .filter((folder) => !folder.includes('node_modules'))
      .join(':');
    const offline = { ...env, PATH, npm_config_cache: cli.folder, npm_config_offline: 'true' };
    const { exitCode, stdout } = await runProcess('npx', ['gatehouse', '--version'], { cwd: ROOT, env: offline });
    assert.deepEqual({ exitCode, stdout }, { exitCode: 0, stdout: `${packageJson.version}\n` });
  });
});
