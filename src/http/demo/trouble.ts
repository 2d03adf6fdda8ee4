import { AuthorizationResponseError, ClientError, ResponseBodyError } from 'openid-client';
import type { ErrorWords } from '../words.ts';

/** What can go wrong in an app that signs people in elsewhere. */
export class FlowError extends Error {
  override readonly name = 'FlowError';
  readonly kind: 'foreign-answer' | 'forgotten';

  constructor(kind: FlowError['kind']) {
    super(kind);
    this.kind = kind;
  }
}

export interface FlowTrouble {
  readonly status: number;
  readonly words: ErrorWords;
  /** For developers: an OAuth error code, or ours. */
  readonly code: string;
  readonly description: string | undefined;
}

/** Whether the error ends what the app knows of the person: nothing can be done with these tokens any more. */
export function endsSession(error: unknown): boolean {
  return error instanceof ResponseBodyError && error.error === 'invalid_grant';
}

/** The words for an error of the flow; undefined for what is none. */
export function troubleOf(error: unknown, during: 'callback' | 'later'): FlowTrouble | undefined {
  if (error instanceof FlowError) return { status: 400, words: WORDS[error.kind], code: error.kind, description: undefined };
  if (error instanceof AuthorizationResponseError) {
    const words = error.error === 'access_denied' ? WORDS.refused : WORDS.ended;
    return { status: 403, words, code: error.error, description: error.error_description };
  }
  if (error instanceof ResponseBodyError) {
    const words = during === 'callback' ? WORDS.code : WORDS.tokens;
    return { status: 400, words, code: error.error, description: error.error_description };
  }
  if (error instanceof ClientError) {
    return { status: 400, words: WORDS.unlikely, code: error.code ?? 'invalid_response', description: error.message };
  }
  // What fetch throws when nobody answers.
  if (error instanceof TypeError && error.cause !== undefined) {
    return { status: 502, words: WORDS.unreachable, code: 'unreachable', description: String(error.cause) };
  }
  return undefined;
}

const AGAIN = 'Go back and sign in again.';

const WORDS = {
  'foreign-answer': {
    badge: 'Sign-in stopped',
    title: 'This answer fits no sign-in of yours',
    what: 'It came with a state that Parcel Desk didn’t give to this browser, gave it too long ago, or has used already. If somebody had slipped you their own sign-in, it would look the same. So Parcel Desk stopped here.',
    next: AGAIN,
  },
  forgotten: {
    badge: 'Signed out',
    title: 'Parcel Desk has forgotten this sign-in',
    what: 'It keeps what it knows of you in memory, for an hour. A restart forgets it too.',
    next: `${AGAIN} Gatehouse may still know you.`,
  },
  refused: {
    badge: 'Not signed in',
    title: 'You didn’t let Parcel Desk in',
    what: 'Gatehouse told it that, and nothing else: Parcel Desk doesn’t know who you are.',
    next: 'Go back and sign in again, and choose Allow to see the rest.',
  },
  ended: {
    badge: 'Not signed in',
    title: 'Gatehouse ended the sign-in',
    what: 'It sent Parcel Desk an error in place of a code. The details below name it.',
    next: AGAIN,
  },
  code: {
    badge: 'Sign-in stopped',
    title: 'The code opened nothing',
    what: 'Gatehouse says that it is too old, was used before, or was meant for another app. A code is good once, for a short while.',
    next: AGAIN,
  },
  tokens: {
    badge: 'Signed out',
    title: 'Gatehouse doesn’t renew these tokens',
    what: 'The refresh token was taken back, has been used before, or is too old. Perhaps you signed out elsewhere.',
    next: AGAIN,
  },
  unlikely: {
    badge: 'Sign-in stopped',
    title: 'Parcel Desk didn’t accept that answer',
    what: 'Something in it isn’t as it has to be, so Parcel Desk used none of it. The details below say what.',
    next: AGAIN,
  },
  unreachable: {
    badge: 'Out of reach',
    title: 'Parcel Desk can’t reach Gatehouse',
    what: 'It asked Gatehouse under its public address, from this machine, and nobody answered.',
    next: 'Check that the address in the configuration (issuer) is right on this machine too, then go back and try again.',
  },
} as const satisfies Record<string, ErrorWords>;
