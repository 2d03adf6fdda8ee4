import type { House } from './compose.ts';
import { demoCurl, supportsDemo } from './http/demo/credentials.ts';

/** What a start says to the person in front of the terminal; the log says the rest. */
export async function welcome({ config, accounts, catalogue, keyring }: House): Promise<void> {
  const { issuer } = config;
  const lines = ['', `  Gatehouse is ready at ${issuer}`, `  Discovery  ${issuer}/.well-known/openid-configuration`];

  const secret = await accounts.createFirstAdministratorLink();
  // Away from localhost standard output is a log that others read.
  if (secret && config.local) lines.push('', '  First administrator  this link makes one, once', `  ${issuer}/setup/${secret}`);
  else if (secret)
    lines.push('', '  Nobody administers it yet. `npx gatehouse account setup-link` prints the link that makes the first administrator.');

  if (config.demoEnabled && supportsDemo(catalogue)) {
    lines.push('', '  Demo, a person  sign in to an app that calls a protected API with read:interactions; each step is explained');
    lines.push(`  ${issuer}/demo`);
    lines.push('', '  Demo, a service  gets a token in its own name; paste this into another terminal', `  ${demoCurl(issuer, keyring)}`);
  }
  process.stdout.write(`${[...lines, ''].join('\n')}\n`);
}
