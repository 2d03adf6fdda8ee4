import type { Context } from 'koa';
import { z } from 'zod';
import type { Mailbox } from '../../domain/mail/mailbox.ts';
import type { Clock } from '../../lib/clock.ts';
import { randomToken } from '../../lib/random.ts';
import { DEMO_TRIES, type DemoPerson } from '../demo-data.ts';
import type { Csrf } from '../middleware/csrf.ts';
import { readForm } from '../middleware/form.ts';
import type { Views } from '../views.ts';
import { MAILBOX_PATH, mailboxPage } from './mailbox.ts';
import type { Neighbour } from './neighbour.ts';
import type { ParcelDesk, PendingSignIn, SignedIn } from './parcel-desk.ts';
import { resultPage } from './result-page.ts';
import { endsSession, FlowError } from './trouble.ts';
import type { Visitors } from './visitors.ts';

/** What the app keeps for one browser. */
export interface Visitor {
  /** Several when sign-ins began in several tabs; the oldest are dropped. */
  readonly pending: readonly PendingSignIn[];
  readonly signedIn: SignedIn | undefined;
}

export interface DemoPagesDeps {
  readonly issuer: string;
  readonly desk: ParcelDesk;
  readonly visitors: Visitors<Visitor>;
  /** Whom the visitor can be, once they are there. */
  readonly people: () => Promise<readonly DemoPerson[]>;
  readonly curl: string;
  /** Where mail is kept instead of sent. */
  readonly mailbox: Mailbox | undefined;
  readonly neighbour: Neighbour | undefined;
  readonly views: Views;
  readonly csrf: Csrf;
  readonly clock: Clock;
}

const COOKIE = 'parcel_desk';
const MAX_PENDING = 5;
const NOBODY: Visitor = { pending: [], signedIn: undefined };
const csrfField = { _csrf: z.string().max(64) };

const idOf = (ctx: Context) => ctx.cookies.get(COOKIE, { signed: false }) ?? '';
const csrfScope = (ctx: Context) => `demo ${idOf(ctx)}`;

function giveId(ctx: Context): string {
  const id = randomToken();
  ctx.cookies.set(COOKIE, id, { httpOnly: true, sameSite: 'lax', secure: ctx.secure, signed: false, path: '/demo' });
  return id;
}

function goTo(ctx: Context, address: string): void {
  ctx.status = 303;
  ctx.redirect(address);
}

export async function start(ctx: Context, { people, csrf, issuer, curl, views, mailbox, neighbour }: DemoPagesDeps): Promise<void> {
  const token = csrf.token(ctx, csrfScope(ctx));
  const data = {
    csrf: token,
    issuer,
    signInPath: '/demo/sign-in',
    path: '/demo',
    people: await people(),
    curl,
    mailboxPath: mailbox && MAILBOX_PATH,
    neighbour,
  };
  ctx.type = 'html';
  ctx.body = views.render('demo/start', data);
}

export function showMailbox(ctx: Context, { mailbox, issuer, views }: DemoPagesDeps): void {
  if (!mailbox) return;
  ctx.type = 'html';
  ctx.body = views.render('demo/mailbox', mailboxPage(mailbox, issuer));
}

export async function signIn(ctx: Context, { desk, visitors }: DemoPagesDeps): Promise<void> {
  const pending = await desk.begin();
  const visitor = visitors.find(idOf(ctx));
  const id = visitor ? idOf(ctx) : giveId(ctx);
  visitors.save(id, { ...(visitor ?? NOBODY), pending: [...(visitor?.pending ?? []), pending].slice(-MAX_PENDING) });
  goTo(ctx, pending.authorizationUrl);
}

export async function callback(ctx: Context, { desk, visitors }: DemoPagesDeps): Promise<void> {
  const id = idOf(ctx);
  const visitor = visitors.find(id);
  const pending = visitor?.pending.find(({ state }) => state === ctx.query.state);
  if (!visitor || !pending) throw new FlowError('foreign-answer');
  visitors.save(id, { ...visitor, pending: visitor.pending.filter((other) => other !== pending) });
  const signedIn = await desk.complete(pending, ctx.search);
  const others = visitors.find(id) ?? NOBODY;
  // Another id than before the sign-in: whoever planted the old one has nothing.
  visitors.remove(id);
  visitors.save(giveId(ctx), { ...others, signedIn });
  goTo(ctx, '/demo/result');
}

export function result(ctx: Context, { visitors, views, csrf, clock }: DemoPagesDeps): void {
  const signedIn = signedInOf(ctx, visitors);
  ctx.type = 'html';
  ctx.body = views.render('demo/result', resultPage(signedIn, { csrf: csrf.token(ctx, csrfScope(ctx)), now: clock() }));
}

export async function attempt(ctx: Context, deps: DemoPagesDeps): Promise<void> {
  const form = await readForm(ctx, z.strictObject({ ...csrfField, try: z.enum(DEMO_TRIES) }));
  deps.csrf.check(ctx, csrfScope(ctx), form._csrf);
  await act(ctx, deps.visitors, (signedIn) => deps.desk.attempt(signedIn, form.try));
  goTo(ctx, '/demo/result#call');
}

export async function refresh(ctx: Context, deps: DemoPagesDeps): Promise<void> {
  const form = await readForm(ctx, z.strictObject(csrfField));
  deps.csrf.check(ctx, csrfScope(ctx), form._csrf);
  await act(ctx, deps.visitors, (signedIn) => deps.desk.refresh(signedIn));
  goTo(ctx, '/demo/result');
}

export async function signOut(ctx: Context, { csrf, desk, visitors }: DemoPagesDeps): Promise<void> {
  const form = await readForm(ctx, z.strictObject(csrfField));
  csrf.check(ctx, csrfScope(ctx), form._csrf);
  const url = await visitors.inTurn(idOf(ctx), async () => {
    const address = await desk.signOutUrl(signedInOf(ctx, visitors));
    visitors.remove(idOf(ctx));
    return address;
  });
  goTo(ctx, url);
}

/** @throws FlowError for a browser that nobody is signed in with */
function signedInOf(ctx: Context, visitors: Visitors<Visitor>): SignedIn {
  const signedIn = visitors.find(idOf(ctx))?.signedIn;
  if (!signedIn) throw new FlowError('forgotten');
  return signedIn;
}

/** One act of a visitor after the other, each on what the one before left. */
async function act(ctx: Context, visitors: Visitors<Visitor>, next: (signedIn: SignedIn) => Promise<SignedIn>): Promise<void> {
  const id = idOf(ctx);
  const change = (signedIn: SignedIn | undefined) => visitors.save(id, { ...(visitors.find(id) ?? NOBODY), signedIn });
  await visitors.inTurn(id, async () => {
    try {
      change(await next(signedInOf(ctx, visitors)));
    } catch (error) {
      if (endsSession(error)) change(undefined);
      throw error;
    }
  });
}
