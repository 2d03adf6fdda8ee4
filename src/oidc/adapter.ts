import { type Adapter, type AdapterPayload, errors } from 'oidc-provider';
import { clientId } from '../domain/clients/client.ts';
import type { ClientStore } from '../domain/clients/client-store.ts';
import type { TenantStore } from '../domain/tenants/tenant-store.ts';
import type { Artifact, ArtifactStore } from '../domain/tokens/artifact-store.ts';
import { HOUSE_TOKEN_KINDS } from '../domain/tokens/house-token.ts';
import type { Clock } from '../lib/clock.ts';
import { sha256 } from '../lib/digest.ts';
import type { JsonObject } from '../lib/json.ts';
import type { Keyring } from '../lib/keyring.ts';
import { toEngineMetadata } from './client-view.ts';
import { leaveToAnswer } from './pending-writes.ts';

/** The engine checks expiry with this tolerance itself; the store keeps an artifact just as long. */
export const CLOCK_TOLERANCE_SECONDS = 15;

/** Their fields hold bearer values (the cookie of the session, the address of the interaction), so all of them are sealed. */
const SEALED = new Set(['Session', 'Interaction']);

/** Nobody can present them before the answer that hands them out. */
const HANDED_OUT = new Set(['AccessToken', 'ClientCredentials', 'RefreshToken']);

/** The entry of a session's state among those of its clients; no client_id has a space. */
const STATE = 'the state';

/** Their id is no bearer value: other artifacts name them by it. */
const PLAIN_ID = new Set(['Grant']);

export interface AdapterDeps {
  readonly artifacts: ArtifactStore;
  readonly clients: ClientStore;
  readonly tenants: TenantStore;
  readonly keyring: Keyring;
  readonly clock: Clock;
  /** A single-use artifact was presented again: somebody has a copy. */
  readonly onReuse: (reuse: {
    readonly kind: string;
    readonly grantId: string | undefined;
    readonly accountId: string | undefined;
    readonly clientId: string | undefined;
  }) => void;
}

/** The engine's storage port, one adapter per kind of artifact. Clients are ours and read-only here. */
export function createAdapterFactory(deps: AdapterDeps): (kind: string) => Adapter {
  return (kind) => (kind === 'Client' ? clientAdapter(deps) : artifactAdapter(kind, deps));
}

/** With all that hangs on it. */
export async function endGrant(artifacts: ArtifactStore, grantId: string): Promise<void> {
  // The grant first: without it no token that is still there, or saved in this moment, is worth anything.
  await artifacts.remove('Grant', grantId);
  await artifacts.removeBy('grantId', grantId);
}

function clientAdapter({ clients, tenants }: Pick<AdapterDeps, 'clients' | 'tenants'>): Adapter {
  const readOnly = async () => {
    throw new Error('clients are changed through the client service');
  };
  return {
    async find(id) {
      const client = await clients.find(clientId(id));
      if (!client || client.disabled) return undefined;
      // Nothing of the engine works for a client it does not find, so this alone closes a tenant.
      const open = (await tenants.find(client.tenantId))?.disabled === false;
      return open ? (toEngineMetadata(client) as unknown as AdapterPayload) : undefined;
    },
    upsert: readOnly,
    destroy: readOnly,
    consume: readOnly,
    findByUid: readOnly,
    findByUserCode: readOnly,
    revokeByGrantId: readOnly,
  };
}

