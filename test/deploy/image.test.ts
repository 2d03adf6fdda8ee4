import assert from 'node:assert/strict';
import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { cp, symlink } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { promisify } from 'node:util';
import packageJson from '../../package.json' with { type: 'json' };
import { freePort } from '../support/free-port.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';
import { NODE_VERSION, OPS_PATHS, ROOT, readText } from './files.ts';

const run = promisify(execFile);

/** Instructions in order, continued lines joined, comments left out. */
async function instructions(): Promise<readonly (readonly [name: string, rest: string])[]> {
  const text = (await readText('Dockerfile')).replace(/^#.*\n/gm, '').replace(/\\\n/g, ' ');
  return text
    .split('\n')
    .filter(Boolean)
    .map((line) => line.split(/\s+(.*)/s, 2) as [string, string]);
}

async function valuesOf(name: string): Promise<readonly string[]> {
  return (await instructions()).filter(([each]) => each === name).map(([, rest]) => rest);
}

/** What is copied from the project, not from another stage: sources, then the target. */
async function copies(): Promise<readonly (readonly string[])[]> {
  return (await valuesOf('COPY')).filter((rest) => !rest.startsWith('--')).map((rest) => rest.split(/\s+/));
}

/** The command of HEALTHCHECK, asking at another port than that of the image. */
async function healthCheck(port: number): Promise<readonly string[]> {
  const [rest = ''] = await valuesOf('HEALTHCHECK');
  const command = JSON.parse(rest.slice(rest.indexOf('['))) as string[];
  return command.map((part) => part.replace(':3000', `:${port}`));
}

describe('the container image', () => {
  it('has the Node.js of package.json and says its version', async () => {
    const from = await valuesOf('FROM');
    assert.equal(from.length, 2);
    for (const base of from) assert.ok(base.startsWith(`node:${NODE_VERSION}-`), base);
    assert.ok((await valuesOf('LABEL')).join().includes(`version="${packageJson.version}"`));
  });

  it('runs Node.js itself, as a user that Kubernetes can see is not root', async () => {
    assert.deepEqual(await valuesOf('USER'), ['1000:1000']);
    assert.deepEqual(await valuesOf('CMD'), ['["node", "src/main.ts"]']);
    assert.deepEqual(await valuesOf('EXPOSE'), ['3000']);
  });

  it('asks for its health where there is a route', async () => {
    const path = /:3000(\/\w+)/.exec((await valuesOf('HEALTHCHECK')).join())?.[1];
    assert.ok(path !== undefined && OPS_PATHS.includes(path), path);
  });

  it('lets into the build what is copied, and nothing else', async () => {
    const ignore = (await readText('.dockerignore')).split('\n').filter((line) => line !== '' && !line.startsWith('#'));
    assert.equal(ignore[0], '*');
    const wanted = new Set((await copies()).flatMap((parts) => parts.slice(0, -1)));
    assert.deepEqual(new Set(ignore.slice(1).map((line) => line.slice(1))), wanted);
  });

  it('starts from what is copied, tells its health, and has the command line', async () => {
    await using app = await temporaryFolder();
    await using data = await temporaryFolder();
    for (const parts of await copies()) {
      const target = parts.at(-1) ?? '';
      for (const source of parts.slice(0, -1)) {
        const isFolder = !source.includes('.') && target === source;
        await cp(join(ROOT, source), isFolder ? join(app.path, target) : join(app.path, target, source.split('/').at(-1) ?? ''), {
          recursive: true,
        });
      }
    }
    await symlink(join(ROOT, 'node_modules'), join(app.path, 'node_modules'));
    const port = await freePort();
    const env = {
      PATH: process.env.PATH ?? '',
      GATEHOUSE_DATA_DIR: data.path,
      GATEHOUSE_SERVER__HOST: '127.0.0.1',
      GATEHOUSE_SERVER__PORT: String(port),
      GATEHOUSE_LOG__LEVEL: 'error',
      GATEHOUSE_DEMO: 'off',
    };
    const [, ...check] = await healthCheck(port);

    await assert.rejects(run(process.execPath, check));
    const server = spawn(process.execPath, ['src/main.ts'], { cwd: app.path, env, stdio: ['ignore', 'pipe', 'inherit'] });
    const ended = once(server, 'exit');
    try {
      // The first thing it prints is that it is ready.
      await Promise.race([once(server.stdout, 'data'), ended]);
      await run(process.execPath, check);
      const { stdout } = await run(process.execPath, ['src/cli/launcher.js', 'account', 'list', '--json'], { cwd: app.path, env });
      assert.ok(stdout.trim().length > 0);
    } finally {
      server.kill('SIGTERM');
    }
    const [code] = (await ended) as [number | null];
    assert.equal(code, 0);
  });
});
