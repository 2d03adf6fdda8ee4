import type { Adapter, AdapterPayload } from 'oidc-provider';

/** oidc-provider's adapter on Maps, as its documentation sketches one: nothing is copied, nothing lasts, nothing expires by itself. */
export function createMapAdapter(): (kind: string) => Adapter {
  const entries = new Map<string, AdapterPayload>();
  const byUid = new Map<string, string>();
  const byUserCode = new Map<string, string>();
  const byGrant = new Map<string, string[]>();

  return (kind) => {
    const keyOf = (id: string) => `${kind}:${id}`;
    const find = async (id: string) => entries.get(keyOf(id));
    return {
      find,
      findByUid: async (uid) => await find(byUid.get(uid) ?? ''),
      findByUserCode: async (code) => await find(byUserCode.get(code) ?? ''),
      async upsert(id, payload) {
        const { uid, userCode, grantId } = payload;
        entries.set(keyOf(id), payload);
        if (uid !== undefined) byUid.set(uid, id);
        if (userCode !== undefined) byUserCode.set(userCode, id);
        if (grantId === undefined) return;
        const members = byGrant.get(grantId);
        if (members) members.push(keyOf(id));
        else byGrant.set(grantId, [keyOf(id)]);
      },
      async consume(id) {
        const entry = entries.get(keyOf(id));
        if (entry) entry.consumed = Math.floor(Date.now() / 1000);
      },
      async destroy(id) {
        entries.delete(keyOf(id));
      },
      async revokeByGrantId(grantId) {
        for (const key of byGrant.get(grantId) ?? []) entries.delete(key);
        byGrant.delete(grantId);
      },
    };
  };
}
