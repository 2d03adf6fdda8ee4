import { type Command, Option } from 'commander';
import type { House } from '../compose.ts';
import { NotFoundError } from '../domain/errors.ts';
import type { TokenEntry } from '../domain/tokens/token-entry.ts';
import { UsageError } from './failure.ts';
import { type Answer, moment, table } from './output.ts';
import { ORIGIN, type Shell } from './shell.ts';

interface Owner {
  readonly account?: string;
  readonly client?: string;
}

/** What people call the kinds. */
const KIND: Readonly<Record<TokenEntry['kind'], string>> = {
  AccessToken: 'access',
  ClientCredentials: 'service access',
  RefreshToken: 'refresh',
  LoginToken: 'login',
  ShortToken: 'short',
  PrivateToken: 'private',
  SessionToken: 'session',
  CloudAccessToken: 'cloud access',
  CloudRefreshToken: 'cloud refresh',
};

export function addTokenCommands(program: Command, { withHouse }: Shell): void {
  const token = program.command('token').description('what people and clients hold to be let in with; never shown themselves');
  const about = (command: string, description: string) => token.command(command).description(description);

  const listing = about('list', 'list the live tokens of a person or a client')
    .addOption(new Option('--account <name>', 'of this person: e-mail address, username or id').conflicts('client'))
    .option('--client <id>', 'of this client: client_id')
    .action((owner: Owner) => {
      if (owner.account === undefined && owner.client === undefined)
        throw new UsageError('Say whose tokens: give --account or --client.', listing);
      return withHouse((house) => list(house, owner));
    });
  about('revoke', 'end a token at once, with all that came of the same sign-in or grant')
    .argument('<id>', 'as `gatehouse token list` shows it')
    .action((id: string) => withHouse((house) => revoke(house, id)));
}

async function entriesOf({ tokens, accounts, clients }: House, { account, client = '' }: Owner): Promise<readonly TokenEntry[]> {
  if (account !== undefined) return await tokens.ofAccount((await accounts.resolve(account)).id);
  return await tokens.ofClient((await clients.resolve(client)).id);
}

async function list(house: House, owner: Owner): Promise<Answer> {
  const entries = await entriesOf(house, owner);
  const rows = entries.map((entry) => [
    entry.id,
    KIND[entry.kind],
    entry.name,
    entry.clientId,
    entry.scopes ? entry.scopes.join(' ') : 'all',
    moment(entry.issuedAt),
    moment(entry.expiresAt),
    entry.lastUsedAt && moment(entry.lastUsedAt),
  ]);
  return {
    document: entries.map(documentOf),
    text: () =>
      rows.length === 0 ? 'No live tokens.' : table(['Id', 'Kind', 'Name', 'Client', 'Scopes', 'Issued', 'Expires', 'Last used'], rows),
  };
}

async function revoke(house: House, id: string): Promise<Answer> {
  const entry = await house.tokens.find(id);
  if (!entry) throw new NotFoundError(`There is no live token “${id}”. \`gatehouse token list\` shows those of a person or a client.`);
  await house.tokens.end(entry, ORIGIN);
  const named = entry.name === undefined ? '' : ` “${entry.name}”`;
  return { document: { ...documentOf(entry), revoked: true }, text: () => `The ${KIND[entry.kind]} token${named} is dead.` };
}

function documentOf(entry: TokenEntry) {
  return {
    id: entry.id,
    kind: entry.kind,
    name: entry.name ?? null,
    account_id: entry.accountId ?? null,
    client_id: entry.clientId ?? null,
    scope: entry.scopes?.join(' ') ?? null,
    issued_at: entry.issuedAt,
    expires_at: entry.expiresAt,
    last_used_at: entry.lastUsedAt ?? null,
  };
}
