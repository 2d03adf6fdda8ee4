import { type Command, Option } from 'commander';
import type { House } from '../compose.ts';
import { accountId } from '../domain/accounts/account.ts';
import { AUDIT_TYPES, type AuditEvent, type AuditType } from '../domain/audit/audit-log.ts';
import { wholeNumber } from './arguments.ts';
import { type Answer, moment, table } from './output.ts';
import type { Shell } from './shell.ts';

interface ListOptions {
  readonly type?: AuditType;
  readonly account?: string;
  readonly client?: string;
  readonly tenant?: string;
  readonly limit: number;
  readonly before?: number;
}

export function addAuditCommands(program: Command, { withHouse }: Shell): void {
  const audit = program.command('audit').description('what happened: sign-ins, tokens, changes');
  audit
    .command('list')
    .description('list entries of the audit log, newest first')
    .addOption(new Option('--type <type>', 'of this type alone, like login.failed').choices(AUDIT_TYPES))
    .option('--account <name>', 'about this account alone: e-mail address, username or id')
    .option('--client <id>', 'about this client alone, removed ones too')
    .option('--tenant <tenant>', 'of this tenant alone: slug or id')
    .option('--limit <n>', 'how many at most', wholeNumber(1, 1000), 50)
    .option('--before <n>', 'older than the entry of this number', wholeNumber(1, Number.MAX_SAFE_INTEGER))
    .action((options: ListOptions) => withHouse((house) => list(house, options)));
}

async function list(house: House, options: ListOptions): Promise<Answer> {
  const { type, client, limit, before } = options;
  const tenant = options.tenant === undefined ? undefined : await house.tenants.resolve(options.tenant);
  const account = options.account === undefined ? undefined : await house.accounts.resolve(options.account);
  const filter = { type, clientId: client, tenantId: tenant?.id, accountId: account?.id, before, limit };
  const events = await house.storage.audit.list(filter);
  const names = await namesOf(house, events);
  const rows = events.map((event) => [
    String(event.sequence),
    moment(event.at),
    event.type,
    names.get(event.accountId) ?? event.accountId,
    event.clientId,
    event.ip,
    JSON.stringify(event.detail),
  ]);
  const oldest = events.at(-1);
  const more = events.length === limit && oldest ? `\nOlder ones: --before ${oldest.sequence}` : '';
  return {
    document: events.map(documentOf),
    text: () => (rows.length === 0 ? 'No entries.' : table(['Number', 'When', 'What', 'Account', 'Client', 'From', 'Detail'], rows) + more),
  };
}

/** People know e-mail addresses, the log knows ids. */
async function namesOf({ storage }: House, events: readonly AuditEvent[]): Promise<ReadonlyMap<string | undefined, string>> {
  const ids = [...new Set(events.flatMap((event) => event.accountId ?? []))];
  const accounts = await Promise.all(ids.map((id) => storage.accounts.findSubject(accountId(id))));
  return new Map(accounts.flatMap((account) => (account ? [[account.id, account.email]] : [])));
}

function documentOf(event: AuditEvent) {
  return {
    sequence: event.sequence,
    at: event.at,
    type: event.type,
    tenant_id: event.tenantId ?? null,
    account_id: event.accountId ?? null,
    client_id: event.clientId ?? null,
    request_id: event.requestId,
    ip: event.ip,
    detail: event.detail,
  };
}
