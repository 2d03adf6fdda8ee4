import { spawn, spawnSync } from 'node:child_process';
import { generateKeyPairSync } from 'node:crypto';
import { once } from 'node:events';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { eventually } from './eventually.ts';
import { freePort } from './free-port.ts';
import { temporaryFolder } from './temporary-folder.ts';

const SCRIPT = fileURLToPath(new URL('lemonldap-on-debian.sh', import.meta.url));

/** LemonLDAP::NG (https://lemonldap-ng.org): an OpenID provider by other people, in another language, on another library. */
export interface LemonLdap extends AsyncDisposable {
  readonly issuer: string;
  readonly client: { readonly client_id: string; readonly client_secret: string };
}

/** Somebody whom its demonstration mode knows. */
export const DOCTOR = { uid: 'dwho', password: 'dwho', email: 'dwho@badwolf.org', name: 'Doctor Who' } as const;

/** Why there are no tests with it; undefined when there are. With CI=true it is a failure instead. */
export function whyNoLemonldap(): string | undefined {
  if (spawnSync(SCRIPT, ['unpacked']).status === 0) return undefined;
  const reason = 'needs LemonLDAP::NG: `test/support/lemonldap-on-debian.sh unpack` fetches it from Debian';
  if (process.env.CI) throw new Error(reason);
  return reason;
}

/** Starts one that has a single client. @param address that client's, which callback and signed-out hang on */
export async function startLemonldap(address: string): Promise<LemonLdap> {
  const folder = await temporaryFolder();
  const port = await freePort();
  const issuer = `http://localhost:${port}`;
  // Letters alone: it does not undo the encoding of a header (RFC 6749, section 2.3.1).
  const client = { client_id: 'gatehouse', client_secret: 'dalekscannotclimbstairs' };
  for (const name of ['sessions', 'psessions']) await mkdir(join(folder.path, name, 'lock'), { recursive: true });
  await writeFile(join(folder.path, 'lmConf-1.json'), JSON.stringify(configuration(folder.path, issuer, { ...client, address })));

  const child = spawn(SCRIPT, ['serve', folder.path, `${port}`], { stdio: ['ignore', 'ignore', 'pipe'] });
  const gone = once(child, 'exit');
  const said = text(child.stderr);
  const end = () => child.kill('SIGKILL');
  process.once('exit', end);
  const serving = eventually(async () => {
    const answer = await fetch(`${issuer}/.well-known/openid-configuration`).catch(() => undefined);
    if (child.exitCode !== null || answer?.ok === false) throw new Error('it failed to start');
    return answer?.ok;
  });
  await serving.catch(async (cause) => {
    end();
    throw new Error(`LemonLDAP::NG does not serve:\n${await said}`, { cause });
  });
  return {
    issuer,
    client,
    async [Symbol.asyncDispose]() {
      process.off('exit', end);
      end();
      await gone;
      await folder[Symbol.asyncDispose]();
    },
  };
}

function configuration(folder: string, issuer: string, { client_id, client_secret, address }: LemonLdap['client'] & { address: string }) {
  const { privateKey, publicKey } = generateKeyPairSync('rsa', {
    modulusLength: 2048,
    privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
    publicKeyEncoding: { type: 'spki', format: 'pem' },
  });
  const files = (name: string) => ({ Directory: join(folder, name), LockDirectory: join(folder, name, 'lock') });
  return {
    cfgNum: 1,
    cfgDate: 1,
    portal: `${issuer}/`,
    locationRules: { localhost: { default: 'accept' } },
    authentication: 'Demo',
    globalStorageOptions: files('sessions'),
    persistentStorageOptions: files('psessions'),
    localSessionStorageOptions: { cache_root: join(folder, 'cache'), namespace: 'sessions' },
    // It insists on loading a plugin for captchas, and that one needs ImageMagick; nobody is shown any, so another does as well.
    captcha: '::Plugins::History',
    issuerDBOpenIDConnectActivation: 1,
    oidcServiceMetaDataIssuer: issuer,
    oidcServicePrivateKeySig: privateKey,
    oidcServicePublicKeySig: publicKey,
    oidcServiceKeyIdSig: 'key-1',
    oidcRPMetaDataOptions: {
      here: {
        oidcRPMetaDataOptionsClientID: client_id,
        oidcRPMetaDataOptionsClientSecret: client_secret,
        oidcRPMetaDataOptionsRequirePKCE: 1,
        oidcRPMetaDataOptionsIDTokenSignAlg: 'RS256',
        oidcRPMetaDataOptionsRedirectUris: `${address}/callback`,
        oidcRPMetaDataOptionsPostLogoutRedirectUris: `${address}/signed-out`,
        // After its question it forgets where the browser is to go.
        oidcRPMetaDataOptionsLogoutBypassConfirm: 1,
      },
    },
    oidcRPMetaDataExportedVars: { here: { email: 'mail', name: 'cn', preferred_username: 'uid' } },
  };
}
