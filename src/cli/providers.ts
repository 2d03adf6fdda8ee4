import { type Command, Option } from 'commander';
import type { House } from '../compose.ts';
import { registrationOf } from '../config/web-oidc.ts';
import { parseProviderChange, parseProviderSettings } from '../domain/federation/provider-settings.ts';
import { settingsOf } from '../domain/federation/settle-provider.ts';
import { PRESETS, type UpstreamProvider } from '../domain/federation/upstream-provider.ts';
import { UsageError } from './failure.ts';
import { type Answer, moment, properties, table } from './output.ts';
import { addProviderFlags, type ProviderFlags, readProviderDocument } from './provider-flags.ts';
import { explain, test } from './provider-trials.ts';
import { ORIGIN, type Shell } from './shell.ts';
import { readStandardInput } from './standard-input.ts';

interface AddOptions extends ProviderFlags {
  readonly preset?: string;
  readonly tenant?: string;
}

const ID = ['<id>', 'as `gatehouse provider list` shows it'] as const;

export function addProviderCommands(program: Command, { withHouse }: Shell): void {
  const provider = program.command('provider').description('other identity providers that people may sign in with');
  const about = (command: string, description: string) => provider.command(command).description(description);

  addProviderFlags(about('add', 'let people sign in with another provider'))
    .argument('<id>', 'its short name in addresses: a-z, 0-9 and dashes')
    .addOption(new Option('--preset <kind>', 'what is known of it beforehand; oidc is any with a discovery document').choices(PRESETS))
    .option('--tenant <tenant>', 'slug or id of the tenant whose people it is for; everybody’s when left out')
    .action((id: string, options: AddOptions) => withHouse((house) => add(house, id, options)));
  about('list', 'list the providers, those of the configuration too')
    .option('--tenant <tenant>', 'those that its people may sign in with: slug or id')
    .action((options: { tenant?: string }) => withHouse((house) => list(house, options.tenant)));
  about('show', 'show a provider, without its secret')
    .argument(...ID)
    .action((id: string) => withHouse(async (house) => show(house, await house.providers.resolve(id))));
  const updating = addProviderFlags(about('update', 'change a provider; a flag replaces all there was of its kind'))
    .argument(...ID)
    .action((id: string, options: ProviderFlags) => {
      if (Object.keys(options).length === 0) throw new UsageError('There is nothing to change: give at least one flag.', updating);
      return withHouse(async (house) => change(house, id, await readProviderDocument(options)));
    });
  about('test', 'walk a provider’s discovery, keys and token endpoint, and say what is wrong')
    .argument(...ID)
    .option('--sign-in', 'also try a sign-in, with a browser; the server has to be running')
    .action((id: string, options: { signIn?: true }) =>
      withHouse(async (house) => test(house, await house.providers.resolve(id), options)),
    );
  about('explain', 'show what somebody’s claims there, as JSON on standard input, would become here')
    .argument(...ID)
    .action((id: string) => withHouse(async (house) => explain(await house.providers.resolve(id), await readStandardInput())));
  about('disable', 'let nobody sign in with it until it is enabled')
    .argument(...ID)
    .action((id: string) => withHouse((house) => change(house, id, { enabled: false })));
  about('enable', 'let people sign in with it again')
    .argument(...ID)
    .action((id: string) => withHouse((house) => change(house, id, { enabled: true })));
  about('remove', 'remove a provider; accounts stay, and so do their links to people there')
    .argument(...ID)
    .action((id: string) => withHouse((house) => remove(house, id)));
}

async function add(house: House, id: string, { preset, tenant, ...flags }: AddOptions): Promise<Answer> {
  const document = await readProviderDocument(flags);
  const owner = tenant === undefined ? undefined : await house.tenants.resolve(tenant);
  const settings = parseProviderSettings({ ...document, id, ...(preset && { preset }), ...(owner && { tenant: owner.slug }) });
  const provider = await house.providers.create(settings, ORIGIN);
  return {
    document: await documentOf(house, provider),
    text: () =>
      `Provider “${provider.id}” made. Register this redirect URI there: ${registrationOf(provider.id, house.config).redirect_uri}`,
  };
}

