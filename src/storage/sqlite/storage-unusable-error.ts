import { OperatorError } from '../../lib/operator-error.ts';

export type UnusableReason = 'newer' | 'foreign' | 'damaged' | 'inaccessible' | 'locked';

/** The file cannot serve as the store. The message is for the operator: what is wrong with which file, then what to do. */
export class StorageUnusableError extends OperatorError {
  override readonly name = 'StorageUnusableError';
  readonly code = 'storage_unusable';
  readonly reason: UnusableReason;

  constructor(reason: UnusableReason, message: string, options: { cause?: unknown } = {}) {
    super(message, options);
    this.reason = reason;
  }
}