function artifactAdapter(kind: string, deps: AdapterDeps): Adapter {
  const { artifacts, keyring, clock, onReuse } = deps;
  // A bearer value at rest is a stolen database away from being used: only its digest is the key.
  const keyOf = (id: string) => (PLAIN_ID.has(kind) ? id : sha256(id));

  function toArtifact(id: string, payload: AdapterPayload): Artifact {
    const { jti: _jti, authorizations, state, consumed: _consumed, ...rest } = payload;
    const key = keyOf(id);
    const sealed = () => ({ sealed: keyring.seal(JSON.stringify({ ...rest, jti: id }), `${kind} ${key}`) });
    return {
      payload: SEALED.has(kind) ? sealed() : (rest as JsonObject),
      grantId: kind === 'Session' ? (payload.visit as string | undefined) : payload.grantId,
      accountId: payload.accountId,
      clientId: payload.clientId,
      uid: payload.uid,
      userCode: payload.userCode,
      // Requests at the same time each save the session they read: what one adds, a client or a sign-out that is asked about, the other must not erase.
      ...((authorizations ?? state) !== undefined && {
        members: {
          group: `${payload.uid} ${payload.accountId}`,
          entries: { ...authorizations, ...(state && { [STATE]: state }) } as JsonObject,
        },
      }),
    };
  }

  function toPayload(key: string, id: string | undefined, { payload, members, consumedAt }: Artifact): AdapterPayload {
    const sealed = SEALED.has(kind) ? keyring.open(String(payload.sealed), `${kind} ${key}`) : undefined;
    const { [STATE]: state, ...authorizations } = members?.entries ?? {};
    return {
      ...(sealed === undefined ? { ...(payload as AdapterPayload), jti: id ?? key } : (JSON.parse(sealed) as AdapterPayload)),
      ...(members && { authorizations: authorizations as NonNullable<AdapterPayload['authorizations']> }),
      ...(state !== undefined && { state: state as NonNullable<AdapterPayload['state']> }),
      ...(consumedAt !== undefined && { consumed: consumedAt }),
    };
  }

  const expiry = (seconds: number | undefined) =>
    seconds === undefined ? undefined : new Date(clock().getTime() + (seconds + CLOCK_TOLERANCE_SECONDS) * 1000);

  return {
    async upsert(id, payload, expiresIn) {
      const expiresAt = expiry(expiresIn);
      if (kind !== 'ReplayDetection') {
        const stored = artifacts.put(kind, keyOf(id), toArtifact(id, payload), expiresAt);
        return await (HANDED_OUT.has(kind) ? leaveToAnswer(stored) : stored);
      }
      // The engine finds, then saves: of 20 uses of one assertion at the same time several would pass. Inserting elects one.
      const first = await artifacts.putOnce(kind, keyOf(id), toArtifact(id, payload), expiresAt ?? new Date(clock().getTime() + 3_600_000));
      if (!first) throw new errors.InvalidClientAuth('client assertion tokens must only be used once');
    },
    async find(id) {
      const key = keyOf(id);
      const artifact = await artifacts.find(kind, key);
      return artifact && toPayload(key, id, artifact);
    },
    async findByUid(uid) {
      const found = await artifacts.findBy(kind, 'uid', uid);
      return found && toPayload(found.id, undefined, found.artifact);
    },
    async findByUserCode(userCode) {
      const found = await artifacts.findBy(kind, 'userCode', userCode);
      return found && toPayload(found.id, undefined, found.artifact);
    },
    async consume(id) {
      const key = keyOf(id);
      if (await artifacts.consume(kind, key)) return;
      // RFC 6749 4.1.2 and RFC 9700 4.14.2: used twice means copied. The grant goes too, else the winner's later-saved tokens would outlive this.
      const artifact = await artifacts.find(kind, key);
      if (artifact?.grantId) await endGrant(artifacts, artifact.grantId);
      onReuse({ kind, grantId: artifact?.grantId, accountId: artifact?.accountId, clientId: artifact?.clientId });
      throw new errors.InvalidGrant(`${kind} already consumed`);
    },
    async destroy(id) {
      await artifacts.remove(kind, keyOf(id));
      // The engine ends its own kinds by itself, but not a sign-in under way, which knows the grant of whoever was there before.
      // Tokens of other surfaces hang on the grant, too.
      if (kind === 'Grant') await artifacts.removeBy('grantId', id, HOUSE_TOKEN_KINDS);
    },
    async revokeByGrantId(grantId) {
      await artifacts.removeBy('grantId', grantId, [kind]);
    },
  };
}
