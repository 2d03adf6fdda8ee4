import { type Command, Option } from 'commander';
import type { House } from '../compose.ts';
import type { Tenant } from '../domain/tenants/tenant.ts';
import type { TenantChange } from '../domain/tenants/tenant-service.ts';
import { collect } from './arguments.ts';
import { UsageError } from './failure.ts';
import { type Answer, moment, properties, table } from './output.ts';
import { ORIGIN, type Shell } from './shell.ts';

type Registration = 'open' | 'closed';

interface SetOptions {
  readonly name?: string;
  readonly registration?: Registration;
  readonly allowFrom?: readonly string[];
  readonly allowFromAnywhere?: true;
}

const TENANT = ['<tenant>', 'slug or id'] as const;

const registration = () =>
  new Option('--registration <state>', 'whether strangers can make themselves an account (POST /user)').choices(['open', 'closed']);

export function addTenantCommands(program: Command, { withHouse }: Shell): void {
  const tenant = program.command('tenant').description('organisations: people, clients and all they own belong to one');
  const about = (command: string, description: string) => tenant.command(command).description(description);

  about('add', 'make a tenant')
    .argument('<slug>', 'its short name: a-z, 0-9 and dashes')
    .requiredOption('--name <name>', 'what pages call it')
    .addOption(registration().default('closed'))
    .action((slug: string, options: { name: string; registration: Registration }) => withHouse((house) => add(house, slug, options)));
  about('list', 'list the tenants').action(() => withHouse(list));
  about('show', 'show a tenant')
    .argument(...TENANT)
    .action((name: string) => withHouse(async (house) => show(await house.tenants.resolve(name))));
  const setting = about('set', 'change a tenant; a flag replaces all there was of its kind')
    .argument(...TENANT)
    .option('--name <name>', 'what pages call it')
    .addOption(registration())
    .option('--allow-from <cidr>', 'address or block its API calls and API sign-ins may come from; give it once for each', collect)
    .addOption(new Option('--allow-from-anywhere', 'let them come from anywhere').conflicts('allowFrom'))
    .action((name: string, options: SetOptions) => {
      if (Object.keys(options).length === 0) throw new UsageError('There is nothing to change: give at least one flag.', setting);
      return withHouse((house) => change(house, name, changeOf(options)));
    });
  about('disable', 'let nobody of it sign in, and none of its clients and tokens work, until it is enabled')
    .argument(...TENANT)
    .action((name: string) => withHouse((house) => change(house, name, { disabled: true })));
  about('enable', 'let it work again, with the tokens that have not expired')
    .argument(...TENANT)
    .action((name: string) => withHouse((house) => change(house, name, { disabled: false })));
}

async function add(house: House, slug: string, options: { name: string; registration: Registration }): Promise<Answer> {
  const tenant = await house.tenants.create({ slug, name: options.name, registrationOpen: options.registration === 'open' }, ORIGIN);
  return { document: documentOf(tenant), text: () => `Tenant ${tenant.slug} made. Its id: ${tenant.id}` };
}

async function list(house: House): Promise<Answer> {
  const tenants = await house.storage.tenants.list();
  const rows = tenants.map((tenant) => [tenant.slug, tenant.name, tenant.id, registrationOf(tenant), stateOf(tenant)]);
  return { document: tenants.map(documentOf), text: () => table(['Slug', 'Name', 'Id', 'Registration', 'State'], rows) };
}

function show(tenant: Tenant): Answer {
  return {
    document: documentOf(tenant),
    text: () =>
      properties({
        Id: tenant.id,
        Slug: tenant.slug,
        Name: tenant.name,
        State: stateOf(tenant),
        Registration: registrationOf(tenant),
        'API calls from': tenant.allowedAddresses.length > 0 ? tenant.allowedAddresses : 'anywhere',
        Made: moment(tenant.createdAt),
      }),
  };
}

async function change(house: House, name: string, change: TenantChange): Promise<Answer> {
  const changed = await house.tenants.update(await house.tenants.resolve(name), change, ORIGIN);
  const { document, text } = show(changed);
  return { document, text: () => `Tenant ${changed.slug} changed.\n\n${text()}` };
}

function changeOf({ name, registration, allowFrom, allowFromAnywhere }: SetOptions): TenantChange {
  return {
    ...(name !== undefined && { name }),
    ...(registration !== undefined && { registrationOpen: registration === 'open' }),
    ...(allowFrom && { allowedAddresses: allowFrom }),
    ...(allowFromAnywhere && { allowedAddresses: [] }),
  };
}

const stateOf = ({ disabled }: Tenant) => (disabled ? 'disabled' : 'active');

const registrationOf = ({ registrationOpen }: Tenant): Registration => (registrationOpen ? 'open' : 'closed');

function documentOf(tenant: Tenant) {
  return {
    id: tenant.id,
    slug: tenant.slug,
    name: tenant.name,
    disabled: tenant.disabled,
    registration: registrationOf(tenant),
    allowed_addresses: tenant.allowedAddresses,
    created_at: tenant.createdAt,
  };
}
