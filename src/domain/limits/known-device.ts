import { equalInConstantTime, sha256 } from '../../lib/digest.ts';
import type { Keyring } from '../../lib/keyring.ts';
import { randomToken } from '../../lib/random.ts';
import type { AccountId } from '../accounts/account.ts';

const PURPOSE = 'known device';
const MAX_ACCOUNTS = 4;

/**
 * A browser that signed in before keeps a count of failures of its own (OWASP device cookies), so that an attacker elsewhere cannot lock its person out.
 * The cookie is `<nonce>.<mac>` for each of the last few accounts, joined by `~`; it proves nothing but "signed in here once".
 */
export interface KnownDevices {
  /** The name of this device for that account, or undefined when the cookie does not know the account. */
  recognise(cookie: string | undefined, account: AccountId): string | undefined;
  /** The cookie after a sign-in of that account. */
  remember(cookie: string | undefined, account: AccountId): string;
}

export function createKnownDevices(keyring: Keyring): KnownDevices {
  const mac = (nonce: string, account: AccountId) => keyring.sign(PURPOSE, `${nonce}.${account}`);
  const entries = (cookie: string | undefined) => (cookie ?? '').split('~').filter((entry) => /^[\w-]{22}\.[\w-]{43}$/.test(entry));
  const matches = (entry: string, account: AccountId) => {
    const [nonce = '', tag = ''] = entry.split('.');
    return equalInConstantTime(tag, mac(nonce, account));
  };
  return {
    recognise(cookie, account) {
      const found = entries(cookie).find((entry) => matches(entry, account));
      return found && sha256(found);
    },
    remember(cookie, account) {
      const known = entries(cookie);
      const own = known.find((entry) => matches(entry, account));
      const nonce = randomToken(16);
      return [own ?? `${nonce}.${mac(nonce, account)}`, ...known.filter((entry) => entry !== own)].slice(0, MAX_ACCOUNTS).join('~');
    },
  };
}
