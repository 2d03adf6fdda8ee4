import { setTimeout as delay } from 'node:timers/promises';
import { isDeepStrictEqual } from 'node:util';
import type { Origin } from '../domain/audit/audit-log.ts';
import type { KeyService, PrivateJwks } from '../domain/keys/key-service.ts';
import type { SigningKey } from '../domain/keys/key-store.ts';
import type { Logger } from '../lib/logger.ts';
import type { Engine } from './engine.ts';

/** Half of what a new key may take to reach every process. */
const LOOK_EVERY_MS = 500;

export interface EngineHostDeps {
  readonly keys: KeyService;
  readonly create: (jwks: PrivateJwks) => Promise<Engine>;
  readonly logger: Logger;
  readonly origin: Origin;
}

/**
 * An engine that has the signing keys that are stored. An engine keeps its keys for life, so when they change, here or in another process,
 * another one takes its place; requests under way end with the one they began with.
 * @param stop aborted when keys need not be looked for any more
 */
export async function hostEngine({ keys, create, logger, origin }: EngineHostDeps, stop: AbortSignal): Promise<Engine> {
  let jwks = await keys.load(origin);
  let current = await create(jwks);

  async function renew(): Promise<void> {
    if (isDeepStrictEqual(kidsInOrder(await keys.list()), kidsOf(jwks))) return;
    // Keys that vanish are being restored, or somebody's mistake: new ones would be in the way of both.
    const stored = await keys.open();
    current = await create(stored);
    jwks = stored;
    logger.info({ kids: kidsOf(jwks) }, 'the signing keys have changed');
  }

  async function watch(): Promise<void> {
    let failed = false;
    while (!stop.aborted) {
      await delay(LOOK_EVERY_MS, undefined, { signal: stop, ref: false }).catch(() => undefined);
      try {
        if (!stop.aborted) await renew();
        failed = false;
      } catch (error) {
        if (!failed && !stop.aborted) logger.error({ err: error }, 'the signing keys cannot be looked at; the ones that are known stay');
        failed = true;
      }
    }
  }
  void watch();

  return {
    middleware: (ctx, next) => current.middleware(ctx, next),
    findSignedIn: (exchange) => current.findSignedIn(exchange),
    findOauthToken: (value) => current.findOauthToken(value),
    codes: {
      redeem: (code, proof, origin) => current.codes.redeem(code, proof, origin),
      stands: (grantId) => current.codes.stands(grantId),
    },
    endVisit: (visit) => current.endVisit(visit),
    interactions: {
      pending: (exchange) => current.interactions.pending(exchange),
      signIn: (exchange, signIn) => current.interactions.signIn(exchange, signIn),
      keepAccount: (exchange) => current.interactions.keepAccount(exchange),
      allow: (exchange) => current.interactions.allow(exchange),
      refuse: (exchange) => current.interactions.refuse(exchange),
    },
  };
}

/** Those that sign come first, as KeyService.load has them. */
function kidsInOrder(keys: readonly SigningKey[]): readonly string[] {
  return [...keys.filter(({ active }) => active), ...keys.filter(({ active }) => !active)].map(({ kid }) => kid);
}

const kidsOf = (jwks: PrivateJwks) => jwks.map(({ kid }) => kid);
