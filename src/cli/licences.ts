import type { Command } from 'commander';
import type { House } from '../compose.ts';
import { NotFoundError } from '../domain/errors.ts';
import { type Licence, licenceId } from '../domain/licences/licence.ts';
import type { Tenant } from '../domain/tenants/tenant.ts';
import { instant } from './arguments.ts';
import { type Answer, moment, table } from './output.ts';
import { ORIGIN, type Shell } from './shell.ts';

interface AddOptions {
  readonly agreement: string;
  readonly kind: string;
  readonly provides: string;
  readonly startsAt: Date;
  readonly expiresAt: Date;
  readonly device?: string;
  readonly tenant?: string;
}

const PAGE_SIZE = 1000;

export function addLicenceCommands(program: Command, { withHouse }: Shell): void {
  const licence = program.command('licence').description('rights of a tenant to use something for a time');
  const about = (command: string, description: string) => licence.command(command).description(description);

  about('add', 'make a licence')
    .argument('<key>', 'the licence key; no other has it')
    .requiredOption('--agreement <name>', 'name of what was agreed on')
    .requiredOption('--kind <kind>', 'what sort of agreement that is')
    .requiredOption('--provides <features>', 'names of the features it gives, separated by commas')
    .requiredOption('--starts-at <time>', 'ISO 8601 time, or a date: its begin in UTC', instant)
    .requiredOption('--expires-at <time>', 'the same', instant)
    .option('--device <uuid>', 'the one device it is for; any when left out')
    .option('--tenant <tenant>', 'slug or id; the tenant of the configuration when left out')
    .action((key: string, options: AddOptions) => withHouse((house, first) => add(house, first, { ...options, key })));
  about('list', 'list the licences')
    .option('--tenant <tenant>', 'of this tenant alone: slug or id')
    .action((options: { tenant?: string }) => withHouse((house) => list(house, options.tenant)));
  about('remove', 'remove a licence')
    .argument('<id>', 'as `gatehouse licence list` shows it')
    .action((id: string) => withHouse((house) => remove(house, id)));
}

async function add(house: House, first: Tenant, options: AddOptions & { readonly key: string }): Promise<Answer> {
  const { key, agreement: name, kind, startsAt, expiresAt, device: deviceId } = options;
  const tenant = options.tenant === undefined ? first : await house.tenants.resolve(options.tenant);
  const provides = options.provides.split(',').filter((feature) => feature.trim() !== '');
  const input = { tenantId: tenant.id, key, agreement: { name, kind, provides }, startsAt, expiresAt, deviceId };
  const licence = await house.licences.create(input, ORIGIN);
  return { document: documentOf(licence), text: () => `Licence ${licence.key} made in ${tenant.slug}. Its id: ${licence.id}` };
}

async function list(house: House, tenantName: string | undefined): Promise<Answer> {
  const tenants = tenantName === undefined ? await house.storage.tenants.list() : [await house.tenants.resolve(tenantName)];
  const slugs = new Map(tenants.map(({ id, slug }) => [id, slug]));
  const licences = (await Promise.all(tenants.map((tenant) => allOf(house, tenant)))).flat();
  const rows = licences.map((licence) => [
    licence.id,
    licence.key,
    licence.agreement.name,
    licence.agreement.kind,
    licence.agreement.provides.join(','),
    licence.deviceId,
    moment(licence.startsAt),
    moment(licence.expiresAt),
    slugs.get(licence.tenantId),
  ]);
  const headings = ['Id', 'Key', 'Agreement', 'Kind', 'Provides', 'Device', 'Starts', 'Expires', 'Tenant'];
  return {
    document: licences.map(documentOf),
    text: () => (rows.length === 0 ? 'No licences yet. `gatehouse licence add KEY` makes one.' : table(headings, rows)),
  };
}

async function allOf({ storage }: House, tenant: Tenant): Promise<readonly Licence[]> {
  const licences: Licence[] = [];
  for (;;) {
    const query = { orderBy: [{ field: 'key', descending: false }], offset: licences.length, limit: PAGE_SIZE } as const;
    const page = await storage.licences.list(tenant.id, query);
    licences.push(...page);
    if (page.length < PAGE_SIZE) return licences;
  }
}

async function remove(house: House, id: string): Promise<Answer> {
  const licence = await findAnywhere(house, id);
  await house.licences.remove(licence, ORIGIN);
  return { document: { ...documentOf(licence), removed: true }, text: () => `Licence ${licence.key} removed.` };
}

/** Ids are unique in the instance, so nobody has to say whose it is. */
async function findAnywhere({ storage }: House, id: string): Promise<Licence> {
  for (const tenant of await storage.tenants.list()) {
    const licence = await storage.licences.find(tenant.id, licenceId(id.toLowerCase()));
    if (licence) return licence;
  }
  throw new NotFoundError(`There is no licence “${id}”. \`gatehouse licence list\` shows those there are.`);
}

function documentOf(licence: Licence) {
  const { agreement } = licence;
  return {
    id: licence.id,
    key: licence.key,
    tenant_id: licence.tenantId,
    agreement: { name: agreement.name, kind: agreement.kind, provides: agreement.provides, published_at: agreement.publishedAt },
    device_id: licence.deviceId ?? null,
    starts_at: licence.startsAt,
    expires_at: licence.expiresAt,
    created_at: licence.createdAt,
  };
}
