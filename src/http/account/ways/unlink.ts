import { z } from 'zod';
import { InvalidValueError, NotFoundError } from '../../../domain/errors.ts';
import { identityId } from '../../../domain/federation/identity.ts';
import { originOf } from '../../middleware/request-context.ts';
import { wayNotices, wayProblems } from '../../words.ts';
import { backWith, refuseStale } from './show.ts';
import { posted } from './visit.ts';

/** Who is signed in stays so. */
export const unlink = posted(z.strictObject({ identity: z.string().min(1).max(40) }), async (visit, { identity }) => {
  const { ctx, deps, account, fresh } = visit;
  if (!fresh) return refuseStale(visit);
  try {
    const { providerName } = await deps.identities.unlink(account, identityId(identity), originOf(ctx));
    backWith(visit, { notice: wayNotices.unlinked(providerName) });
  } catch (error) {
    if (error instanceof NotFoundError) return backWith(visit, { problem: wayProblems.unknown, status: 404 });
    if (!(error instanceof InvalidValueError)) throw error;
    backWith(visit, { problem: wayProblems.lastWay, status: 409 });
  }
});
