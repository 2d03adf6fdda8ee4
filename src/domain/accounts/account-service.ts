import type { Origin } from '../audit/audit-log.ts';
import { AlreadyExistsError, NotFoundError } from '../errors.ts';
import type { Role } from '../policy/roles.ts';
import { type Account, accountId, loginKey, parseDisplayName, parsePhoneNumber } from './account.ts';
import { type AccountServiceDeps, createDesk, type NewAccount } from './account-desk.ts';
import { type AccountLinks, createAccountLinks } from './account-links.ts';

export interface AccountService extends AccountLinks {
  /** @throws InvalidValueError naming the field, AlreadyExistsError, OverloadedError */
  create(input: NewAccount, origin: Origin): Promise<Account>;
  /** By id, e-mail or username. @throws NotFoundError */
  resolve(name: string): Promise<Account>;
  /** Like create, but costs and answers the same when the address is taken: then it tells whose it is, and nothing was stored. */
  register(input: NewAccount, origin: Origin): Promise<{ readonly account: Account; readonly takenBy: Account | undefined }>;
  setRole(account: Account, role: Role, origin: Origin): Promise<Account>;
  /** @throws InvalidValueError naming the field */
  updateProfile(account: Account, profile: Profile, origin: Origin): Promise<Account>;
  /** For good: all they hold ends, then they are gone. Their id is never used again. */
  remove(account: Account, origin: Origin): Promise<void>;
  /**
   * A disabled person is refused at once wherever they are looked up; then their links, sessions and tokens end.
   * When ending them fails it throws, and can be repeated: disabling a disabled account ends them again.
   */
  setDisabled(account: Account, disabled: boolean, origin: Origin): Promise<Account>;
}

/** What people say of themselves; what is undefined stays. A phone number of null is taken away. */
export interface Profile {
  readonly displayName?: string | undefined;
  readonly phoneNumber?: string | null | undefined;
  readonly newsletter?: boolean | undefined;
}

export function createAccountService(deps: AccountServiceDeps): AccountService {
  const { accounts, links, tokens } = deps;
  const desk = createDesk(deps);
  return {
    ...createAccountLinks(deps, desk),

    async create(input, origin) {
      const account = await desk.draft(input);
      await accounts.create(account);
      await desk.record('account.created', account, origin, { role: account.role, superAdministrator: account.superAdministrator });
      return account;
    },

    async register(input, origin) {
      const account = await desk.shape(input);
      try {
        await accounts.create(account);
      } catch (error) {
        const takenBy = error instanceof AlreadyExistsError ? await accounts.findByLogin(loginKey(account.email)) : undefined;
        if (!takenBy) throw error;
        await desk.record('account.registered', takenBy, origin, { taken: true });
        return { account, takenBy };
      }
      await desk.record('account.registered', account, origin);
      return { account, takenBy: undefined };
    },

    async resolve(name) {
      const account = (await accounts.findSubject(accountId(name))) ?? (await accounts.findByLogin(loginKey(name)));
      if (!account) throw new NotFoundError(`There is no account “${name}”. Give its e-mail address, username or id.`);
      return account;
    },

    async setRole(account, role, origin) {
      const changed = await desk.change(account, (old) => ({ ...old, role }));
      await desk.record('account.changed', changed, origin, { role, before: account.role });
      return changed;
    },

    async updateProfile(account, { displayName, phoneNumber, newsletter }, origin) {
      const given = {
        ...(displayName !== undefined && { displayName: parseDisplayName(displayName) }),
        ...(phoneNumber !== undefined && { phoneNumber: phoneNumber === null ? undefined : parsePhoneNumber(phoneNumber) }),
        ...(newsletter !== undefined && { newsletter }),
      };
      const changed = await desk.change(account, (old) => ({ ...old, ...given }));
      await desk.record('account.changed', changed, origin, { profile: Object.keys(given).join(' ') });
      return changed;
    },

    async remove(account, origin) {
      // First of all nobody is let in, so that nothing new is issued while the rest goes.
      await desk.change(account, (old) => ({ ...old, disabled: true, credentialVersion: old.credentialVersion + 1 }));
      await links.removeFor(account.id);
      await tokens.endAccount(account.id);
      if (!(await accounts.remove(account.tenantId, account.id))) throw new NotFoundError('This account was removed already.');
      await deps.forgive(account);
      await desk.record('account.removed', account, origin);
    },

    async setDisabled(account, disabled, origin) {
      const changed = await desk.change(account, (old) => ({ ...old, disabled, credentialVersion: old.credentialVersion + 1 }));
      if (disabled) await links.removeFor(account.id);
      // When enabled too: switching off may have failed halfway, and what it left must not come back to life.
      await tokens.endAccount(account.id);
      if (!disabled) await deps.forgive(changed);
      await desk.record(disabled ? 'account.disabled' : 'account.enabled', changed, origin);
      return changed;
    },
  };
}
