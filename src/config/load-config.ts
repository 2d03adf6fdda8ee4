import { resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { deriveConfig } from './derive-config.ts';
import { type Environment, readVariable } from './environment.ts';
import { environmentLayers } from './environment-layers.ts';
import { explainIssue } from './explain-issue.ts';
import { ConfigError, type Fault } from './fault.ts';
import { DEFAULT_SOURCE, type Layer, mergeLayers, type Section, sourceOf, valueAt } from './layers.ts';
import { formatPath } from './path.ts';
import { readSection } from './read-values.ts';
import { brokenRules } from './rules.ts';
import { type Config, configSchema } from './schema.ts';
import { leafPaths } from './schema-tree.ts';
import { dropOtherVariants } from './variants.ts';
import { readYamlFile } from './yaml-file.ts';

const DEFAULT_FILE = fileURLToPath(new URL('../../config/default.yaml', import.meta.url));

export interface LoadedConfig {
  /** Frozen to the last list. */
  readonly config: Config;
  /** Where each value came from, by key: `default`, the path of the file, or `environment NAME`. */
  readonly sources: Readonly<Record<string, string>>;
}

interface ConfigInput {
  readonly env: Environment;
  /** The user's file, as `--config` names it; stronger than GATEHOUSE_CONFIG. */
  readonly file?: string | undefined;
  /** What relative paths are relative to. */
  readonly cwd: string;
}

/**
 * Load order, each stronger than the one before: config/default.yaml, the user's file, PORT, the GATEHOUSE_ variables.
 * @throws ConfigError with every fault there is
 */
export async function loadConfig(input: ConfigInput): Promise<LoadedConfig> {
  const faults: Fault[] = [];
  const layers = await readLayers(input, faults);
  const values = dropOtherVariants(mergeLayers(layers), configSchema, (path) => sourceOf(layers, path) === DEFAULT_SOURCE);

  const parsed = configSchema.safeParse(values);
  const ofShape = (parsed.error?.issues ?? []).flatMap((issue) => explainIssue(issue, configSchema, layers));
  faults.push(...ofShape.filter(({ path }) => !isRefused(path, faults)));
  faults.push(...faultsOfRules(values, layers, faults));
  if (faults.length > 0 || !parsed.data) throw new ConfigError(faults);

  return deepFreeze({ config: deriveConfig(parsed.data, input.cwd), sources: sourcesOf(values, layers) });
}

/** Weakest first. What cannot be read is added to the faults. */
async function readLayers({ env, file, cwd }: ConfigInput, faults: Fault[]): Promise<readonly Layer[]> {
  const report = (fault: Fault) => faults.push(fault);
  const defaults = await readYamlFile(DEFAULT_FILE);
  const variables = environmentLayers(env, configSchema, report);
  const named = file ?? readVariable(env, 'GATEHOUSE_CONFIG');
  const overrides = named === undefined ? variables : [await userLayer(resolve(cwd, named), env, faults), ...variables];
  return [{ source: DEFAULT_SOURCE, values: withIssuerOfPort(defaults, overrides) }, ...overrides];
}

/** @throws ConfigError at once when the file cannot be read: nobody knows what it would have set, so the rest cannot be judged */
async function userLayer(file: string, env: Environment, faults: Fault[]): Promise<Layer> {
  const values = await readYamlFile(file).catch((cause: unknown) => {
    throw cause instanceof ConfigError ? new ConfigError([...cause.faults, ...faults], { cause }) : cause;
  });
  return { source: file, values: readSection(values, configSchema, { env, source: file, report: (fault) => faults.push(fault) }) };
}

/** `PORT=4000 npm start` just works: an issuer that nobody set follows the port. */
function withIssuerOfPort(defaults: Section, overrides: readonly Layer[]): Section {
  const port = valueAt(mergeLayers(overrides), ['server', 'port']);
  const isPort = Number.isInteger(port) && Number(port) > 0 && Number(port) <= 65_535;
  return isPort && sourceOf(overrides, ['issuer']) === undefined ? { ...defaults, issuer: `http://localhost:${port}` } : defaults;
}

/** Whether a key, or the section around it, has a fault already: then nothing more is said about it. */
function isRefused(path: string, faults: readonly Fault[]): boolean {
  return faults.some((fault) => path === fault.path || path.startsWith(`${fault.path}.`) || path.startsWith(`${fault.path}[`));
}

function faultsOfRules(values: Section, layers: readonly Layer[], faults: readonly Fault[]): readonly Fault[] {
  const accepted = (path: string) => (isRefused(path, faults) ? undefined : valueAt(values, path.split('.')));
  // A list comes from one place as a whole.
  const source = (path: string) => sourceOf(layers, path.replace(/\[.*/, '').split('.'));
  const broken = brokenRules({
    value: accepted,
    isSet: (path) => source(path) !== DEFAULT_SOURCE,
  });
  return broken.filter(({ path }) => !isRefused(path, faults)).map((fault) => ({ ...fault, source: source(fault.path) }));
}

function sourcesOf(values: Section, layers: readonly Layer[]): Readonly<Record<string, string>> {
  const present = leafPaths(configSchema).filter((path) => valueAt(values, path) !== undefined);
  return Object.fromEntries(present.map((path) => [formatPath(path), sourceOf(layers, path) ?? DEFAULT_SOURCE]));
}

function deepFreeze<T extends object>(value: T): T {
  for (const inner of Object.values(value)) if (typeof inner === 'object' && inner !== null) deepFreeze(inner);
  return Object.freeze(value);
}
