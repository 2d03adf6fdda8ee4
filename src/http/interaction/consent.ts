import { z } from 'zod';
import { accountId } from '../../domain/accounts/account.ts';
import { ROLES } from '../../domain/policy/roles.ts';
import { originOf } from '../middleware/request-context.ts';
import type { ConsentScope } from '../page-data.ts';
import { STANDARD_SCOPE_WORDS } from '../words.ts';
import { backToShow, formPage, goTo, onPost, page, pathOf, personOf, type Step } from './context.ts';
import { showPasswordForm } from './password.ts';

/** The words of the scopes that are asked for, what can do most first: the catalogue goes from little to much. */
function scopesInWords({ pending, deps }: Step): readonly ConsentScope[] {
  const { missing, granted } = pending;
  const asked = new Set([...missing.oidcScopes, ...Object.values(missing.resourceScopes).flat()]);
  const shown = asked.size > 0 ? asked : new Set(granted);
  const ofApi = deps.catalogue
    .filter(({ name }) => shown.has(name))
    .toReversed()
    .toSorted((a, b) => ROLES.indexOf(b.role) - ROLES.indexOf(a.role));
  const standard = Object.entries(STANDARD_SCOPE_WORDS).filter(([name]) => shown.has(name));
  return [
    ...ofApi.map(({ name, description, limit }) => ({ name, description, limit })),
    ...standard.toReversed().map(([name, words]) => ({ name, ...words })),
  ];
}

export async function showConsent(step: Step): Promise<void> {
  const { pending, deps } = step;
  const account = pending.sessionAccountId && (await deps.accounts.findSubject(accountId(pending.sessionAccountId)));
  if (!account) return await showPasswordForm(step);
  const { client } = pending;
  const text = (member: string) => (typeof client.metadata[member] === 'string' ? client.metadata[member] : undefined);
  page(step, 'interaction/consent', {
    ...formPage(step, 'consent'),
    client: {
      name: client.name,
      host: URL.parse(text('client_uri') ?? '')?.host ?? (pending.redirectHost || undefined),
      verified: client.verified,
      policyUri: text('policy_uri'),
      termsUri: text('tos_uri'),
    },
    person: personOf(account),
    startOverAction: pathOf(step, 'start-over'),
    scopes: scopesInWords(step),
  });
}

export const decideConsent = onPost(z.strictObject({ decision: z.enum(['allow', 'deny']) }), async (step, { decision }) => {
  const { ctx, deps, pending } = step;
  if (pending.prompt !== 'consent' || !pending.sessionAccountId || step.challenge) return backToShow(step);
  const scopes = [...pending.missing.oidcScopes, ...Object.values(pending.missing.resourceScopes).flat()];
  const about = {
    origin: originOf(ctx),
    tenantId: pending.client.tenantId,
    accountId: pending.sessionAccountId,
    clientId: pending.client.id,
    detail: { scopes },
  };
  if (decision === 'deny') {
    await deps.audit.record({ type: 'consent.refused', ...about });
    return goTo(ctx, await deps.engine.refuse(ctx));
  }
  await deps.audit.record({ type: 'consent.granted', ...about });
  goTo(ctx, await deps.engine.allow(ctx));
});
