import { z } from 'zod';
import { InvalidValueError, NotFoundError } from '../../../domain/errors.ts';
import { identityId } from '../../../domain/federation/identity.ts';
import { originOf } from '../../middleware/request-context.ts';
import { wayNotices, wayProblems } from '../../words.ts';
import { onPost } from './context.ts';
import { backWith, refuseStale } from './show.ts';

/** Who is signed in stays so. */
export const unlink = onPost(z.strictObject({ identity: z.string().min(1).max(40) }), async (step, { identity }) => {
  const { ctx, deps, account, fresh } = step;
  if (!fresh) return refuseStale(step);
  try {
    const { providerName } = await deps.identities.unlink(account, identityId(identity), originOf(ctx));
    backWith(step, { notice: wayNotices.unlinked(providerName) });
  } catch (error) {
    if (error instanceof NotFoundError) return backWith(step, { problem: wayProblems.unknown, status: 404 });
    if (!(error instanceof InvalidValueError)) throw error;
    backWith(step, { problem: wayProblems.lastWay, status: 409 });
  }
});
