import type { Origin } from '../audit/audit-log.ts';
import type { Role } from '../policy/roles.ts';
import type { Tenant } from '../tenants/tenant.ts';
import type { Account } from './account.ts';

/** What people set in motion by e-mail. Links in mails go to the issuer, whatever a request says of its host. */
export interface AccountMail {
  /**
   * A new account without a password, and a mail with a one-time link to set one. When the mail cannot be sent there is no account either.
   * @throws InvalidValueError, AlreadyExistsError, MailNotSentError
   */
  invite(
    input: { readonly tenant: Tenant; readonly email: string; readonly role: Role; readonly by: Account },
    origin: Origin,
  ): Promise<Account>;
  /**
   * Mails a one-time link to whoever has this address, if anybody has, a few times an hour at most. Nobody is told which: the answer is the same,
   * and as quick.
   */
  requestReset(email: string, origin: Origin): Promise<void>;
  /**
   * A stranger makes an account. When the address is taken its owner gets a mail instead, and the answer is the same.
   * @throws InvalidValueError naming the field, OverloadedError
   */
  register(input: Registration, origin: Origin): Promise<Account>;
}

export interface Registration {
  readonly tenant: Tenant;
  readonly email: string;
  readonly password: string;
  readonly displayName: string;
  readonly phoneNumber?: string | undefined;
  readonly newsletter?: boolean | undefined;
}
