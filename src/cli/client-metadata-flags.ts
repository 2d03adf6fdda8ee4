import { readFile } from 'node:fs/promises';
import { type Command, Option } from 'commander';
import { type ClientMetadata, parseClientMetadata } from '../domain/clients/client-metadata.ts';
import { InvalidValueError } from '../domain/errors.ts';
import { collect } from './arguments.ts';
import { readStandardInput } from './standard-input.ts';

/** What an application is, as flags. */
export interface MetadataFlags {
  readonly name?: string;
  readonly redirectUri?: string[];
  readonly postLogoutRedirectUri?: string[];
  readonly scope?: string;
  readonly pkce?: boolean;
  readonly codeLogin?: boolean;
  readonly origin?: string[];
  readonly allowFrom?: string[];
  readonly allowFromAnywhere?: true;
  readonly metadata?: string;
}

export function addMetadataFlags(command: Command): Command {
  return command
    .option('--redirect-uri <uri>', 'where people may be sent back to; give it once for each', collect)
    .option('--post-logout-redirect-uri <uri>', 'where people may be sent after signing out; give it once for each', collect)
    .option('--scope <scopes>', 'API scopes it may ask for, separated by spaces; when left out those of a viewer, and none for a service')
    .option('--pkce', 'require PKCE, as is the default')
    .option('--no-pkce', 'do not require PKCE (web clients that cannot)')
    .option('--code-login', 'let its codes be redeemed at /nx/code-login too, where no client proves itself')
    .option('--no-code-login', 'let them be redeemed at /oauth/token alone, as is the default')
    .option('--origin <origin>', 'browser origin that may read answers (CORS); give it once for each', collect)
    .option('--allow-from <cidr>', 'address or block a service may come from; give it once for each', collect)
    .addOption(new Option('--allow-from-anywhere', 'let a service come from anywhere, as is the default').conflicts('allowFrom'))
    .option('--metadata <file>', 'client metadata as JSON (RFC 7591), - for standard input; the other flags win over it');
}

/**
 * The metadata document with the flags over it; undefined when neither was given.
 * @throws InvalidValueError
 */
export async function readMetadata(flags: MetadataFlags): Promise<ClientMetadata | undefined> {
  const document = flags.metadata === undefined ? {} : parseClientMetadata(await readDocument(flags.metadata));
  const metadata = {
    ...document,
    ...(flags.name !== undefined && { client_name: flags.name }),
    ...(flags.redirectUri && { redirect_uris: flags.redirectUri }),
    ...(flags.postLogoutRedirectUri && { post_logout_redirect_uris: flags.postLogoutRedirectUri }),
    ...(flags.scope !== undefined && { scope: flags.scope }),
    ...(flags.pkce !== undefined && { require_pkce: flags.pkce }),
    ...(flags.codeLogin !== undefined && { code_login: flags.codeLogin }),
    ...(flags.origin && { allowed_origins: flags.origin }),
    ...(flags.allowFrom && { allowed_addresses: flags.allowFrom }),
    ...(flags.allowFromAnywhere && { allowed_addresses: [] }),
  };
  return Object.keys(metadata).length === 0 ? undefined : parseClientMetadata(metadata);
}

async function readDocument(file: string): Promise<unknown> {
  const name = file === '-' ? 'Standard input' : file;
  const text = file === '-' ? await readStandardInput() : await readFile(file, 'utf8').catch((cause: unknown) => cause);
  if (typeof text !== 'string') {
    const reason = text instanceof Error && 'code' in text ? text.code : text;
    throw new InvalidValueError(
      'metadata',
      `The metadata file ${file} cannot be read (${reason}). Give the path of a JSON file, or - for standard input.`,
    );
  }
  let reason: unknown;
  try {
    return JSON.parse(text);
  } catch (error) {
    reason = error instanceof Error ? error.message : error;
  }
  throw new InvalidValueError(
    'metadata',
    `${name} is not JSON: ${reason}. Give client metadata as RFC 7591 has it, like {"redirect_uris": ["https://…"]}.`,
  );
}
