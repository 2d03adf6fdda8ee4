import { accountId } from '../../domain/accounts/account.ts';
import type { ChallengeStore, LoginChallenge } from '../../domain/login/challenge-store.ts';
import { tenantId } from '../../domain/tenants/tenant.ts';
import type { Connection } from './connection.ts';

interface ChallengeRow {
  readonly id: string;
  readonly tenant_id: string;
  readonly account_id: string;
  readonly credential_version: number;
  readonly step: string;
  readonly remember: number;
  readonly sealed_secret: string | null;
  readonly amr: string;
  readonly expires_at: number;
}

/** `tries` is left alone when a challenge is replaced, so that going back a step buys no further guesses. */
const PUT = `
INSERT INTO login_challenges (id, tenant_id, account_id, credential_version, step, remember, sealed_secret, amr, expires_at)
VALUES (:id, :tenant_id, :account_id, :credential_version, :step, :remember, :sealed_secret, :amr, :expires_at)
ON CONFLICT (id) DO UPDATE SET tenant_id = excluded.tenant_id, account_id = excluded.account_id,
  credential_version = excluded.credential_version, step = excluded.step, remember = excluded.remember,
  sealed_secret = excluded.sealed_secret, amr = excluded.amr, expires_at = excluded.expires_at`;

export function createChallengeStore(connection: Connection): ChallengeStore {
  const put = connection.statement(PUT);
  const find = connection.statement<ChallengeRow>('SELECT * FROM login_challenges WHERE id = :id AND expires_at > :now');
  const countTry = connection.statement<{ readonly tries: number }>(
    'UPDATE login_challenges SET tries = tries + 1 WHERE id = :id AND expires_at > :now RETURNING tries',
  );
  const remove = connection.statement('DELETE FROM login_challenges WHERE id = :id');

  return {
    async put(challenge) {
      await connection.change(put, fromChallenge(challenge));
    },
    find: (id, now) =>
      connection.read(() => {
        const row = find.get({ id, now: now.getTime() });
        return row ? toChallenge(row) : undefined;
      }),
    countTry: async (id, now) => (await connection.returning(countTry, { id, now: now.getTime() }))?.tries ?? 0,
    remove: async (id) => (await connection.change(remove, { id })) === 1,
  };
}

function fromChallenge(challenge: LoginChallenge) {
  return {
    id: challenge.id,
    tenant_id: challenge.tenantId,
    account_id: challenge.accountId,
    credential_version: challenge.credentialVersion,
    step: challenge.step,
    remember: Number(challenge.remember),
    sealed_secret: challenge.sealedSecret ?? null,
    amr: JSON.stringify(challenge.amr),
    expires_at: challenge.expiresAt.getTime(),
  };
}

function toChallenge(row: ChallengeRow): LoginChallenge {
  return {
    id: row.id,
    tenantId: tenantId(row.tenant_id),
    accountId: accountId(row.account_id),
    credentialVersion: row.credential_version,
    step: row.step as LoginChallenge['step'],
    remember: row.remember === 1,
    sealedSecret: row.sealed_secret ?? undefined,
    amr: JSON.parse(row.amr),
    expiresAt: new Date(row.expires_at),
  };
}
