import type { Command } from 'commander';
import type { House } from '../compose.ts';
import { type Answer, moment, table } from './output.ts';
import type { Shell } from './shell.ts';

export function addKeyCommands(program: Command, { withHouse }: Shell): void {
  const keys = program.command('keys').description('keys that sign tokens');
  keys
    .command('list')
    .description('list the signing keys, oldest first')
    .action(() => withHouse(list));
}

async function list(house: House): Promise<Answer> {
  const keys = await house.keys.list();
  const rows = keys.map(({ kid, alg, active, createdAt }) => [kid, alg, active ? 'signs' : 'published only', moment(createdAt)]);
  return {
    document: keys.map(({ kid, alg, active, createdAt, publicJwk }) => ({
      kid,
      alg,
      active,
      created_at: createdAt,
      public_jwk: publicJwk,
    })),
    text: () =>
      rows.length === 0
        ? 'No signing keys yet. The first start of the server makes them.'
        : table(['Key id', 'Algorithm', 'State', 'Made'], rows),
  };
}
