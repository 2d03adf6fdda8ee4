import type { Context, Middleware } from 'koa';
import { z } from 'zod';
import { type Account, nameOf } from '../../domain/accounts/account.ts';
import type { AccountStore } from '../../domain/accounts/account-store.ts';
import type { Audit } from '../../domain/audit/audit.ts';
import type { ClientStore } from '../../domain/clients/client-store.ts';
import type { Federation } from '../../domain/federation/federation-service.ts';
import type { Journey } from '../../domain/federation/journeys.ts';
import type { Visits } from '../../domain/federation/visits.ts';
import type { KnownDevices } from '../../domain/limits/known-device.ts';
import type { ChallengeStore, LoginChallenge } from '../../domain/login/challenge-store.ts';
import type { LoginService } from '../../domain/login/login-service.ts';
import type { NewPlaces } from '../../domain/login/new-place.ts';
import type { MfaService } from '../../domain/mfa/mfa-service.ts';
import type { ScopeCatalogue } from '../../domain/policy/allowed-scopes.ts';
import { type InteractionEngine, InteractionLostError, type PendingInteraction } from '../../domain/sessions/interaction.ts';
import type { TenantStore } from '../../domain/tenants/tenant-store.ts';
import type { Clock } from '../../lib/clock.ts';
import { sha256 } from '../../lib/digest.ts';
import type { Keyring } from '../../lib/keyring.ts';
import type { Csrf } from '../middleware/csrf.ts';
import { badFields, readForm } from '../middleware/form.ts';
import type { PageData, Person } from '../page-data.ts';
import type { Views } from '../views.ts';
import { explainLoss, leaveTrail } from './trail.ts';

export interface InteractionDeps {
  readonly engine: InteractionEngine<Context>;
  readonly login: LoginService;
  readonly mfa: MfaService;
  readonly accounts: AccountStore;
  readonly clients: ClientStore;
  readonly tenants: TenantStore;
  readonly challenges: ChallengeStore;
  readonly devices: KnownDevices;
  readonly federation: Federation;
  readonly visits: Pick<Visits, 'ofSignIn'>;
  readonly newPlaces: NewPlaces;
  readonly keyring: Keyring;
  readonly audit: Audit;
  readonly clock: Clock;
  readonly views: Views;
  readonly csrf: Csrf;
  readonly catalogue: ScopeCatalogue;
  readonly secureCookies: boolean;
  /** Seconds. */
  readonly challengeSeconds: number;
  readonly maxTries: number;
}

/** What a request of this interaction is about, loaded once. */
export interface Step {
  readonly ctx: Context;
  readonly deps: InteractionDeps;
  readonly pending: PendingInteraction;
  readonly tenantName: string;
  /** A sign-in that waits for its second proof, and whose; neither once the account has moved on. */
  readonly challenge: (LoginChallenge & { readonly account: Account }) | undefined;
}

type StepHandler = (step: Step) => Promise<void>;

/** @throws InteractionLostError, InteractionOverError when the browser's cookie names no live interaction, or not the one in the address */
async function loadStep(ctx: Context, deps: InteractionDeps): Promise<Step> {
  const pending = await deps.engine.pending(ctx).catch(async (error: unknown) => {
    throw error instanceof InteractionLostError ? await explainLoss(ctx, error, deps) : error;
  });
  leaveTrail(ctx, pending, deps);
  const tenant = await deps.tenants.find(pending.client.tenantId);
  const challenge = await deps.challenges.find(challengeId(pending), deps.clock());
  const account = challenge && (await deps.accounts.find(challenge.tenantId, challenge.accountId));
  const current = account && !account.disabled && account.credentialVersion === challenge.credentialVersion;
  return { ctx, deps, pending, tenantName: tenant?.name ?? '', challenge: current ? { ...challenge, account } : undefined };
}

export function challengeId(pending: PendingInteraction): string {
  return sha256(`interaction ${pending.uid}`);
}

export function onGet(handler: StepHandler): (deps: InteractionDeps) => Middleware {
  return (deps) => async (ctx) => {
    ctx.set('Cache-Control', 'no-store');
    await handler(await loadStep(ctx, deps));
  };
}

/** A form of an interaction page: its fields and its CSRF token are checked before anything is done. */
export function onPost<Fields>(
  fields: z.ZodType<Fields>,
  handler: (step: Step, fields: Fields) => Promise<void>,
): (deps: InteractionDeps) => Middleware {
  // Without a token it is a forgery like one with a wrong token.
  const schema = z.looseObject({ _csrf: z.string().max(64).default('') });
  return (deps) => async (ctx) => {
    ctx.set('Cache-Control', 'no-store');
    const step = await loadStep(ctx, deps);
    const { _csrf, ...rest } = await readForm(ctx, schema);
    deps.csrf.check(ctx, step.pending.uid, _csrf);
    const parsed = fields.safeParse(rest);
    if (!parsed.success) throw badFields(parsed.error);
    await handler(step, parsed.data);
  };
}

export function pathOf(step: Step, action = ''): string {
  return `/interaction/${step.pending.uid}${action && `/${action}`}`;
}

/** Chosen by "Another account" and "Not you?": the password form although somebody is signed in, also when it comes back. */
export const AS_ANOTHER = '?as=another';

export function isAnother({ ctx }: Step): boolean {
  return ctx.query.as === 'another';
}

export function backToShow({ ctx, ...step }: Step): void {
  ctx.status = 303;
  ctx.redirect(pathOf({ ctx, ...step }));
}

export function goTo(ctx: Context, address: string): void {
  ctx.status = 303;
  ctx.redirect(address);
}

/** Everything of a form page that does not depend on the page. */
export function formPage(step: Step, action: string) {
  return { tenantName: step.tenantName, csrf: step.deps.csrf.token(step.ctx, step.pending.uid), action: pathOf(step, action) };
}

export function page<Name extends keyof PageData>(step: Step, name: Name, data: PageData[Name], status = 200): void {
  step.ctx.status = status;
  step.ctx.type = 'html';
  step.ctx.body = step.deps.views.render(name, data);
}

export function personOf(account: Account): Person {
  return { name: nameOf(account), login: account.email };
}

/** What another provider is asked for here, and what it says, belong to this sign-in alone. */
export function journeyOf({ pending }: Step): Journey {
  return { kind: 'interaction', uid: pending.uid, tenantId: pending.client.tenantId };
}
