import type Provider from 'oidc-provider';
import type { Grant, KoaContextWithOIDC } from 'oidc-provider';
import { isAccountClient } from '../domain/clients/account-client.ts';
import type { ArtifactStore } from '../domain/tokens/artifact-store.ts';
import { sha256 } from '../lib/digest.ts';
import type { JsonObject } from '../lib/json.ts';

const KIND = 'Consent';

/** The engine's grant as it is stored: what was allowed, by OpenID scope, claim, and resource. */
interface GrantFields {
  readonly openid?: { readonly scope?: string; readonly claims?: readonly string[] };
  readonly resources?: Readonly<Record<string, string>>;
}

type EngineGrant = Grant;

const keyOf = (account: string, client: string) => sha256(`${account} ${client}`);

/**
 * A consent is what a person allows a client, asked once and kept until it is taken back. A grant is one use of it: each browser session has its
 * own for each client, so that revoking or stealing a token of one device ends that device's tokens and no other's.
 */
export interface Consents {
  /** The grant of this session, made from the consent when the session has none yet; undefined while there is no consent. */
  loadGrant(ctx: KoaContextWithOIDC): Promise<EngineGrant | undefined>;
  /** Adds what the grant allows to the consent. */
  remember(grant: EngineGrant): Promise<void>;
}

export function createConsents(artifacts: ArtifactStore): Consents {
  return {
    async loadGrant(ctx) {
      const { client, account, provider, result, session } = ctx.oidc;
      if (!client || !account) return undefined;
      if (isAccountClient(client.clientId)) return grantOfNothing(provider, account.accountId, client.clientId);
      const named = result?.consent?.grantId ?? session?.grantIdFor(client.clientId);
      const grant = named === undefined ? undefined : await provider.Grant.find(named);
      const consent = await artifacts.find(KIND, keyOf(account.accountId, client.clientId));
      if (grant?.accountId === account.accountId) return await widen(grant, consent?.payload as GrantFields | undefined);
      if (!consent) return undefined;
      return await newGrant(provider, { accountId: account.accountId, clientId: client.clientId, ...consent.payload });
    },

    async remember(grant) {
      const { accountId = '', clientId = '' } = grant;
      const key = keyOf(accountId, clientId);
      const earlier = (await artifacts.find(KIND, key))?.payload as GrantFields | undefined;
      const payload = union(earlier ?? {}, grant as unknown as GrantFields);
      await artifacts.put(KIND, key, { payload: payload as JsonObject, accountId, clientId }, undefined);
    },
  };
}

/** A person's own pages ask nobody: they get nothing. The engine wants to see a grant of what they asked for; it is not stored. */
function grantOfNothing(provider: Provider, accountId: string, clientId: string): EngineGrant {
  const grant = new provider.Grant({ accountId, clientId });
  grant.addOIDCScope('openid');
  return grant;
}

async function newGrant(provider: Provider, fields: { accountId: string; clientId: string }): Promise<EngineGrant> {
  const grant = new provider.Grant(fields);
  await grant.save();
  return grant;
}

/** What the person allowed in another browser since holds in this one too. */
async function widen(grant: EngineGrant, consent: GrantFields | undefined): Promise<EngineGrant> {
  const before = grant as unknown as GrantFields;
  const { openid, resources } = union(before, consent ?? {});
  const grew =
    openid?.scope !== (before.openid?.scope ?? '') ||
    Object.entries(resources ?? {}).some(([name, scope]) => scope !== (before.resources?.[name] ?? ''));
  if (!grew) return grant;
  if (openid?.scope) grant.addOIDCScope(openid.scope);
  for (const [resource, scope] of Object.entries(resources ?? {})) if (scope) grant.addResourceScope(resource, scope);
  await grant.save();
  return grant;
}

function union(a: GrantFields, b: GrantFields): GrantFields {
  const words = (one = '', other = '') => [...new Set(`${one} ${other}`.split(' ').filter(Boolean))].join(' ');
  const resources = new Set([...Object.keys(a.resources ?? {}), ...Object.keys(b.resources ?? {})]);
  return {
    openid: {
      scope: words(a.openid?.scope, b.openid?.scope),
      claims: [...new Set([...(a.openid?.claims ?? []), ...(b.openid?.claims ?? [])])],
    },
    resources: Object.fromEntries([...resources].map((resource) => [resource, words(a.resources?.[resource], b.resources?.[resource])])),
  };
}
