import { type Command, Option } from 'commander';
import { ConfigError } from '../config/fault.ts';
import { InvalidValueError } from '../domain/errors.ts';
import { providerSettingsSchema } from '../domain/federation/provider-settings.ts';
import { CREATIONS, PROVIDER_AUTHENTICATIONS, SECOND_FACTORS } from '../domain/federation/upstream-provider.ts';
import { ROLES } from '../domain/policy/roles.ts';
import { collect } from './arguments.ts';
import { readStandardInput } from './standard-input.ts';

/** What a provider is, as flags. */
export interface ProviderFlags {
  readonly file?: string;
  readonly name?: string;
  readonly issuer?: string;
  readonly clientId?: string;
  readonly clientSecretStdin?: true;
  readonly authentication?: string;
  readonly scope?: string;
  readonly claim?: readonly string[];
  readonly role?: readonly string[];
  readonly defaultRole?: string;
  readonly creation?: string;
  readonly creationDomain?: readonly string[];
  readonly trustedDomain?: readonly string[];
  readonly homeDomain?: readonly string[];
  readonly secondFactor?: string;
  readonly endsSession?: boolean;
  readonly keepsTokens?: boolean;
}

export function addProviderFlags(command: Command): Command {
  return command
    .option(
      '--file <file>',
      'settings as YAML or JSON, with the keys of federation.providers in config/default.yaml; the flags win over it',
    )
    .option('--name <name>', 'what the button calls it')
    .option('--issuer <url>', 'as in its discovery document')
    .option('--client-id <id>', 'what the provider calls us')
    .option('--client-secret-stdin', 'read the client secret from standard input')
    .addOption(new Option('--authentication <method>', 'how we prove ourselves there').choices(PROVIDER_AUTHENTICATIONS))
    .option('--scope <scopes>', 'what we ask for, separated by spaces')
    .option(
      '--claim <name=path>',
      'where it tells our email, email_verified, username, name, groups, role or tenant; give it once for each',
      collect,
    )
    .option('--role <role=value>', 'a value of the role claim, and the role it means here; give it once for each', collect)
    .addOption(new Option('--default-role <role>', 'role of whoever has none of those values').choices(ROLES))
    .addOption(new Option('--creation <who>', 'who gets an account at the first sign-in').choices(CREATIONS))
    .option('--creation-domain <domain>', 'whose addresses get one, with --creation domains; give it once for each', collect)
    .option('--trusted-domain <domain>', 'whose addresses it is the authority for; give it once for each', collect)
    .option('--home-domain <domain>', 'whoever types such an address is sent there; give it once for each', collect)
    .addOption(new Option('--second-factor <how>', 'trust its word for one, or ask for ours').choices(SECOND_FACTORS))
    .option('--ends-session', 'whoever signs out here is signed out there, too')
    .option('--no-ends-session', 'signing out here leaves them signed in there')
    .option('--keeps-tokens', 'its tokens are kept, sealed, and refreshed')
    .option('--no-keeps-tokens', 'its tokens are forgotten after each sign-in');
}

/**
 * The settings of the file with the flags over them, not yet looked at.
 * @throws InvalidValueError when the file or standard input cannot be read
 */
export async function readProviderDocument(flags: ProviderFlags): Promise<Readonly<Record<string, unknown>>> {
  const { file, name, issuer, clientId, clientSecretStdin, authentication, scope, claim, role, creation } = flags;
  const given = {
    name,
    issuer,
    client_id: clientId,
    client_secret: clientSecretStdin && (await readSecret()),
    authentication,
    scopes: scope?.split(/\s+/).filter((each) => each !== ''),
    claims: claim && Object.fromEntries(claim.map((each) => pairOf('--claim', each))),
    role_map: role && groupsOf(role.map((each) => pairOf('--role', each))),
    default_role: flags.defaultRole,
    creation,
    creation_domains: flags.creationDomain,
    trusted_domains: flags.trustedDomain,
    home_domains: flags.homeDomain,
    second_factor: flags.secondFactor,
    ends_session: flags.endsSession,
    keeps_tokens: flags.keepsTokens,
  };
  const overrides = Object.entries(given).filter(([, value]) => value !== undefined);
  return { ...(file !== undefined && (await readFile(file))), ...Object.fromEntries(overrides) };
}

async function readSecret(): Promise<string> {
  const secret = (await readStandardInput()).replace(/\r?\n$/, '');
  if (secret === '') throw new InvalidValueError('client_secret', 'There is no client secret on standard input.');
  return secret;
}

/** As in the configuration, a value may refer to a secret instead of holding it. */
async function readFile(file: string): Promise<Readonly<Record<string, unknown>>> {
  const [{ readYamlFile }, { readSection }, { readEnvironment }] = await Promise.all([
    import('../config/yaml-file.ts'),
    import('../config/read-values.ts'),
    import('../config/environment.ts'),
  ]);
  const report = ({ path, problem, mend }: ConfigError['faults'][number]) => {
    throw new InvalidValueError(path, `${path}: ${problem} ${mend}`);
  };
  const values = await readYamlFile(file).catch((error: unknown) => {
    const [fault] = error instanceof ConfigError ? error.faults : [];
    if (fault) return report(fault);
    throw error;
  });
  return readSection(values, providerSettingsSchema, { env: readEnvironment(), source: file, report });
}

function pairOf(flag: string, text: string): readonly [string, string] {
  const [, name, value] = /^([a-z_]+)=(.+)$/s.exec(text) ?? [];
  if (name === undefined || value === undefined)
    throw new InvalidValueError(flag, `${flag} ${text} has no name and value. Write NAME=VALUE.`);
  return [name, value];
}

function groupsOf(pairs: readonly (readonly [string, string])[]): Readonly<Record<string, readonly string[]>> {
  const names = [...new Set(pairs.map(([name]) => name))];
  return Object.fromEntries(names.map((name) => [name, pairs.filter(([other]) => other === name).map(([, value]) => value)]));
}
