import type { CloudPairs } from '../../domain/tokens/cloud-pairs.ts';
import type { LoginStates } from '../../domain/tokens/login-states.ts';
import type { RestServices } from '../rest/services.ts';

/** What the cloud API is built on. */
export interface CloudServices extends RestServices {
  readonly pairs: CloudPairs;
  readonly states: LoginStates;
}

/** Milliseconds, as the documentation of each call says. */
export const TIME_OUT = { sign: 15_000, list: 5_000, read: 1_000 } as const;
