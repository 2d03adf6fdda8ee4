import type { Context, Middleware } from 'koa';
import { Counter, collectDefaultMetrics, Histogram, Registry } from 'prom-client';
import type { FederationMeter } from '../../domain/federation/federation-meter.ts';
import type { MailCounts } from '../../domain/mail/post.ts';
import type { Tally, TallyName } from '../../lib/tally.ts';
import { METHODS } from '../errors.ts';
import { createFederationMetrics } from './federation-metrics.ts';

export interface MetricsOptions {
  readonly tally: Tally;
  readonly mail: () => MailCounts;
  /** Templates of the routes that no router of ours has: fixed paths, or with `:name` for one segment. */
  readonly routes: readonly string[];
  /** The process, where several answer on one port. */
  readonly worker: number | undefined;
}

export interface Metrics {
  readonly federation: FederationMeter;
  /** Counts and times every request that can be read. */
  readonly middleware: Middleware;
  /** Answers with everything that was counted, in the text format of Prometheus. */
  answer(ctx: Context): Promise<void>;
}

/** Seconds. From a token that is looked up to a password that waits for its turn. */
const BUCKETS = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];

/** Where a request ended that no route is for: its path would be a label without bounds, and may hold a secret. */
const OTHER = 'other';

/** The counts of this process, in a registry of their own. Labels are route templates, words of ours and ids of providers: never a path or a name. */
export function createMetrics({ tally, mail, routes, worker }: MetricsOptions): Metrics {
  const registry = new Registry();
  if (worker !== undefined) registry.setDefaultLabels({ worker });
  collectDefaultMetrics({ register: registry });
  countTallies(registry, tally, mail);
  const registers = [registry];
  const requests = new Counter({
    name: 'gatehouse_http_requests_total',
    help: 'Requests that were answered, by route. What a limit refused has the status 429.',
    labelNames: ['method', 'route', 'status'],
    registers,
  });
  const durations = new Histogram({
    name: 'gatehouse_http_request_duration_seconds',
    help: 'How long requests took to be answered, by route.',
    labelNames: ['route'],
    buckets: BUCKETS,
    registers,
  });
  const templateOf = createTemplates(routes);

  return {
    federation: createFederationMetrics(registry),
    async middleware(ctx, next) {
      const started = performance.now();
      try {
        await next();
      } finally {
        const route = routeOf(ctx) ?? templateOf(ctx.path);
        const method = METHODS.includes(ctx.method) ? ctx.method : OTHER;
        requests.inc({ method, route, status: ctx.status });
        // A stream lasts as long as somebody listens.
        if (ctx.respond !== false) durations.observe({ route }, (performance.now() - started) / 1000);
      }
    },
    async answer(ctx) {
      ctx.set('Cache-Control', 'no-store');
      ctx.type = registry.contentType;
      ctx.body = await registry.metrics();
    },
  };
}

/** The template under which one of our routers took a request. */
function routeOf(ctx: Context & { readonly _matchedRoute?: unknown }): string | undefined {
  const { route } = ctx.state;
  if (typeof route === 'string') return route;
  return ctx._matchedRoute === undefined ? undefined : String(ctx._matchedRoute);
}

function createTemplates(routes: readonly string[]): (path: string) => string {
  const fixed = new Set(routes.filter((route) => !route.includes(':')));
  const patterns = routes
    .filter((route) => !fixed.has(route))
    .map((route) => ({ route, pattern: new RegExp(`^${route.replaceAll('.', '\\.').replaceAll(/:\w+/g, '[^/]+')}$`) }));
  return (path) => (fixed.has(path) ? path : (patterns.find(({ pattern }) => pattern.test(path))?.route ?? OTHER));
}

/** Counted where it happens; looked at when somebody asks. */
function countTallies(registry: Registry, tally: Tally, mail: () => MailCounts): void {
  const counter = (
    { name, help, label }: Readonly<Record<'name' | 'help' | 'label', string>>,
    read: () => Iterable<readonly [string, number]>,
  ) =>
    new Counter({
      name,
      help,
      labelNames: [label],
      registers: [registry],
      collect() {
        this.reset();
        for (const [kind, count] of read()) this.inc({ [label]: kind }, count);
      },
    });
  const tallied = (name: TallyName) => () => tally.read(name);
  counter({ name: 'gatehouse_logins_total', help: 'Sign-ins, by how they ended.', label: 'outcome' }, tallied('login'));
  counter({ name: 'gatehouse_tokens_issued_total', help: 'Tokens, by OAuth grant type or our own kind.', label: 'kind' }, tallied('token'));
  counter({ name: 'gatehouse_audit_events_total', help: 'Entries of the audit log, by type.', label: 'type' }, tallied('audit'));
  counter({ name: 'gatehouse_mails_total', help: 'Mails, by what became of them.', label: 'outcome' }, () => Object.entries(mail()));
}
