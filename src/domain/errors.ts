/**
 * Every rule of the house that can be broken is a DomainError. `message` is for whoever asked, `detail` for the log alone.
 * The HTTP status lives with each surface (http/errors.ts), never here.
 */
export abstract class DomainError<Code extends string = string> extends Error {
  abstract readonly code: Code;
  readonly detail: string | undefined;

  constructor(publicMessage: string, options: { detail?: string; cause?: unknown } = {}) {
    super(publicMessage, { cause: options.cause });
    this.detail = options.detail;
  }
}

/** A unique value is taken. `field` names which one. */
export class AlreadyExistsError extends DomainError<'already_exists'> {
  override readonly name = 'AlreadyExistsError';
  readonly code = 'already_exists';
  readonly field: string;

  constructor(field: string, options: { detail?: string; cause?: unknown } = {}) {
    super(`That ${field} is taken.`, options);
    this.field = field;
  }
}

/** Something that was named does not exist, or not in this tenant. */
export class NotFoundError extends DomainError<'not_found'> {
  override readonly name = 'NotFoundError';
  readonly code = 'not_found';
}

/** A value breaks a rule. `field` names which one, the message says what would do. */
export class InvalidValueError extends DomainError<'invalid_value'> {
  override readonly name = 'InvalidValueError';
  readonly code = 'invalid_value';
  readonly field: string;

  constructor(field: string, message: string) {
    super(message);
    this.field = field;
  }
}

/** The person has, or owes, a second factor, and it was not proved for what they come with. */
export class SecondFactorOwedError extends DomainError<'second_factor_owed'> {
  override readonly name = 'SecondFactorOwedError';
  readonly code = 'second_factor_owed';
}

/** More work is waiting than can be done in time. */
export class OverloadedError extends DomainError<'overloaded'> {
  override readonly name = 'OverloadedError';
  readonly code = 'overloaded';
  readonly retryAfterSeconds = 2;
}

/** A store cannot be reached, is full, or did not answer in time. Nothing was changed. */
export class StoreUnavailableError extends DomainError<'store_unavailable'> {
  override readonly name = 'StoreUnavailableError';
  readonly code = 'store_unavailable';
  readonly retryAfterSeconds = 5;
}
