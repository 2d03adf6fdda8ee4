import type { House } from '../compose.ts';
import { registrationOf } from '../config/web-oidc.ts';
import { createAccountMail } from '../domain/accounts/account-mail.ts';
import type { Federation } from '../domain/federation/federation-service.ts';
import type { Visits } from '../domain/federation/visits.ts';
import type { RateRule } from '../domain/limits/rate-limits.ts';
import { createApiSignIn } from '../domain/login/api-sign-in.ts';
import type { Tenant } from '../domain/tenants/tenant.ts';
import type { FindOauthToken } from '../domain/tokens/bearer.ts';
import { createBearers } from '../domain/tokens/bearers.ts';
import type { CodeRedemption } from '../domain/tokens/code-redemption.ts';
import type { RestServices } from '../http/rest/services.ts';
import type { SurfaceDeps } from '../http/rest/surface.ts';

interface RestOptions {
  readonly house: House;
  readonly firstTenant: Tenant;
  readonly findOauthToken: FindOauthToken;
  readonly federation: Federation;
  readonly visits: Visits;
  readonly codes: CodeRedemption;
  readonly stop: AbortSignal;
}

const rate = ({ limit, window }: { limit: number; window: number }): RateRule => ({ limit, windowSeconds: window });

/** What the REST surfaces are made of, over a house and the engine's tokens. */
export function composeRest({ house, firstTenant, findOauthToken, codes, federation, visits, stop }: RestOptions): {
  services: RestServices;
  rest: SurfaceDeps;
} {
  const { config, storage } = house;
  const { accounts, clients, tenants } = storage;
  const stores = { accounts, clients, tenants };
  const bearers = createBearers({ ...house, ...stores, uses: house.tokenUses, findOauthToken });
  const signIn = createApiSignIn({
    ...house,
    ...stores,
    challenges: storage.challenges,
    announce: house.newPlaces.announce,
    challengeSeconds: config.mfa.challenge_seconds,
    maxTries: config.mfa.max_tries,
  });
  return {
    services: {
      ...house,
      issuer: config.issuer,
      signIn,
      bearers,
      accountMail: createAccountMail({ ...house, people: accounts, counters: storage.counters, issuer: config.issuer }),
      firstTenant,
      federation,
      registrationOf: (provider) => registrationOf(provider, config),
      rates: storage.rates,
      visits,
      oidcPage: config.web.oidc.page,
      codes,
      sendsMail: config.mailTransport !== 'off',
      accessTokenSeconds: config.lifetimes.access_token,
      queryTokens: config.session_api.query,
      stores: storage,
      stop,
    },
    rest: {
      ...house,
      bearers,
      rates: storage.rates,
      limits: { address: rate(config.limits.api_address), tenant: rate(config.limits.api_tenant) },
    },
  };
}