async function list(house: House, tenantName: string | undefined): Promise<Answer> {
  const tenant = tenantName === undefined ? undefined : await house.tenants.resolve(tenantName);
  const providers = await house.providers.list(tenant?.id, { disabledToo: true });
  const documents = await Promise.all(providers.map((provider) => documentOf(house, provider)));
  const rows = providers.map((provider, index) => [
    provider.id,
    provider.name,
    provider.preset,
    provider.issuer,
    documents[index]?.tenant ?? 'all',
    stateOf(provider),
  ]);
  const none = 'No providers yet. `gatehouse provider add ID --preset oidc --issuer URL --client-id ID --client-secret-stdin` makes one.';
  const shown = rows.length === 0 ? none : table(['Id', 'Name', 'Kind', 'Issuer', 'Tenant', 'State'], rows);
  const homeless = tenant === undefined ? await homelessOf(house) : [];
  return { document: documents, text: () => [shown, ...homeless].join('\n') };
}

/** Those of the configuration that are nobody's, because their tenant is not there. */
async function homelessOf({ config, storage }: House): Promise<readonly string[]> {
  const slugs = new Set((await storage.tenants.list()).map(({ slug }) => slug));
  const homeless = config.upstreamProviders.filter(({ tenant }) => tenant !== undefined && !slugs.has(tenant));
  return homeless.map(({ id, tenant }) => `“${id}” of the configuration is not among them: there is no tenant “${tenant}”.`);
}

async function show(house: House, provider: UpstreamProvider): Promise<Answer> {
  const document = await documentOf(house, provider);
  const { roles } = provider;
  return {
    document,
    text: () =>
      properties({
        Id: provider.id,
        Name: provider.name,
        Kind: provider.preset,
        Tenant: document.tenant ?? 'all',
        State: stateOf(provider),
        Issuer: provider.issuer,
        'Client id': provider.clientId,
        Authentication: provider.authentication,
        'Redirect URI': document.redirect_uri,
        'After logout': document.post_logout_redirect_uri,
        'Tells of logout': document.backchannel_logout_uri,
        Scopes: provider.scopes,
        Claims: Object.entries(document.claims).flatMap(([name, path]) => (path === undefined ? [] : [`${name}: ${path}`])),
        Roles: Object.entries(roles.map).map(([role, values]) => `${role}: ${values.join(', ')}`),
        'Other roles': roles.fallback ?? 'refused',
        'New accounts': [provider.creation, ...provider.creationDomains].join(' '),
        'Trusted domains': provider.trustedDomains,
        'Home domains': provider.homeDomains,
        'Second factor': provider.secondFactor === 'trust' ? 'its word is good' : 'ours is asked for',
        'Signing out': provider.endsSession ? 'here and there' : 'here alone',
        'Its tokens': provider.keepsTokens ? 'kept, sealed' : 'not kept',
        ...(!provider.configured && { Made: moment(provider.createdAt), Changed: moment(provider.updatedAt) }),
      }),
  };
}

async function change(house: House, id: string, document: Readonly<Record<string, unknown>>): Promise<Answer> {
  const provider = await house.providers.resolve(id);
  const changed = await house.providers.update(provider, parseProviderChange(document), ORIGIN);
  const answer = await show(house, changed);
  return { document: answer.document, text: () => `Provider “${changed.id}” changed.\n\n${answer.text()}` };
}

async function remove(house: House, id: string): Promise<Answer> {
  const provider = await house.providers.resolve(id);
  await house.providers.remove(provider, ORIGIN);
  return { document: { id: provider.id, name: provider.name, removed: true }, text: () => `Provider “${provider.id}” removed.` };
}

function stateOf({ disabled, configured }: UpstreamProvider): string {
  return [disabled ? 'disabled' : 'active', ...(configured ? ['of the configuration'] : [])].join(', ');
}

/** The settings it could have come from, with what follows from them; never the secret. */
async function documentOf({ storage, config }: House, provider: UpstreamProvider) {
  const tenant = provider.tenantId === undefined ? undefined : await storage.tenants.find(provider.tenantId);
  return {
    ...settingsOf(provider, tenant?.slug),
    default_role: provider.roles.fallback ?? null,
    ...registrationOf(provider.id, config),
    configured: provider.configured,
    ...(!provider.configured && { created_at: provider.createdAt, updated_at: provider.updatedAt }),
  };
}
