import { ROLES } from '../policy/roles.ts';
import { THEIR_TENANT } from './issuers.ts';
import { PRESET_DEFAULTS, type PresetDefaults } from './presets.ts';
import type { ProviderSettings } from './provider-settings.ts';
import type { RoleRule } from './upstream-provider.ts';

interface SettingsProblem {
  /** Name of a member of the settings. */
  readonly field: keyof ProviderSettings;
  readonly problem: string;
  readonly mend: string;
}

interface Facts {
  readonly settings: ProviderSettings;
  readonly usual: PresetDefaults;
  readonly byKey: boolean;
  readonly hasSecret: boolean;
  readonly mapsRoles: boolean;
  readonly readsRole: boolean;
}

interface Rule {
  readonly field: SettingsProblem['field'];
  readonly isBroken: (facts: Facts) => boolean;
  readonly problem: (settings: ProviderSettings) => string;
  readonly mend: string;
}

const RULES: readonly Rule[] = [
  {
    field: 'issuer',
    isBroken: ({ settings, usual }) => (settings.issuer ?? usual.issuer) === undefined,
    problem: ({ preset }) => `A provider of the kind ${preset} has no issuer by itself.`,
    mend: 'Set issuer to the address under which its discovery document is.',
  },
  {
    field: 'issuer',
    isBroken: ({ settings }) => settings.preset !== 'entra' && settings.issuer?.includes(THEIR_TENANT) === true,
    problem: () => `Only the issuer of entra has a ${THEIR_TENANT} in it.`,
    mend: 'Write the issuer itself.',
  },
  {
    field: 'authentication',
    isBroken: ({ settings, usual }) =>
      usual.authenticationFixed === true && (settings.authentication ?? usual.authentication) !== usual.authentication,
    problem: ({ preset }) => `A provider of the kind ${preset} knows ${PRESET_DEFAULTS[preset].authentication} alone.`,
    mend: 'Leave authentication out.',
  },
  {
    field: 'client_secret',
    isBroken: ({ byKey, hasSecret }) => byKey && hasSecret,
    problem: () => 'With private_key_jwt we prove ourselves by our signing keys, and there is no secret.',
    mend: 'Leave client_secret out, or set authentication to client_secret_basic.',
  },
  {
    field: 'client_secret',
    isBroken: ({ byKey, hasSecret }) => !byKey && !hasSecret,
    problem: () => 'There is no client secret.',
    mend: 'Set client_secret to what the provider gave you for this client, or authentication to private_key_jwt.',
  },
  {
    field: 'client_secret',
    isBroken: ({ settings, hasSecret }) => settings.preset === 'apple' && hasSecret && !isAppleSecret(settings.client_secret ?? ''),
    problem: () => 'The secret of apple is not JSON with the texts team_id, key_id and private_key.',
    mend: 'Write {"team_id": "…", "key_id": "…", "private_key": "-----BEGIN PRIVATE KEY-----\\n…"}.',
  },
  {
    field: 'claims',
    isBroken: ({ mapsRoles, readsRole }) => mapsRoles && !readsRole,
    problem: () => 'There is a role_map, and no claim that it is for.',
    mend: 'Set the role of claims to the claim that holds their roles, or take role_map out.',
  },
  {
    field: 'role_map',
    isBroken: ({ mapsRoles, readsRole }) => readsRole && !mapsRoles,
    problem: () => 'There is a claim for roles, and no value of it means anything.',
    mend: 'Set role_map, like { admin: their-admins }, or take the claim out.',
  },
  {
    field: 'creation_domains',
    isBroken: ({ settings }) => settings.creation === 'domains' && !settings.creation_domains?.length,
    problem: () => 'Accounts are made for addresses of certain domains, and none is named.',
    mend: 'Set creation_domains.',
  },
  {
    field: 'creation_domains',
    isBroken: ({ settings }) => settings.creation !== 'domains' && Boolean(settings.creation_domains?.length),
    problem: () => 'creation_domains counts only when creation is domains.',
    mend: 'Set creation to domains, or take creation_domains out.',
  },
];

/** What is wrong with settings whose members are each all right. Tells no value of a secret. */
export function problemsOf(settings: ProviderSettings): readonly SettingsProblem[] {
  const usual = PRESET_DEFAULTS[settings.preset];
  const facts: Facts = {
    settings,
    usual,
    byKey: (settings.authentication ?? usual.authentication) === 'private_key_jwt',
    hasSecret: typeof settings.client_secret === 'string',
    mapsRoles: Object.keys(rolesOf(settings.role_map)).length > 0,
    readsRole: settings.claims?.role !== undefined,
  };
  return RULES.filter(({ isBroken }) => isBroken(facts)).map(({ field, problem, mend }) => ({ field, problem: problem(settings), mend }));
}

/** A role that no value means is not in it. */
export function rolesOf(given: ProviderSettings['role_map'] = {}): RoleRule['map'] {
  const entries = ROLES.map((role) => [role, [given[role] ?? []].flat()] as const);
  return Object.fromEntries(entries.filter(([, values]) => values.length > 0));
}

function isAppleSecret(text: string): boolean {
  try {
    const secret: unknown = JSON.parse(text);
    return ['team_id', 'key_id', 'private_key'].every((name) => typeof Reflect.get(Object(secret), name) === 'string');
  } catch {
    return false;
  }
}
