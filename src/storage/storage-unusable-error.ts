import { OperatorError } from '../lib/operator-error.ts';

/** `unsuited`: a server of ours, but too old or set up so that it may lose what it has acknowledged. `denied`: it refuses the credentials. */
export type UnusableReason = 'newer' | 'foreign' | 'damaged' | 'inaccessible' | 'locked' | 'unsuited' | 'denied';

/** A file or a server cannot serve as the store. The message is for the operator: what is wrong with which, then what to do. */
export class StorageUnusableError extends OperatorError {
  override readonly name = 'StorageUnusableError';
  readonly code = 'storage_unusable';
  readonly reason: UnusableReason;

  constructor(reason: UnusableReason, message: string, options: { cause?: unknown } = {}) {
    super(message, options);
    this.reason = reason;
  }
}
