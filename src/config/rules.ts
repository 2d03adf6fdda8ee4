import { InvalidValueError } from '../domain/errors.ts';
import { type NewTenant, newTenant } from '../domain/tenants/tenant.ts';
import type { Fault } from './fault.ts';
import { FEDERATION_RULES, faultsOfProviders } from './federation-rules.ts';
import { isLocal, normaliseIssuer, properIssuer } from './issuer.ts';
import { MAIL_RULES } from './mail-rules.ts';
import { decodeMasterKey, weaknessOf } from './master-key-format.ts';
import { METRICS_RULES } from './metrics-rules.ts';
import type { Rule, RuleInput } from './rule.ts';
import { STORE_RULES } from './store-rules.ts';

const NEW_KEY =
  'Make one with `openssl rand -base64 32` and set GATEHOUSE_SECRETS__MASTER_KEY, or secrets.master_key to "file:/run/secrets/master-key".';

/** What a shape cannot say. */
const ALWAYS: readonly Rule[] = [
  {
    path: 'issuer',
    check({ value }) {
      const issuer = normaliseIssuer(String(value('issuer')));
      const proper = properIssuer(issuer);
      const isProper = proper === undefined || issuer === proper || issuer === proper.replace(/^https:/, 'http:');
      return isProper ? undefined : [`${JSON.stringify(issuer)} is not just scheme and host, spelled as browsers do.`, `Write ${proper}.`];
    },
  },
  {
    path: 'server.port',
    check: ({ value, isSet }) =>
      value('server.port') === 0 && !isSet('issuer')
        ? ['Port 0 is picked when the server starts, so the issuer cannot follow it.', 'Set the issuer too, or name a port.']
        : undefined,
  },
  {
    path: 'server.port',
    check: ({ value }) =>
      value('server.port') === 0 && severalWorkers(value)
        ? ['Port 0 is picked anew by each worker, and they have to share one.', 'Name a port, or set server.workers to 1.']
        : undefined,
  },
  {
    path: 'demo',
    check: ({ value }) =>
      value('demo') === 'on' && severalWorkers(value)
        ? [
            'The demo keeps its visitors in one process, so it does not work with several.',
            'Set demo to auto or off, or server.workers to 1.',
          ]
        : undefined,
  },
  ...STORE_RULES,
  ...MAIL_RULES,
  ...METRICS_RULES,
  ...FEDERATION_RULES,
  { path: 'tenant.slug', check: ({ value }) => brokenTenantRule({ slug: String(value('tenant.slug')), name: 'any' }) },
  { path: 'tenant.name', check: ({ value }) => brokenTenantRule({ slug: 'any', name: String(value('tenant.name')) }) },
  {
    path: 'secrets.master_key',
    check({ value }) {
      const key = value('secrets.master_key');
      return typeof key !== 'string' || decodeMasterKey(key) ? undefined : ['The value is not 32 bytes in base64.', NEW_KEY];
    },
  },
];

/** What is right for a trial on one machine and wrong for everybody else. */
const PRODUCTION: readonly Rule[] = [
  {
    path: 'issuer',
    check({ value }) {
      const issuer = String(value('issuer'));
      return issuer.startsWith('http:')
        ? [
            'Only localhost may use http: elsewhere passwords and tokens would cross the network in the clear.',
            `Write ${properIssuer(issuer)}, and let a reverse proxy speak TLS.`,
          ]
        : undefined;
    },
  },
  {
    path: 'demo',
    check: ({ value }) =>
      value('demo') === 'on'
        ? ['The demo opens doors for everybody, so it runs on localhost only.', 'Set demo to auto or off.']
        : undefined,
  },
  {
    path: 'log.level',
    check: ({ value }) =>
      value('log.level') === 'trace' ? ['trace writes down more than a server may keep.', 'Set log.level to debug or above.'] : undefined,
  },
  {
    path: 'secrets.master_key',
    check({ value }) {
      const key = value('secrets.master_key');
      if (typeof key !== 'string') return ['There is no master key, and outside localhost none is generated.', NEW_KEY];
      const bytes = decodeMasterKey(key);
      const weakness = bytes && weaknessOf(key, bytes);
      return weakness ? [`The master key can be guessed: it ${weakness}.`, NEW_KEY] : undefined;
    },
  },
];

/** The rules that hold for this issuer and are broken, those of production included unless it is local. */
export function brokenRules(input: RuleInput): readonly Fault[] {
  const issuer = input.value('issuer');
  const isProduction = typeof issuer === 'string' && !isLocal(issuer);
  const broken = [...ALWAYS, ...(isProduction ? PRODUCTION : [])].flatMap(({ path, check }) => {
    const words = check(input);
    return words ? [{ path, problem: words[0], mend: words[1] }] : [];
  });
  return [...broken, ...faultsOfProviders(input)];
}

const severalWorkers = (value: RuleInput['value']) => Number(value('server.workers')) > 1;

function brokenTenantRule(tenant: NewTenant): readonly [string, string] | undefined {
  try {
    newTenant(tenant, new Date(0), '');
    return undefined;
  } catch (error) {
    if (!(error instanceof InvalidValueError)) throw error;
    return [`${JSON.stringify(error.field === 'slug' ? tenant.slug : tenant.name)} will not do.`, error.message];
  }
}
