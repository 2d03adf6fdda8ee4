import { randomUUID } from 'node:crypto';
import type { TenantId } from '../../domain/tenants/tenant.ts';
import type { Clock } from '../../lib/clock.ts';

/** What somebody sent to an AI application, as the product saw it. */
export interface NewInteraction {
  readonly user: string;
  readonly application: string;
  readonly verdict: 'allowed' | 'warned' | 'blocked';
}

export interface Interaction extends NewInteraction {
  readonly id: string;
  readonly at: string;
}

export interface NewPolicy {
  readonly name: string;
  readonly category: Category;
  readonly action: 'allow' | 'warn' | 'block';
}

export interface Policy extends NewPolicy {
  readonly id: string;
}

export const CATEGORIES = ['public', 'personal', 'financial', 'secret'] as const;

export type Category = (typeof CATEGORIES)[number];

/** The product's records of one tenant. */
export interface ProductDesk {
  /** Newest first. */
  readonly interactions: Interaction[];
  readonly policies: Map<string, Policy>;
}

/** The demo lives in memory: the oldest goes when there is more than this. */
const MOST_TENANTS = 50;
const MOST_INTERACTIONS = 1000;
export const MOST_POLICIES = 100;

const FIRST_INTERACTIONS: readonly NewInteraction[] = [
  { user: 'alice@acme.fr', application: 'ChatGPT', verdict: 'allowed' },
  { user: 'bob@acme.fr', application: 'Mistral', verdict: 'warned' },
  { user: 'alice@acme.fr', application: 'Gemini', verdict: 'blocked' },
];

const FIRST_POLICIES: readonly NewPolicy[] = [
  { name: 'No secrets', category: 'secret', action: 'block' },
  { name: 'Mind personal data', category: 'personal', action: 'warn' },
];

export interface ProductData {
  of(tenant: TenantId): ProductDesk;
  /** As they were added, with ids. */
  addInteractions(tenant: TenantId, added: readonly NewInteraction[]): readonly Interaction[];
}

export function createProductData(clock: Clock): ProductData {
  const desks = new Map<TenantId, ProductDesk>();
  const recorded = (interaction: NewInteraction): Interaction => ({ id: randomUUID(), at: clock().toISOString(), ...interaction });

  function open(tenant: TenantId): ProductDesk {
    const desk: ProductDesk = {
      interactions: FIRST_INTERACTIONS.map(recorded),
      policies: new Map(FIRST_POLICIES.map((policy) => ({ id: randomUUID(), ...policy })).map((policy) => [policy.id, policy])),
    };
    desks.set(tenant, desk);
    const [oldest] = desks.keys();
    if (desks.size > MOST_TENANTS && oldest !== undefined) desks.delete(oldest);
    return desk;
  }

  const of = (tenant: TenantId) => desks.get(tenant) ?? open(tenant);
  return {
    of,
    addInteractions(tenant, added) {
      const { interactions } = of(tenant);
      const recordedNow = added.map(recorded);
      interactions.unshift(...recordedNow.toReversed());
      interactions.splice(MOST_INTERACTIONS);
      return recordedNow;
    },
  };
}

const SIGNS: readonly (readonly [Category, RegExp])[] = [
  ['secret', /-----BEGIN [A-Z ]*PRIVATE KEY-----|\b(?:password|passwd|api[_-]?key|secret)\s*[:=]/i],
  ['financial', /\b[A-Z]{2}\d{2}(?: ?[A-Z0-9]{4}){3,7}\b|\b\d{4}(?:[ -]?\d{4}){3}\b/],
  ['personal', /[^\s@]{1,64}@[^\s@]{1,190}\.[a-z]{2,}|\+\d[\d ]{7,20}\d/i],
];

/** What kind of data a text holds: the most delicate that it shows a sign of. */
export function classify(text: string): Category {
  return SIGNS.find(([, sign]) => sign.test(text))?.[0] ?? 'public';
}
