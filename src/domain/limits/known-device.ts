import { equalInConstantTime, sha256 } from '../../lib/digest.ts';
import type { Keyring } from '../../lib/keyring.ts';
import { randomToken } from '../../lib/random.ts';
import type { Account } from '../accounts/account.ts';

const PURPOSE = 'known device';
const MAX_ACCOUNTS = 4;

/** Whose device it is, and under which credentials: a new password makes every device a stranger. */
export type DeviceOwner = Pick<Account, 'id' | 'credentialVersion'>;

/**
 * A browser that signed in before keeps a count of failures of its own (OWASP device cookies), so that an attacker elsewhere cannot lock its person out.
 * The cookie is `<nonce>.<mac>` for each of the last few accounts, joined by `~`; it proves nothing but "signed in here once".
 */
export interface KnownDevices {
  /** The name of this device for that account, or undefined when the cookie does not know the account. */
  recognise(cookie: string | undefined, owner: DeviceOwner): string | undefined;
  /** The cookie after a sign-in of that account. */
  remember(cookie: string | undefined, owner: DeviceOwner): string;
}

export function createKnownDevices(keyring: Keyring): KnownDevices {
  const mac = (nonce: string, owner: DeviceOwner) => keyring.sign(PURPOSE, `${nonce}.${owner.id}.${owner.credentialVersion}`);
  // However long a cookie somebody sends, it costs no more than one of ours.
  const entries = (cookie: string | undefined) =>
    (cookie ?? '').split('~', MAX_ACCOUNTS).filter((entry) => /^[\w-]{22}\.[\w-]{43}$/.test(entry));
  const matches = (entry: string, owner: DeviceOwner) => {
    const [nonce = '', tag = ''] = entry.split('.');
    return equalInConstantTime(tag, mac(nonce, owner));
  };
  return {
    recognise(cookie, owner) {
      const found = entries(cookie).find((entry) => matches(entry, owner));
      return found && sha256(found);
    },
    remember(cookie, owner) {
      const known = entries(cookie);
      const own = known.find((entry) => matches(entry, owner));
      const nonce = randomToken(16);
      return [own ?? `${nonce}.${mac(nonce, owner)}`, ...known.filter((entry) => entry !== own)].slice(0, MAX_ACCOUNTS).join('~');
    },
  };
}
