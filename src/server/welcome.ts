import type { House } from '../compose.ts';
import { demoCurl, supportsDemo } from '../http/demo/credentials.ts';

/** What a start says to the person in front of the terminal; the log says the rest. */
export async function welcome({ config, accounts, catalogue, keyring }: House): Promise<void> {
  const { issuer, local } = config;
  const offers: (readonly [what: string, how: string])[] = [['Its metadata, for apps:', `${issuer}/.well-known/openid-configuration`]];

  // Away from localhost standard output is a log that others read.
  const secret = local ? await accounts.createFirstAdministratorLink({ requestId: 'start', ip: 'server' }) : undefined;
  if (secret) offers.push(['Nobody administers it yet. This link makes the first administrator, once:', `${issuer}/setup/${secret}`]);
  else if (!local && (await accounts.needsFirstAdministrator()))
    offers.push(['Nobody administers it yet. Make an account:', 'npx gatehouse account add you@example.com --role admin']);

  if (config.demoEnabled && supportsDemo(catalogue)) {
    offers.push([
      'See a person sign in to an app, and the app call a protected API with read:interactions, step by step:',
      `${issuer}/demo`,
    ]);
    offers.push(['Get a token as a service does; paste this into another terminal:', demoCurl(issuer, keyring)]);
  }
  const text = offers.map(([what, how]) => `  ${what}\n    ${how}\n`).join('\n');
  process.stdout.write(`\n  Gatehouse is ready at ${issuer}\n\n${text}\n`);
}
