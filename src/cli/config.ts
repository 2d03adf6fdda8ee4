import type { Command } from 'commander';
import type { Shell } from './shell.ts';

export function addConfigCommands(program: Command, { withConfig }: Shell): void {
  const config = program.command('config').description('the configuration');
  config
    .command('check')
    .description('show the configuration in effect, secrets masked, and where each value came from; or everything that is wrong with it')
    .action(() =>
      withConfig(async (loaded) => {
        const { describeConfig, describeConfigAsJson } = await import('../config/describe-config.ts');
        return { document: describeConfigAsJson(loaded), text: () => describeConfig(loaded) };
      }),
    );
}
