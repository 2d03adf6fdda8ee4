import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { describe, it } from 'node:test';
import { promisify } from 'node:util';
import { freePort } from '../support/free-port.ts';
import { startProcess } from '../support/start-process.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';

const run = promisify(execFile);
const CURL = '/usr/bin/curl';

describe('what a start prints', () => {
  it('offers the administrator link, the demo, and a curl that gets a token', async (t) => {
    await using folder = await temporaryFolder();
    const env = { PORT: String(await freePort()), GATEHOUSE_DATA_DIR: folder.path };
    await using server = await startProcess(env);
    const printed = server.output();
    assert.ok(printed.includes(`Gatehouse is ready at ${server.issuer}`));
    assert.match(printed, /\/setup\/[\w-]{43}\n/);
    assert.match(printed, /http:\/\/localhost:\d+\/demo\n/);
    const command = /^ *(curl .*)$/m.exec(printed)?.[1] ?? assert.fail(printed);
    if (!existsSync(CURL)) return t.diagnostic('there is no curl here to paste the command into');
    const { stdout } = await run('sh', ['-c', command]);
    const answer = JSON.parse(stdout) as { access_token: string; scope: string; token_type: string };
    assert.equal(answer.scope, 'read:interactions');
    assert.equal(answer.token_type, 'Bearer');

    assert.equal(await server.end('SIGTERM'), 0);
    await using again = await startProcess(env);
    assert.equal(/^ *(curl .*)$/m.exec(again.output())?.[1], command, 'the same at the next start');
  });

  it('says nothing of a demo that is off', async () => {
    await using folder = await temporaryFolder();
    await using server = await startProcess({ PORT: String(await freePort()), GATEHOUSE_DATA_DIR: folder.path, GATEHOUSE_DEMO: 'off' });
    assert.match(server.output(), /is ready at/);
    assert.doesNotMatch(server.output(), /demo|curl/i);
  });
});
