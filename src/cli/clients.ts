import { type Command, Option } from 'commander';
import type { House } from '../compose.ts';
import { CLIENT_TYPES, type Client, type ClientType } from '../domain/clients/client.ts';
import { asMetadata } from '../domain/clients/client-service.ts';
import type { Tenant } from '../domain/tenants/tenant.ts';
import { wholeNumber } from './arguments.ts';
import { addMetadataFlags, type MetadataFlags, readMetadata } from './client-metadata-flags.ts';
import { everyPage } from './every-page.ts';
import { UsageError } from './failure.ts';
import { type Answer, moment, properties, table } from './output.ts';
import { ORIGIN, type Shell } from './shell.ts';

interface AddOptions extends MetadataFlags {
  readonly type: ClientType;
  readonly tenant?: string;
  readonly verified?: boolean;
}

interface UpdateOptions extends MetadataFlags {
  readonly verified?: boolean;
  readonly disable?: true;
  readonly enable?: true;
}

const ID = ['<id>', 'client_id'] as const;
const A_DAY = 86_400;
const A_YEAR = 365 * A_DAY;

export function addClientCommands(program: Command, { withHouse }: Shell): void {
  const client = program.command('client').description('applications and services that get tokens');
  const about = (command: string, description: string) => client.command(command).description(description);

  addMetadataFlags(about('add', 'register an application; the answer holds its secret, which is shown this once'))
    .argument('<name>', 'what people see when they allow access')
    .addOption(
      new Option('--type <type>', 'web: secret kept on a server; spa: in the browser; native: on a device; service: no person')
        .choices(CLIENT_TYPES)
        .makeOptionMandatory(),
    )
    .option('--tenant <tenant>', 'slug or id; the tenant of the configuration when left out')
    .option('--verified', 'vouch for who is behind it: the consent page says so')
    .action((name: string, options: AddOptions) => withHouse((house, first) => add(house, first, { ...options, name })));
  about('list', 'list the clients')
    .option('--tenant <tenant>', 'of this tenant alone: slug or id')
    .action((options: { tenant?: string }) => withHouse((house) => list(house, options.tenant)));
  about('show', 'show a client, without its secrets')
    .argument(...ID)
    .action((id: string) => withHouse(async (house) => show(house, await house.clients.resolve(id))));
  const updating = addMetadataFlags(about('update', 'change a client; a flag replaces all there was of its kind'))
    .argument(...ID)
    .option('--name <name>', 'what people see when they allow access')
    .option('--verified', 'vouch for who is behind it')
    .option('--no-verified', 'vouch for it no longer')
    .addOption(new Option('--disable', 'end its tokens and let it get no more').conflicts('enable'))
    .addOption(new Option('--enable', 'let it get tokens again').conflicts('disable'))
    .action((id: string, options: UpdateOptions) => {
      if (Object.keys(options).length === 0) throw new UsageError('There is nothing to change: give at least one flag.', updating);
      return withHouse((house) => update(house, id, options));
    });
  about('secret', 'give a client a new secret, shown this once; the one before goes on working for a while')
    .argument(...ID)
    .option('--overlap <seconds>', 'how long the one before goes on working; 0 ends it now', wholeNumber(0, A_YEAR), A_DAY)
    .action((id: string, options: { overlap: number }) => withHouse((house) => addSecret(house, id, options.overlap)));
  about('remove', 'remove a client, its grants and its tokens')
    .argument(...ID)
    .action((id: string) => withHouse((house) => remove(house, id)));
}

async function add(house: House, first: Tenant, options: AddOptions & { readonly name: string }): Promise<Answer> {
  const tenant = options.tenant === undefined ? first : await house.tenants.resolve(options.tenant);
  const metadata = (await readMetadata(options)) ?? {};
  const input = { tenantId: tenant.id, type: options.type, metadata, verified: options.verified ?? false };
  const { client, secret } = await house.clients.create(input, ORIGIN);
  const useless = client.type === 'service' && client.scopes.length === 0;
  const warning = useless ? ' It has no scopes, so it can do nothing yet: add them with `gatehouse client update`.' : '';
  return {
    document: { ...documentOf(client, secret), secrets: secretsOf(client) },
    text: () => `Client “${client.name}” registered.${warning}\n${explainSecret(client, secret)}`,
  };
}

