import { generate } from 'otplib';
import { type Account, loginKey } from '../../domain/accounts/account.ts';
import type { AccountService } from '../../domain/accounts/account-service.ts';
import type { AccountStore } from '../../domain/accounts/account-store.ts';
import type { Origin } from '../../domain/audit/audit-log.ts';
import { type ClientType, clientId } from '../../domain/clients/client.ts';
import type { ClientMetadata } from '../../domain/clients/client-metadata.ts';
import type { ClientService } from '../../domain/clients/client-service.ts';
import type { ClientStore } from '../../domain/clients/client-store.ts';
import { AlreadyExistsError } from '../../domain/errors.ts';
import type { MfaService } from '../../domain/mfa/mfa-service.ts';
import type { Role } from '../../domain/policy/roles.ts';
import type { Tenant } from '../../domain/tenants/tenant.ts';
import type { TenantService } from '../../domain/tenants/tenant-service.ts';
import { type Clock, epochSeconds } from '../../lib/clock.ts';
import type { Keyring } from '../../lib/keyring.ts';
import type { DemoPerson } from '../demo-data.ts';
import { clientSecret, password, totpSecret } from './credentials.ts';

export interface DemoWorldDeps {
  readonly keyring: Keyring;
  readonly clock: Clock;
  readonly tenants: TenantService;
  readonly clients: ClientService;
  readonly accounts: AccountService;
  readonly mfa: MfaService;
  readonly stores: { readonly accounts: AccountStore; readonly clients: ClientStore };
  /** Characters of a password, at least. */
  readonly minPasswordLength: number;
}

const ORIGIN: Origin = { requestId: 'demo', ip: 'server' };
const STEP_SECONDS = 30;

interface ClientPlan {
  readonly id: string;
  readonly type: ClientType;
  readonly metadata: ClientMetadata;
}

interface PersonPlan {
  readonly name: string;
  readonly username: string;
  readonly role: Role;
  readonly words: string;
  /** Has an authenticator app from the start. */
  readonly enrolled: boolean;
}

/** A made-up company: its applications and its people. */
export interface DemoWorld {
  readonly tenant: { readonly slug: string; readonly name: string };
  /** Of its people's addresses. */
  readonly domain: string;
  readonly clients: readonly ClientPlan[];
  readonly people: readonly PersonPlan[];
}

const emailOf = ({ username }: PersonPlan, { domain }: DemoWorld) => `${username}@${domain}`;

/** Its tenant and clients are there, with the addresses they have now. Changes nothing that fits already. */
export async function ensureDemoClients(deps: DemoWorldDeps, world: DemoWorld): Promise<Tenant> {
  const tenant = await deps.tenants.ensure(world.tenant, ORIGIN);
  for (const plan of world.clients) await ensureClient(deps, tenant, plan);
  return tenant;
}

async function ensureClient({ clients, stores, keyring }: DemoWorldDeps, tenant: Tenant, plan: ClientPlan): Promise<void> {
  const id = clientId(plan.id);
  const present = await stores.clients.find(id);
  if (!present) {
    const input = { tenantId: tenant.id, type: plan.type, metadata: plan.metadata, id, secret: clientSecret(keyring, id) };
    await clients.create(input, ORIGIN).catch(ignoreTaken);
    return;
  }
  const [redirectUri] = plan.metadata.redirect_uris ?? [];
  // Another port than at the last start is another issuer, and the app has moved with it.
  if (redirectUri !== undefined && !present.redirectUris.includes(redirectUri)) {
    await clients.update(present, { metadata: plan.metadata }, ORIGIN);
  }
}

/** Another process that starts at the same time was first. */
function ignoreTaken(error: unknown): undefined {
  if (!(error instanceof AlreadyExistsError)) throw error;
}

/** Its people are there. Takes about a second the first time: their passwords are checked and hashed as anybody's. */
export async function ensureDemoPeople(deps: DemoWorldDeps, world: DemoWorld, tenant: Tenant): Promise<void> {
  for (const plan of world.people) {
    const email = emailOf(plan, world);
    const account = (await findPerson(deps, email)) ?? (await createPerson(deps, tenant, { ...plan, email }));
    if (plan.enrolled && (await deps.mfa.required(account)) !== 'code') await enrol(deps, account, plan);
  }
}

const findPerson = ({ stores }: DemoWorldDeps, email: string) => stores.accounts.findByLogin(loginKey(email));

/** Without the username where somebody else has it: then the e-mail address is what they sign in with. */
async function createPerson(deps: DemoWorldDeps, tenant: Tenant, plan: PersonPlan & { readonly email: string }): Promise<Account> {
  const { name: displayName, role, email } = plan;
  const secret = password(deps.keyring, plan.username, deps.minPasswordLength);
  for (const username of [plan.username, undefined]) {
    const input = { tenantId: tenant.id, email, username, displayName, role, password: secret };
    const account = (await deps.accounts.create(input, ORIGIN).catch(ignoreTaken)) ?? (await findPerson(deps, email));
    if (account) return account;
  }
  throw new Error(`the demo could not make ${plan.username}`);
}

/** With the code of the step before, so that the one the page shows now is still good. */
async function enrol({ mfa, keyring, clock }: DemoWorldDeps, account: Account, { username }: PersonPlan): Promise<void> {
  const secret = totpSecret(keyring, username);
  const attempt = async () => mfa.enrol(account, secret, await codeAt(secret, epochSeconds(clock()) - STEP_SECONDS), ORIGIN);
  // A step may end between making the code and checking it; two in a row don't.
  if ((await attempt()).kind === 'wrong' && (await attempt()).kind === 'wrong')
    throw new Error(`the demo could not give ${username} an authenticator`);
}

const codeAt = (secret: string, epoch: number) => generate({ secret, epoch, period: STEP_SECONDS });

/** Whom the visitor can be, with what they would type now. */
export async function describePeople(deps: DemoWorldDeps, world: DemoWorld): Promise<readonly DemoPerson[]> {
  const now = epochSeconds(deps.clock());
  return await Promise.all(
    world.people.map(async (plan) => ({
      name: plan.name,
      role: plan.words,
      username: (await findPerson(deps, emailOf(plan, world)))?.username ?? emailOf(plan, world),
      password: password(deps.keyring, plan.username, deps.minPasswordLength),
      authenticator: plan.enrolled
        ? { code: await codeAt(totpSecret(deps.keyring, plan.username), now), secondsLeft: STEP_SECONDS - (now % STEP_SECONDS) }
        : undefined,
    })),
  );
}
