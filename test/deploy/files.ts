import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { parse } from 'yaml';
import packageJson from '../../package.json' with { type: 'json' };
import { opsRouter } from '../../src/http/ops/router.ts';

export const ROOT = fileURLToPath(new URL('../../', import.meta.url));

/** What the image is called in every file. */
export const IMAGE = `gatehouse:${packageJson.version}`;

/** The version of Node.js that everybody else uses. */
export const NODE_VERSION = packageJson.devDependencies.node;

/** Where an orchestrator may ask. */
export const OPS_PATHS = opsRouter({ ping: async () => {}, stopping: () => false }).stack.map(({ path }) => path);

export async function readText(path: string): Promise<string> {
  return await readFile(`${ROOT}${path}`, 'utf8');
}

/** The one document of a YAML file. `Shape` is what the test looks at; a file of another shape fails it there. */
export async function readYaml<Shape>(path: string): Promise<Shape> {
  return parse(await readText(path), { merge: true }) as Shape;
}
