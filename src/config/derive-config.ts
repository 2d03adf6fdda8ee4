import { resolve } from 'node:path';
import { type ConfiguredProvider, settleProvider } from '../domain/federation/settle-provider.ts';
import { isDemoOn } from './demo-mode.ts';
import { isLocal, normaliseIssuer } from './issuer.ts';
import { areMetricsApart } from './metrics-rules.ts';
import type { Config, Settings } from './schema.ts';
import { webOidcSettings } from './web-oidc.ts';

/** Adds what follows from the settings. Relative paths are relative to `cwd`. */
export function deriveConfig(settings: Settings, cwd: string): Config {
  const { slug, name, registration } = settings.tenant;
  const issuer = normaliseIssuer(settings.issuer);
  const local = isLocal(issuer);
  const dataDir = resolve(cwd, settings.data_dir);
  const demoEnabled = isDemoOn({ ...settings.server, demo: settings.demo, local });
  return {
    ...settings,
    issuer,
    data_dir: dataDir,
    local,
    storage: withAbsolutePath(settings.storage, (path) => (path === null ? resolve(dataDir, 'gatehouse.db') : resolve(cwd, path))),
    demoEnabled,
    firstTenant: { slug, name, registrationOpen: registration === 'open' || (registration === 'auto' && local) },
    mailTransport: settings.mail.transport === 'auto' ? usualTransport(settings.mail, demoEnabled) : settings.mail.transport,
    metricsApart: areMetricsApart(settings.metrics.listener, local),
    upstreamProviders: providersOf(settings),
    apiResource: settings.api.resource ?? `${issuer}/api`,
  };
}

function withAbsolutePath(storage: Settings['storage'], absolute: (path: string | null) => string): Config['storage'] {
  return storage.kind === 'sqlite' ? { ...storage, sqlite: { ...storage.sqlite, path: absolute(storage.sqlite.path) } } : storage;
}

function providersOf(settings: Settings): readonly ConfiguredProvider[] {
  const ofWeb = webOidcSettings(settings);
  return [...settings.federation.providers, ...(ofWeb ? [ofWeb] : [])].map(settleProvider);
}

function usualTransport({ smtp }: Settings['mail'], demoEnabled: boolean): Config['mailTransport'] {
  if (smtp.host !== null) return 'smtp';
  return demoEnabled ? 'captured' : 'off';
}
