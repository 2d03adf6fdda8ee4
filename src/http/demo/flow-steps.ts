import type { JWTPayload } from 'jose';
import type { Exchange, Explained, FlowStep } from '../demo-data.ts';
import type { RecordedRequest } from './recorder.ts';
import { shorten } from './shorten.ts';

/** All that is known of a sign-in once it is through. */
export interface FlowRecord {
  readonly signInUrl: string;
  readonly authorizationUrl: URL;
  readonly callbackUrl: URL;
  /** From the press of the button to the code, by the app's clock. */
  readonly tookSeconds: number;
  readonly idClaims: JWTPayload;
  /** Of the app to Gatehouse, in their order. */
  readonly appRequests: readonly RecordedRequest[];
  readonly exchange: Exchange;
  /** Of the API to Gatehouse while it answered. */
  readonly apiRequests: readonly RecordedRequest[];
}

type Words = Readonly<Record<string, string>>;

const AUTHORIZATION_WORDS: Words = {
  client_id: 'Which app asks',
  response_type: 'A code first, so that no token is ever in an address',
  redirect_uri: 'Where the answer goes; it has to be registered',
  scope: 'What the app would like to have',
  state: 'Ties the answer to this browser',
  nonce: 'Ties the ID token to this sign-in',
  code_challenge: 'Fingerprint of a secret that the app keeps (PKCE)',
  code_challenge_method: 'The fingerprint is SHA-256',
};

const CALLBACK_WORDS: Words = {
  code: 'Good once, for a short while, for this app alone',
  state: 'The same as was sent, so the answer belongs here',
  iss: 'Who answers, so that two issuers can’t be mixed up (RFC 9207)',
};

const TOKEN_WORDS: Words = {
  grant_type: 'What is exchanged for tokens',
  code: 'Used up by this request',
  redirect_uri: 'Has to be the one the code was made for',
  code_verifier: 'The secret behind the fingerprint: whoever steals the code doesn’t have it',
};

const SECRETS = new Set(['code', 'code_verifier', 'code_challenge', 'state', 'nonce', 'token']);

/** Those with words in the order of the words, then the rest. */
function explain(parameters: URLSearchParams, words: Words): readonly Explained[] {
  return [...new Set([...Object.keys(words), ...parameters.keys()])].flatMap((name) =>
    parameters.getAll(name).map((value) => ({ name, value: SECRETS.has(name) ? shorten(value) : value, meaning: words[name] })),
  );
}

/** How a client proves itself: its id and secret, in a header. */
function basic({ headers }: RecordedRequest, meaning: string): readonly Explained[] {
  const value = headers.get('Authorization');
  return value === null ? [] : [{ name: 'Authorization', value: shorten(value), meaning }];
}

type StepInput = Pick<FlowStep, 'from' | 'to' | 'what' | 'detail'> & Partial<FlowStep>;

const step = (input: StepInput): FlowStep => ({ method: undefined, url: undefined, status: undefined, parameters: [], ...input });

const sent = ({ method, url, status }: RecordedRequest) => ({ method, url, status });

export function flowSteps(record: FlowRecord): readonly FlowStep[] {
  return [...browserSteps(record), ...record.appRequests.flatMap(appSteps), ...apiSteps(record)];
}

function browserSteps({ signInUrl, authorizationUrl, callbackUrl, tookSeconds, idClaims }: FlowRecord): readonly FlowStep[] {
  return [
    step({
      from: 'browser',
      to: 'app',
      what: 'You press “Sign in”',
      method: 'GET',
      url: signInUrl,
      status: 303,
      detail:
        'Parcel Desk makes up three random values for this sign-in: a state, a nonce and a PKCE verifier. It keeps them on its server, and sends your browser to Gatehouse.',
    }),
    step({
      from: 'browser',
      to: 'gatehouse',
      what: 'Asks for a code',
      method: 'GET',
      url: authorizationUrl.href,
      detail: 'Your browser carries the question. It holds no secret: anybody may see it.',
      parameters: explain(authorizationUrl.searchParams, AUTHORIZATION_WORDS),
    }),
    signInStep(tookSeconds, idClaims),
    step({
      from: 'browser',
      to: 'app',
      what: 'Comes back with the code',
      method: 'GET',
      url: callbackUrl.href,
      status: 303,
      detail: 'Gatehouse sends your browser back to the registered address. The code alone opens nothing.',
      parameters: explain(callbackUrl.searchParams, CALLBACK_WORDS),
    }),
  ];
}

/** Durations are compared, so that it does not matter whether the clocks of app and issuer agree. */
function signInStep(tookSeconds: number, { amr, auth_time: authTime, iat }: JWTPayload): FlowStep {
  const place = { from: 'gatehouse', to: 'gatehouse' } as const;
  const sinceProof = Number(iat) - Number(authTime);
  if (sinceProof > tookSeconds + 1) {
    return step({
      ...place,
      what: 'You are signed in already',
      detail: 'Your browser has a session at Gatehouse from an earlier sign-in, so nothing is asked again.',
    });
  }
  const twoSteps = Array.isArray(amr) && amr.includes('mfa');
  return step({
    ...place,
    what: twoSteps ? 'You sign in: password, then code' : 'You sign in with your password',
    detail:
      'This happens on Gatehouse’s pages, and Parcel Desk sees nothing of it. The first time, Gatehouse also asks whether you allow what the app would like.',
  });
}

function appSteps(request: RecordedRequest): readonly FlowStep[] {
  const fromApp = { from: 'app', to: 'gatehouse', ...sent(request) } as const;
  if (request.method === 'GET') {
    return [
      step({
        ...fromApp,
        what: 'Public keys',
        detail:
          'With Gatehouse’s public keys the app checks the signature of the ID token, then who issued it, for whom, its age and its nonce.',
      }),
    ];
  }
  return [
    step({
      ...fromApp,
      what: 'Code and verifier',
      detail: 'From server to server, past the browser. The app proves itself with its own secret.',
      parameters: [...basic(request, 'The app’s id and secret'), ...explain(request.form, TOKEN_WORDS)],
    }),
    step({
      from: 'gatehouse',
      to: 'app',
      what: 'ID, access and refresh token',
      status: request.status,
      detail:
        'The ID token tells the app who you are. The access token is for the API. The refresh token fetches new ones when they run out, each time by a new one.',
    }),
  ];
}

function apiSteps({ exchange, apiRequests }: FlowRecord): readonly FlowStep[] {
  return [
    step({
      from: 'app',
      to: 'api',
      what: 'Access token',
      method: exchange.method,
      url: exchange.url,
      status: exchange.status,
      detail: 'The app shows the access token to the API. The API checks signature, issuer, audience, age and scope by itself.',
      parameters: exchange.requestHeaders.map(([name, value]) => ({ name, value, meaning: undefined })),
    }),
    ...apiRequests.map((request) =>
      step({
        from: 'api',
        to: 'gatehouse',
        what: 'Is it still good?',
        ...sent(request),
        detail:
          'A revoked token keeps a good signature until it expires. An API that wants to know at once asks Gatehouse (introspection); one that can wait some minutes saves itself the request.',
        parameters: [...basic(request, 'The API’s own id and secret'), ...explain(request.form, {})],
      }),
    ),
    step({
      from: 'api',
      to: 'app',
      what: exchange.status < 400 ? `${exchange.status}, the interactions` : `${exchange.status}, refused`,
      status: exchange.status,
      detail: exchange.status < 400 ? 'The API answers.' : 'The API refuses, and says why.',
    }),
  ];
}
