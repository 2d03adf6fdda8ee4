import { isSection, valueAt } from './layers.ts';
import type { LoadedConfig } from './load-config.ts';
import { masterKeyFile } from './master-key.ts';
import type { Path } from './path.ts';
import type { Config } from './schema.ts';
import { isSecret, MASK, withoutCredentials } from './secrets.ts';

const WIDEST_VALUE = 48;

/** Keys whose value stands for something else: what it comes to. */
const EFFECTIVE: Readonly<Record<string, (config: Config) => unknown>> = {
  'secrets.master_key': (config) => (config.secrets.master_key === null ? `file:${masterKeyFile(config)}` : MASK),
  'api.resource': (config) => config.apiResource,
  demo: (config) => (config.demoEnabled ? 'on' : 'off'),
};

/** The configuration in effect and where each value came from, secrets masked: a line for each key. */
export function describeConfig(loaded: LoadedConfig): string {
  const rows = settingsOf(loaded).map(({ path, value, source }) => ({ path, source, lines: linesOf(value) }));
  const pathWidth = Math.max(...rows.map(({ path }) => path.length));
  const valueWidth = Math.min(WIDEST_VALUE, Math.max(...rows.map(({ lines }) => lines[0]?.length ?? 0)));
  return rows
    .flatMap(({ path, source, lines: [first = '', ...further] }) => [
      `${path.padEnd(pathWidth)}  ${first.padEnd(valueWidth)}  ${source}`,
      ...further.map((line) => `${' '.repeat(pathWidth)}  ${line}`),
    ])
    .join('\n');
}

/** The same for machines: `{ "server.port": { "value": 3000, "source": "default" } }`. */
export function describeConfigAsJson(loaded: LoadedConfig): Readonly<Record<string, { value: unknown; source: string }>> {
  return Object.fromEntries(settingsOf(loaded).map(({ path, value, source }) => [path, { value, source }]));
}

function settingsOf({ config, sources }: LoadedConfig) {
  return Object.entries(sources).map(([path, source]) => {
    const keys = path.split('.');
    const value = EFFECTIVE[path]?.(config) ?? withoutSecrets(keys, valueAt(config, keys));
    return { path, source, value };
  });
}

function withoutSecrets(path: Path, value: unknown): unknown {
  if (Array.isArray(value)) return value.map((item, index) => withoutSecrets([...path, index], item));
  if (isSection(value))
    return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, withoutSecrets([...path, key], inner)]));
  if (isSecret(path)) return value === null ? null : MASK;
  return typeof value === 'string' ? withoutCredentials(value) : value;
}

function linesOf(value: unknown): readonly string[] {
  if (typeof value === 'string') return [value];
  const isListOfSections = Array.isArray(value) && value.some((item) => typeof item === 'object');
  return isListOfSections ? [`${value.length} items`, ...value.map((item) => JSON.stringify(item))] : [JSON.stringify(value)];
}