async function list(house: House, tenantName: string | undefined): Promise<Answer> {
  const tenant = tenantName === undefined ? undefined : await house.tenants.resolve(tenantName);
  const clients = await everyPage((page) => house.storage.clients.list(tenant?.id, page));
  const slugs = new Map((await house.storage.tenants.list()).map(({ id, slug }) => [id, slug]));
  const rows = clients.map((client) => [
    client.id,
    client.name,
    client.type,
    client.scopes.join(' '),
    slugs.get(client.tenantId),
    stateOf(client),
  ]);
  return {
    document: clients.map((client) => documentOf(client)),
    text: () =>
      rows.length === 0
        ? 'No clients yet. `gatehouse client add NAME --type web --redirect-uri URI` registers one.'
        : table(['Client id', 'Name', 'Type', 'Scopes', 'Tenant', 'State'], rows),
  };
}

async function show(house: House, client: Client): Promise<Answer> {
  const tenant = await house.tenants.resolve(client.tenantId);
  return {
    document: { ...documentOf(client), secrets: secretsOf(client) },
    text: () =>
      properties({
        'Client id': client.id,
        Name: client.name,
        Type: client.type,
        Tenant: `${tenant.slug} (${tenant.id})`,
        State: stateOf(client),
        'Redirect URIs': client.redirectUris,
        'Post-logout redirect URIs': client.postLogoutRedirectUris,
        Scopes: client.scopes,
        PKCE: client.requirePkce ? 'required' : 'not required',
        'Refresh tokens': client.refreshWithoutOfflineAccess ? 'without offline_access too' : 'with offline_access',
        'Allowed origins': client.allowedOrigins,
        ...(client.type === 'service' && { 'Comes from': client.allowedAddresses.length > 0 ? client.allowedAddresses : 'anywhere' }),
        Secrets: client.secrets.map(
          (secret) =>
            `${secret.id}, made ${moment(secret.createdAt)}${secret.expiresAt ? `, works until ${moment(secret.expiresAt)}` : ''}`,
        ),
        'Other metadata': Object.entries(client.metadata).map(([name, value]) => `${name}: ${JSON.stringify(value)}`),
        Made: moment(client.createdAt),
        Changed: moment(client.updatedAt),
      }),
  };
}

async function update(house: House, id: string, options: UpdateOptions): Promise<Answer> {
  const client = await house.clients.resolve(id);
  const metadata = await readMetadata(options);
  const { verified, disable, enable } = options;
  const change = {
    ...(metadata && { metadata }),
    ...(verified !== undefined && { verified }),
    ...((disable || enable) && { disabled: disable === true }),
  };
  const changed = await house.clients.update(client, change, ORIGIN);
  const { document, text } = await show(house, changed);
  return { document, text: () => `Client “${changed.name}” changed.\n\n${text()}` };
}

async function addSecret(house: House, id: string, overlapSeconds: number): Promise<Answer> {
  const { client, secret } = await house.clients.addSecret(await house.clients.resolve(id), overlapSeconds, ORIGIN);
  const until = client.secrets.find(({ expiresAt }) => expiresAt !== undefined)?.expiresAt;
  const before = until ? `The secret before goes on working until ${moment(until)}.` : 'No other secret works any more.';
  return {
    document: { ...documentOf(client, secret), secrets: secretsOf(client) },
    text: () => `Client “${client.name}” has a new secret. ${before}\n${explainSecret(client, secret)}`,
  };
}

async function remove(house: House, id: string): Promise<Answer> {
  const client = await house.clients.resolve(id);
  await house.clients.remove(client, ORIGIN);
  return {
    document: { client_id: client.id, client_name: client.name, removed: true },
    text: () => `Client “${client.name}” (${client.id}) removed, with its grants and tokens.`,
  };
}

function explainSecret(client: Client, secret: string | undefined): string {
  if (secret === undefined) return `Its client_id: ${client.id}`;
  return `Its client_id: ${client.id}\nIts secret is shown this once: ${secret}`;
}

function stateOf(client: Client): string {
  return [client.disabled ? 'disabled' : 'active', ...(client.verified ? ['verified'] : [])].join(', ');
}

/** RFC 7591 metadata, with what the house adds. */
function documentOf(client: Client, secret?: string) {
  return {
    client_id: client.id,
    ...(secret !== undefined && { client_secret: secret }),
    ...asMetadata(client),
    type: client.type,
    tenant_id: client.tenantId,
    verified: client.verified,
    disabled: client.disabled,
    created_at: client.createdAt,
    updated_at: client.updatedAt,
  };
}

/** What tells two secrets apart; never the secrets. */
function secretsOf(client: Client) {
  return client.secrets.map(({ id, createdAt, expiresAt }) => ({ id, created_at: createdAt, expires_at: expiresAt ?? null }));
}
