import { randomUUID } from 'node:crypto';
import type { Clock } from '../../lib/clock.ts';
import type { Audit } from '../audit/audit.ts';
import type { Origin } from '../audit/audit-log.ts';
import { InvalidValueError, NotFoundError } from '../errors.ts';
import type { TenantId } from '../tenants/tenant.ts';
import { type Licence, licenceId } from './licence.ts';
import type { LicenceStore } from './licence-store.ts';

export interface NewLicence {
  readonly tenantId: TenantId;
  readonly key: string;
  readonly agreement: {
    readonly kind: string;
    readonly name: string;
    readonly provides: readonly string[];
    readonly publishedAt?: Date | undefined;
  };
  readonly startsAt: Date;
  readonly expiresAt: Date;
  readonly deviceId?: string | undefined;
}

export interface LicenceService {
  /** @throws InvalidValueError naming the field, AlreadyExistsError */
  create(input: NewLicence, origin: Origin): Promise<Licence>;
  /** @throws NotFoundError */
  resolve(tenant: TenantId, id: string): Promise<Licence>;
  remove(licence: Licence, origin: Origin): Promise<void>;
}

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i;

export function createLicenceService(deps: { licences: LicenceStore; audit: Audit; clock: Clock }): LicenceService {
  const { licences, audit, clock } = deps;
  return {
    async create(input, origin) {
      const { agreement, deviceId } = input;
      if (input.expiresAt <= input.startsAt) throw new InvalidValueError('expiresAt', 'A licence ends after it begins.');
      if (deviceId !== undefined && !UUID.test(deviceId)) throw new InvalidValueError('deviceId', 'A device is named by its UUID.');
      const now = clock();
      const licence: Licence = {
        id: licenceId(randomUUID()),
        tenantId: input.tenantId,
        key: oneLine('key', input.key),
        agreement: {
          kind: oneLine('kind', agreement.kind),
          name: oneLine('agreement', agreement.name),
          provides: agreement.provides.map((feature) => oneLine('provides', feature)),
          publishedAt: agreement.publishedAt ?? now,
        },
        startsAt: input.startsAt,
        expiresAt: input.expiresAt,
        deviceId: deviceId?.toLowerCase(),
        amountPerMonth: 0,
        discountBasisPoints: 0,
        catalogueIds: [],
        paidUntil: undefined,
        signedBy: undefined,
        signedAt: undefined,
        createdAt: now,
      };
      await licences.create(licence);
      await audit.record({
        type: 'licence.created',
        origin,
        tenantId: licence.tenantId,
        detail: { id: licence.id, agreement: licence.agreement.name },
      });
      return licence;
    },
    async resolve(tenant, id) {
      const licence = await licences.find(tenant, licenceId(id.toLowerCase()));
      if (!licence) throw new NotFoundError(`There is no licence “${id}”.`);
      return licence;
    },
    async remove({ tenantId, id }, origin) {
      if (!(await licences.remove(tenantId, id))) throw new NotFoundError('This licence was removed already.');
      await audit.record({ type: 'licence.removed', origin, tenantId, detail: { id } });
    },
  };
}

function oneLine(field: string, value: string): string {
  const text = value.normalize('NFC').trim();
  if (text.length === 0 || text.length > 120 || /\p{Cc}/u.test(text))
    throw new InvalidValueError(field, `${field} has 1 to 120 characters on one line.`);
  return text;
}
