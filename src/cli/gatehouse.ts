import { Command, CommanderError } from 'commander';
import packageJson from '../../package.json' with { type: 'json' };
import { addAccountCommands } from './accounts.ts';
import { addAuditCommands } from './audit.ts';
import { addClientCommands } from './clients.ts';
import { addConfigCommands } from './config.ts';
import { failureOf, readCommanderError } from './failure.ts';
import { addKeyCommands } from './keys.ts';
import { addLicenceCommands } from './licences.ts';
import { addMigrateCommand } from './migrate.ts';
import { printable, toJson } from './output.ts';
import { addProviderCommands } from './providers.ts';
import { createShell } from './shell.ts';
import { addTenantCommands } from './tenants.ts';
import { addTokenCommands } from './tokens.ts';

const EXIT_CODES = `
Exit codes: 0 done, 1 it failed (not found, taken, a value that will not do, the store), 2 the command line makes no sense.
Works while the server runs, with the same configuration: --config, GATEHOUSE_CONFIG or GATEHOUSE_ variables.`;

/** The command line: every command is one change or one question, and ends with an exit code. */
async function run(args: readonly string[]): Promise<void> {
  const program = new Command('gatehouse')
    .description('Administers a Gatehouse: people, applications, tenants, providers, tokens, licences, keys and the audit log.')
    .version(packageJson.version)
    .option('--config <file>', 'configuration file')
    .option('--json', 'print one JSON document, and errors as JSON on standard error')
    .addHelpText('after', EXIT_CODES);
  const shell = createShell(program);
  addAccountCommands(program, shell);
  addClientCommands(program, shell);
  addTenantCommands(program, shell);
  addProviderCommands(program, shell);
  addTokenCommands(program, shell);
  addLicenceCommands(program, shell);
  addKeyCommands(program, shell);
  addAuditCommands(program, shell);
  addConfigCommands(program, shell);
  addMigrateCommand(program, shell);
  takeOverErrors(program);
  await program.parseAsync(args, { from: 'user' });
}

/** Commander would print and exit by itself. */
function takeOverErrors(command: Command): void {
  command.configureOutput({ writeErr: () => {} }).exitOverride((error) => {
    throw readCommanderError(error, command) ?? error;
  });
  command.commands.forEach(takeOverErrors);
}

function report(thrown: unknown, json: boolean): void {
  if (thrown instanceof CommanderError && thrown.exitCode === 0) return;
  const { exitCode, error, message, stack } = failureOf(thrown);
  const text = json ? toJson({ error, message }) : [message, stack].filter(Boolean).join('\n');
  process.stderr.write(`${printable(text)}\n`);
  process.exitCode = exitCode;
}

// `gatehouse audit list | head` has seen enough.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code !== 'EPIPE') throw error;
  process.exit();
});

const args = process.argv.slice(2);
// Not asked of the program: what is wrong may be the command line itself.
await run(args).catch((error: unknown) => report(error, args.includes('--json')));
