import { type Homed, homeRivalOf, homeRivalWords } from '../domain/federation/home-domains.ts';
import { type ProviderSettings, providerSettingsSchema } from '../domain/federation/provider-settings.ts';
import { problemsOf } from '../domain/federation/settings-problems.ts';
import { isSafeAddress } from '../lib/safe-address.ts';
import type { Fault } from './fault.ts';
import type { Rule, RuleInput } from './rule.ts';
import { configSchema } from './schema.ts';
import { WEB_OIDC_CALLBACK, WEB_OIDC_ID, webOidcSettings } from './web-oidc.ts';

const isOn = (value: RuleInput['value']) => value('web.oidc.enabled') === true;

const needed = (key: string, mend: string): Rule => ({
  path: `web.oidc.${key}`,
  check: ({ value }) =>
    isOn(value) && value(`web.oidc.${key}`) === null ? ['Signing in elsewhere is on, and this is missing.', mend] : undefined,
});

export const FEDERATION_RULES: readonly Rule[] = [
  needed('issuer', 'Set it to the address of the provider, or web.oidc.enabled to false.'),
  needed('client_id', 'Set it to what the provider calls this client.'),
  {
    path: 'web.oidc.redirect_uri',
    check({ value }) {
      const given = value('web.oidc.redirect_uri');
      return typeof given === 'string' && !hasCallback(given)
        ? [
            'No answer of a provider would arrive there.',
            `Write an address that ends in ${WEB_OIDC_CALLBACK}, or null for that of the issuer.`,
          ]
        : undefined;
    },
  },
  {
    path: 'web.oidc.page',
    check({ value }) {
      const page = value('web.oidc.page');
      return typeof page === 'string' && !isSafeAddress(page)
        ? ['A code that is good for a session would cross the network in the clear.', 'Write an https address, or one on localhost.']
        : undefined;
    },
  },
];

function hasCallback(address: string): boolean {
  const { pathname, search, hash } = new URL(address);
  return pathname === WEB_OIDC_CALLBACK && search === '' && hash === '';
}

/** Where each member of a provider stands in web.oidc. */
const WEB_OIDC_KEYS: Readonly<Record<string, string>> = { claims: 'role_claim' };

/** What is wrong with providers whose members are each of the right shape: every fault of every one. */
export function faultsOfProviders({ value }: RuleInput): readonly Fault[] {
  const given = value('federation.providers');
  const listed = (Array.isArray(given) ? given : []).map((item) => providerSettingsSchema.safeParse(item).data);
  const ids = [...listed.map((provider) => provider?.id), ...(isOn(value) ? [WEB_OIDC_ID] : [])];
  const ofList = listed.flatMap((provider, index) => {
    if (!provider) return [];
    const at = (field: string) => `federation.providers[${index}].${field}`;
    const rival = homeRivalOf(
      homedOf(provider),
      listed.slice(0, index).flatMap((each) => (each ? [homedOf(each)] : [])),
    );
    const faults = [
      ...problemsOf(provider).map(({ field, problem, mend }) => ({ path: at(field), problem, mend })),
      ...(rival ? [{ path: at('home_domains'), ...homeRivalWords(provider.id, rival) }] : []),
    ];
    const isTaken = ids.indexOf(provider.id) < index || ids.lastIndexOf(provider.id) >= listed.length;
    return isTaken
      ? [
          ...faults,
          { path: at('id'), problem: `Another provider is called ${JSON.stringify(provider.id)} too.`, mend: takenMend(provider.id) },
        ]
      : faults;
  });
  return [...ofList, ...faultsOfWebOidc(value)];
}

function homedOf({ id, tenant, home_domains, enabled }: ProviderSettings): Homed {
  return { id, tenantId: tenant ?? undefined, homeDomains: home_domains ?? [], disabled: enabled === false };
}

function takenMend(id: string): string {
  return id === WEB_OIDC_ID ? 'Give it another id: this is that of web.oidc.' : 'Give one of them another id.';
}

function faultsOfWebOidc(value: RuleInput['value']): readonly Fault[] {
  // Undefined where something in it has another shape than it should, which is told already.
  const { data: web } = configSchema.shape.web.safeParse(value('web'));
  const settings = web && webOidcSettings({ web, tenant: { slug: 'any', name: 'any', registration: 'closed' } });
  const problems = settings ? problemsOf(settings) : [];
  return problems.map(({ field, problem, mend }) => ({ path: `web.oidc.${WEB_OIDC_KEYS[field] ?? field}`, problem, mend }));
}
