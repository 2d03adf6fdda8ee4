import type { House } from './compose.ts';

/** What a start says to the person in front of the terminal; the log says the rest. */
export async function welcome({ config, accounts }: House): Promise<void> {
  const say = (...lines: readonly string[]) => process.stdout.write(`${lines.join('\n')}\n`);
  say('', `  Gatehouse is ready at ${config.issuer}`, `  Discovery   ${config.issuer}/.well-known/openid-configuration`);
  const secret = await accounts.createFirstAdministratorLink();
  // Away from localhost standard output is a log that others read.
  if (secret && config.local)
    say('', '  Nobody administers it yet. This link makes the first administrator, once:', `  ${config.issuer}/setup/${secret}`);
  else if (secret) say('', '  Nobody administers it yet. Make an account: npx gatehouse account add you@example.com --role admin');
  say('');
}
