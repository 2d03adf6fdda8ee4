import assert from 'node:assert/strict';
import { glob, readFile } from 'node:fs/promises';
import { dirname, join, relative } from 'node:path';
import { describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';

const SRC = fileURLToPath(new URL('../src/', import.meta.url));

/** main -> server -> {http, oidc, compose -> {storage, mail, upstream}} -> domain -> lib. What a folder may import of the others; files of src/ itself are `root`. */
const ALLOWED: Readonly<Record<string, readonly string[]>> = {
  root: ['server', 'config', 'domain', 'storage', 'mail', 'upstream', 'lib'],
  server: ['root', 'config', 'domain', 'http', 'oidc', 'storage', 'lib'],
  cli: ['root', 'config', 'domain', 'lib'],
  config: ['domain', 'lib'],
  domain: ['lib'],
  http: ['domain', 'lib'],
  oidc: ['domain', 'lib'],
  storage: ['domain', 'lib'],
  mail: ['domain', 'lib'],
  upstream: ['domain', 'lib'],
  lib: [],
};

/** Packages with a home, which is a folder: nobody else imports them. */
const HOME: Readonly<Record<string, readonly string[]>> = {
  'oidc-provider': ['oidc'],
  'node:sqlite': ['storage'],
  mongoose: ['storage'],
  ioredis: ['storage'],
  'rate-limiter-flexible': ['storage'],
  koa: ['http', 'oidc', 'server'],
  '@koa/router': ['http'],
  ejs: ['http'],
  commander: ['cli'],
  yaml: ['config'],
  pino: ['lib'],
  bcrypt: ['domain'],
  nodemailer: ['mail'],
  'openid-client': ['upstream', 'http/demo'],
  'prom-client': ['http/ops'],
};

interface Import {
  readonly file: string;
  readonly folder: string;
  readonly target: string;
}

/** Folders of storage/ that know nothing of each other; mongo-redis/ joins two of them. */
const BACKENDS: readonly string[] = ['sqlite', 'mongo', 'redis'];

const folderOf = (path: string) => (path.includes('/') ? path.slice(0, path.indexOf('/')) : 'root');

async function readImports(): Promise<{ files: number; imports: readonly Import[] }> {
  const imports: Import[] = [];
  let files = 0;
  for await (const file of glob('**/*.ts', { cwd: SRC })) {
    files++;
    const text = await readFile(join(SRC, file), 'utf8');
    for (const [, target = ''] of text.matchAll(/(?:\bfrom\s+|\bimport\s+|\bimport\()'([^']+)'/g))
      imports.push({ file, folder: folderOf(file), target });
  }
  return { files, imports };
}

/** Imports of files of the house, with the path below src/ of what is imported. */
function innerOf(imports: readonly Import[]) {
  return imports
    .filter(({ target }) => target.startsWith('.'))
    .map((each) => ({ ...each, to: relative(SRC, join(SRC, dirname(each.file), each.target)) }))
    .filter(({ to }) => !to.startsWith('..'));
}

describe('architecture', () => {
  it('keeps to the allowed edges between folders', async () => {
    const { files, imports } = await readImports();
    assert.ok(files > 80, `saw only ${files} files`);
    const inner = innerOf(imports).map((each) => ({ ...each, to: folderOf(each.to) }));
    assert.ok(inner.length > 200, `saw only ${inner.length} imports`);
    const wrong = inner.filter(({ folder, to }) => to !== folder && !ALLOWED[folder]?.includes(to));
    assert.deepEqual(wrong, []);
  });

  it('keeps the backends of storage apart', async () => {
    const { imports } = await readImports();
    const backendOf = (path: string) => BACKENDS.find((name) => path.startsWith(`storage/${name}/`));
    const edges = innerOf(imports).map(({ file, to }) => ({ file, to, backends: [backendOf(file), backendOf(to)] as const }));
    const within = edges.filter(({ backends: [from, to] }) => from && from === to);
    assert.deepEqual(
      BACKENDS.filter((name) => !within.some(({ backends }) => backends[0] === name)),
      [],
      'every backend has been seen',
    );
    const wrong = edges.filter(({ backends: [from, to] }) => from && to && from !== to);
    assert.deepEqual(wrong, []);
  });

  it('keeps each package at home', async () => {
    const { imports } = await readImports();
    const wrong = imports.filter(({ file, target }) => {
      const home = Object.entries(HOME).find(([name]) => target === name || target.startsWith(`${name}/`));
      return home && !home[1].some((place) => file.startsWith(`${place}/`));
    });
    assert.deepEqual(wrong, []);
  });

  it('hands a port to another domain folder’s service, as a type, and implements it in storage alone', async () => {
    const foreign: { file: string; typeOnly: boolean }[] = [];
    const implementers: string[] = [];
    for await (const file of glob('domain/**/*.ts', { cwd: SRC })) {
      const text = await readFile(join(SRC, file), 'utf8');
      for (const [, type, target = ''] of text.matchAll(/^import (type )?[^;]*? from '(\.\.\/\w+\/[\w-]+-store\.ts)'/gm))
        if (dirname(join(dirname(file), target)) !== dirname(file)) foreign.push({ file, typeOnly: type !== undefined });
      if (/\bimplements\b|\):\s*(?:Promise<)?\w*(?:Store|Log|Counters)\b/.test(text.replaceAll(/\/\*[\s\S]*?\*\/|\/\/.*/g, '')))
        implementers.push(file);
    }
    assert.ok(foreign.length > 1, 'the services of sign-in and second factor look people up');
    assert.deepEqual(
      foreign.filter(({ typeOnly }) => !typeOnly),
      [],
    );
    assert.deepEqual(implementers, []);
  });

  it('reads the environment in src/config alone', async () => {
    const readers: string[] = [];
    for await (const file of glob('**/*.ts', { cwd: SRC })) {
      if (/process\.env\b/.test(await readFile(join(SRC, file), 'utf8'))) readers.push(file);
    }
    assert.deepEqual(readers, ['config/environment.ts']);
  });
});
