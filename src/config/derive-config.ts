import { resolve } from 'node:path';
import { isLocal, normaliseIssuer } from './issuer.ts';
import type { Config, Settings } from './schema.ts';

const LOOPBACK = new Set(['localhost', '127.0.0.1', '::1']);

/** Adds what follows from the settings. Relative paths are relative to `cwd`. */
export function deriveConfig(settings: Settings, cwd: string): Config {
  const issuer = normaliseIssuer(settings.issuer);
  const local = isLocal(issuer);
  const dataDir = resolve(cwd, settings.data_dir);
  const { path } = settings.storage.sqlite;
  return {
    ...settings,
    issuer,
    data_dir: dataDir,
    local,
    demoEnabled: local && (settings.demo === 'on' || (settings.demo === 'auto' && LOOPBACK.has(settings.server.host))),
    sqlitePath: path === null ? resolve(dataDir, 'gatehouse.db') : resolve(cwd, path),
    apiResource: settings.api.resource ?? `${issuer}/api`,
  };
}
