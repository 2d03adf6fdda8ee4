import type { JsonObject } from '../../lib/json.ts';

/** Where a request came from: what every audit entry says of it. */
export interface Origin {
  readonly requestId: string;
  /** The client address as the trusted proxies tell it; `cli` for the command line. */
  readonly ip: string;
  /** The account or client that asks, where a token says who: an entry about somebody else tells by whom it came. */
  readonly actor?: string;
}

/** Names are `subject.verb`; the list is the catalogue. */
export const AUDIT_TYPES = [
  'login.succeeded',
  'login.failed',
  'login.paused',
  'login.abandoned',
  'logout.succeeded',
  'logout.undelivered',
  'mfa.succeeded',
  'mfa.failed',
  'mfa.replayed',
  'mfa.enrolled',
  'mfa.removed',
  'mfa.recovery_code_used',
  'consent.granted',
  'consent.refused',
  'token.issued',
  'token.refused',
  'token.reused',
  'token.revoked',
  'token.rotated',
  'grant.revoked',
  'account.created',
  'account.changed',
  'account.invited',
  'account.registered',
  'account.removed',
  'account.disabled',
  'account.enabled',
  'account.password_changed',
  'account.link_created',
  'client.created',
  'client.changed',
  'client.secret_added',
  'client.removed',
  'provider.created',
  'provider.changed',
  'provider.removed',
  'federation.linked',
  'federation.unlinked',
  'federation.refused',
  'federation.failed',
  'federation.refresh_refused',
  'federation.signed_out',
  'tenant.created',
  'tenant.changed',
  'licence.created',
  'licence.removed',
  'mail.failed',
  'key.created',
] as const;

export type AuditType = (typeof AUDIT_TYPES)[number];

export interface AuditEvent {
  /** Ascending within the log, assigned by the store. */
  readonly sequence: number;
  readonly at: Date;
  readonly type: AuditType;
  readonly tenantId: string | undefined;
  readonly accountId: string | undefined;
  readonly clientId: string | undefined;
  readonly requestId: string;
  readonly ip: string;
  /** Never a secret: no token, code, password, cookie or key. */
  readonly detail: JsonObject;
}

export interface AuditFilter {
  readonly tenantId?: string | undefined;
  readonly accountId?: string | undefined;
  readonly clientId?: string | undefined;
  readonly type?: AuditType | undefined;
  /** Entries older than this sequence number. */
  readonly before?: number | undefined;
  readonly limit: number;
}

/** Append-only: the port has no way to rewrite history. */
export interface AuditLog {
  append(event: Omit<AuditEvent, 'sequence'>): Promise<void>;
  /** Newest first. */
  list(filter: AuditFilter): Promise<readonly AuditEvent[]>;
}
