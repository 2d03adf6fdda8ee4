import type { Command } from 'commander';
import type { Progress } from '../move-instance.ts';
import { properties } from './output.ts';
import type { Shell } from './shell.ts';

const BAR = 30;

export function addMigrateCommand(program: Command, { withTwoHouses }: Shell): void {
  program
    .command('migrate')
    .description('move everything to the store of another configuration, and make sure that it arrived')
    .requiredOption('--to <file>', 'configuration that names the store to move to; the master key has to be the same')
    .addHelpText(
      'after',
      '\nStop every Gatehouse first. When it was interrupted, give the same command again. The old store is left as it was.',
    )
    .action(({ to }: { to: string }) =>
      withTwoHouses(to, async (houses) => {
        const { moveInstance } = await import('../move-instance.ts');
        const moved = await moveInstance(houses, process.stderr.isTTY ? drawBar : () => {});
        return {
          document: { moved, verified: true },
          text: () =>
            `${properties(Object.fromEntries(Object.entries(moved).map(([name, count]) => [name, String(count)])))}\n\n` +
            `Everything arrived. Start Gatehouse with --config ${to}, and never again on the old store: what is ended in the one would go on in the other.`,
        };
      }),
    );
}

/** One line that is drawn over itself until its kind is done. */
function drawBar({ kind, done, total }: Progress): void {
  const filled = total === 0 ? BAR : Math.min(BAR, Math.round((done / total) * BAR));
  const end = done >= total ? '\n' : '';
  process.stderr.write(`\r${'█'.repeat(filled)}${'░'.repeat(BAR - filled)} ${done} of ${total} ${kind}${end}`);
}
