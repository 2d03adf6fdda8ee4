import { once } from 'node:events';
import { type FileHandle, open, readFile } from 'node:fs/promises';
import { setTimeout as delay } from 'node:timers/promises';
import { freePort } from '../test/support/free-port.ts';
import { openTestHouse } from '../test/support/open-test-house.ts';
import { temporaryFolder } from '../test/support/temporary-folder.ts';
import type { CorePlan } from './cores.ts';
import { type PinnedProcess, startPinned } from './processes.ts';
import { fillWithLiveTokens, prepareHouse, signInOften } from './seed.ts';
import type { BenchStore } from './stores.ts';
import type { Preparation, RunningTarget } from './targets.ts';

const PATHS = {
  token: '/oauth/token',
  introspection: '/oauth/introspect',
  userinfo: '/oauth/userinfo',
  jwks: '/oauth/jwks',
  discovery: '/.well-known/openid-configuration',
};

/** The server as an operator starts it: default settings, JSON logs to a file; only tokens live as long as the benchmark runs. */
export async function startGatehouse(
  store: BenchStore,
  wanted: Preparation & { readonly workers: number },
  cores: CorePlan,
): Promise<RunningTarget> {
  const { workers } = wanted;
  await using unfinished = new AsyncDisposableStack();
  const folder = unfinished.use(await temporaryFolder());
  const env = {
    PORT: String(await freePort()),
    GATEHOUSE_DATA_DIR: folder.path,
    GATEHOUSE_DEMO: 'off',
    GATEHOUSE_LOG__FORMAT: 'json',
    GATEHOUSE_LIFETIMES__ACCESS_TOKEN: '36000',
    ...(workers > 1 && { GATEHOUSE_SERVER__WORKERS: String(workers) }),
    ...(await store.fresh()),
  };
  const prepared = await prepareHouse(env, wanted);
  const log = await open(`${folder.path}/server.log`, 'w');
  unfinished.defer(() => log.close());
  const { cores: pinnedTo, sharedWithLoad } = cores.servers(workers);
  const server = unfinished.use(startPinned(['src/main.ts'], { cores: pinnedTo, env, log: log.fd }));
  await untilAnswering(server, `${prepared.issuer}/healthz`, log);

  const tokens = await signInOften(prepared, wanted);
  if (wanted.liveTokens > 0) {
    await using house = await openTestHouse(env);
    await fillWithLiveTokens(house, prepared, wanted.liveTokens);
  }
  const running = unfinished.move();
  const { client: service, secret: serviceSecret = '' } = prepared.service;
  const { client: app, secret: appSecret = '' } = prepared.app;
  return {
    fixture: {
      origin: prepared.issuer,
      paths: PATHS,
      service: { id: service.id, secret: serviceSecret },
      app: { id: app.id, secret: appSecret },
      ...tokens,
    },
    pid: server.pid,
    sharedWithLoad,
    prepared,
    [Symbol.asyncDispose]: () => running.disposeAsync(),
  };
}

async function untilAnswering({ child }: PinnedProcess, url: string, log: FileHandle): Promise<void> {
  const ended = once(child, 'exit').then(() => true);
  for (let tries = 0; tries < 400; tries++) {
    const answer = await fetch(url).catch(() => undefined);
    if (answer?.ok) return;
    if (await Promise.race([ended, delay(50, false)])) break;
  }
  throw new Error(`the server did not start:\n${await readFile(`/proc/self/fd/${log.fd}`, 'utf8')}`);
}
