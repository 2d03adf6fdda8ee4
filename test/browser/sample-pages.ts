import { renderSVG } from 'uqr';
import type { DecodedToken, DemoResult, Exchange, FlowStep } from '../../src/http/demo-data.ts';
import type { PageData } from '../../src/http/page-data.ts';
import { trustedHtml } from '../../src/http/trusted-html.ts';
import { errorWords, problems } from '../../src/http/words.ts';
import { accountPages } from './sample-account.ts';
import { documentation, documented } from './sample-docs.ts';
import { mailbox } from './sample-mailbox.ts';
import { at, form, gate, login, person, type Sample, startOverAction } from './sample-parts.ts';
import { upstreamPages } from './sample-upstream.ts';

const totp: PageData['interaction/totp'] = {
  ...form,
  person,
  startOverAction,
  recoveryPath: '/interaction/abc/recovery',
  problem: undefined,
};
const recovery: PageData['interaction/recovery'] = { ...form, person, startOverAction, totpPath: '/interaction/abc', problem: undefined };
const enrol: PageData['interaction/totp-enrol'] = {
  ...form,
  qr: trustedHtml(
    renderSVG('otpauth://totp/Northmoor:alice@northmoor.example?secret=JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP&issuer=Northmoor', { border: 4 }),
  ),
  key: 'JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP',
  cancelAction: '/interaction/abc/cancel',
  problem: undefined,
};
const codes: PageData['interaction/recovery-codes'] = {
  ...form,
  codes: [
    '7QKM-2XWD-9FTR-H4BN-C3VJ-8LPA',
    'K6YD-5ZEM-R8NB-W2GT-4HXP-J7QC',
    'M5ZA-9KVF-T2LE-6DRY-W9CG-3NHX',
    'B7PQ-8TMK-2XWD-7QKM-H4BN-9FTR',
    '8LPA-C3VJ-5ZEM-K6YD-W2GT-R8NB',
    'J7QC-4HXP-9KVF-M5ZA-6DRY-T2LE',
    '3NHX-W9CG-8TMK-B7PQ-7QKM-2XWD',
    '9FTR-H4BN-C3VJ-8LPA-K6YD-5ZEM',
  ],
  login: person.login,
  madeAt: at,
  textPath: '/interaction/abc/recovery-codes.txt',
  problem: undefined,
};
const consent: PageData['interaction/consent'] = {
  ...form,
  client: { name: 'Tidewatch Reports', host: 'reports.tidewatch.example', verified: false, policyUri: undefined, termsUri: undefined },
  person,
  startOverAction,
  scopes: [
    { name: 'read:users', description: 'See the people of your organisation', limit: 'Names, e-mail addresses and roles. No passwords.' },
    { name: 'read:interactions', description: 'See interactions', limit: 'It can’t change anything.' },
    { name: 'openid', description: 'Know it is you', limit: 'An id that stays the same each time you sign in.' },
    { name: 'offline_access', description: 'Stay connected while you are away', limit: undefined },
  ],
};
const setPassword: PageData['account/set-password'] = { ...form, person, minLength: 15, problem: undefined };
const administrator: PageData['account/first-administrator'] = { ...form, email: '', name: '', minLength: 15, problems: {} };
const failure: PageData['error'] = {
  ...gate,
  words: errorWords('wrong-redirect-uri', 'Freight Planner'),
  reference: 'req_7Q2M-K9XD-41RT',
  at,
  wayOut: undefined,
  developer: {
    error: 'invalid_redirect_uri',
    description: "redirect_uri did not match any of the client's registered redirect_uris",
    clientId: 'freight-planner',
    received: 'https://freight.northmoor.example/callback/',
  },
};

const none = { method: undefined, url: undefined, status: undefined, parameters: [] };
const issuer = 'http://localhost:3000';
const steps: readonly FlowStep[] = [
  {
    ...none,
    from: 'browser',
    to: 'app',
    what: 'You press “Sign in”',
    detail: 'The app makes up three secrets for this sign-in alone and keeps them.',
  },
  {
    from: 'browser',
    to: 'gatehouse',
    what: 'Asks for a code',
    method: 'GET',
    url: `${issuer}/oauth/authorize?client_id=parcel-desk&response_type=code`,
    status: 303,
    detail: 'Your browser goes to Gatehouse with what the app wants. The app’s secret is not in it.',
    parameters: [
      { name: 'client_id', value: 'parcel-desk', meaning: 'Which app asks' },
      {
        name: 'code_challenge',
        value: 'E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM',
        meaning: 'Fingerprint of a secret that the app shows later',
      },
    ],
  },
  { ...none, from: 'gatehouse', to: 'gatehouse', what: 'You sign in: password, then code', detail: 'This is between you and Gatehouse.' },
  {
    ...none,
    from: 'browser',
    to: 'app',
    what: 'Comes back with the code',
    method: 'GET',
    url: `${issuer}/demo/callback?code=x&state=y`,
    status: 303,
    detail: 'The code is good once, for a minute, for this app alone.',
  },
  {
    ...none,
    from: 'app',
    to: 'gatehouse',
    what: 'Code and verifier',
    method: 'POST',
    url: `${issuer}/oauth/token`,
    status: 200,
    detail: 'Server to server: the code, the app’s own secret, and the secret behind the fingerprint.',
  },
  {
    ...none,
    from: 'gatehouse',
    to: 'app',
    what: 'ID, access and refresh token',
    detail: 'The ID token is for the app, the access token for the API.',
  },
  {
    ...none,
    from: 'app',
    to: 'api',
    what: 'Access token',
    method: 'GET',
    url: `${issuer}/api/v1/interactions`,
    status: 200,
    detail: 'The app shows the access token to the API.',
  },
  { ...none, from: 'api', to: 'app', what: '200, two interactions', status: 200, detail: 'The API checked the token by itself.' },
];
const raw =
  'eyJhbGciOiJFUzI1NiIsInR5cCI6ImF0K2p3dCJ9.eyJpc3MiOiJodHRwOi8vbG9jYWxob3N0OjMwMDAiLCJzdWIiOiIwYjZmMmExZSJ9.MEQCIB0tM1a2b3c4d5e6f7';
const idToken: DecodedToken = {
  raw,
  claims: [
    { name: 'iss', value: issuer, meaning: 'Who says so' },
    { name: 'sub', value: '0b6f2a1e-5f0c-4a3e-9c1d-7be2f8a40010', meaning: 'Stable id, never reused' },
    { name: 'aud', value: 'parcel-desk', meaning: 'This app and no other' },
    { name: 'name', value: 'Alice Martin', meaning: undefined },
    { name: 'amr', value: 'pwd, otp', meaning: 'Password and authenticator' },
    { name: 'auth_time', value: '09:02:12', meaning: '12 minutes ago' },
  ],
  expiresAt: new Date('2026-11-23T09:22:14Z'),
};
const exchange: Exchange = {
  method: 'GET',
  url: `${issuer}/api/v1/interactions?limit=2`,
  requestHeaders: [
    ['Authorization', 'Bearer eyJhbGciOi…'],
    ['Accept', 'application/json'],
  ],
  requestBody: undefined,
  status: 200,
  responseHeaders: [['Content-Type', 'application/json']],
  responseBody: JSON.stringify(
    [
      { id: 'NM-20417', to: 'Bergen', "day's": 'Tue' },
      { id: 'NM-20422', to: 'Voss "N"', open: true, weight: 12.5 },
    ],
    null,
    2,
  ),
  milliseconds: 14,
};
const result: DemoResult = {
  csrf: 'csrf-1',
  person: { name: 'Alice Martin', email: 'alice@northmoor.example' },
  now: at,
  startPath: '/demo',
  signInPath: '/demo/sign-in',
  waysPath: '/account/sign-in',
  signOutAction: '/demo/sign-out',
  refreshAction: '/demo/refresh',
  refreshes: 0,
  tryAction: '/demo/try',
  steps,
  milliseconds: 412,
  idToken,
  accessToken: {
    raw,
    claims: [
      { name: 'typ', value: 'at+jwt', meaning: undefined },
      { name: 'aud', value: `${issuer}/api`, meaning: 'The API it opens' },
      { name: 'client_id', value: 'parcel-desk', meaning: undefined },
      { name: 'scope', value: 'openid profile email read:interactions', meaning: 'Asked for more, this role may have this' },
      { name: 'jti', value: 'k3V9zT-2m1n0pQrS_tUvWxYz0Qe', meaning: 'Can be revoked by this id' },
    ],
    expiresAt: new Date('2026-11-23T09:22:14Z'),
    revoked: false,
  },
  tried: 'call',
  exchange,
};

export const samples: readonly Sample[] = [
  { name: 'docs-index', page: 'docs/index', data: documentation },
  { name: 'docs-document', page: 'docs/document', data: documented },
  { name: 'login', page: 'interaction/login', data: login },
  {
    name: 'login-refused',
    page: 'interaction/login',
    data: { ...login, identifier: 'alice', remember: true, problem: problems.wrongPassword },
  },
  {
    name: 'login-paused',
    page: 'interaction/login',
    data: { ...login, clientName: undefined, identifier: 'alice', problem: problems.accountPaused(new Date('2026-11-23T14:31:20Z')) },
  },
  { name: 'login-again', page: 'interaction/login', data: { ...login, reauthenticate: { person, startOverAction } } },
  { name: 'totp', page: 'interaction/totp', data: totp },
  { name: 'totp-refused', page: 'interaction/totp', data: { ...totp, problem: problems.wrongCode } },
  { name: 'recovery', page: 'interaction/recovery', data: recovery },
  { name: 'recovery-refused', page: 'interaction/recovery', data: { ...recovery, problem: problems.wrongRecoveryCode } },
  { name: 'totp-enrol', page: 'interaction/totp-enrol', data: enrol },
  { name: 'totp-enrol-refused', page: 'interaction/totp-enrol', data: { ...enrol, problem: problems.wrongCode } },
  { name: 'recovery-codes', page: 'interaction/recovery-codes', data: codes },
  {
    name: 'recovery-codes-refused',
    page: 'interaction/recovery-codes',
    data: { ...codes, textPath: undefined, problem: problems.codesNotKept },
  },
  { name: 'consent', page: 'interaction/consent', data: consent },
  {
    name: 'consent-admin',
    page: 'interaction/consent',
    data: {
      ...consent,
      client: {
        name: 'Freight Planner',
        host: 'freight.northmoor.example',
        verified: true,
        policyUri: 'https://freight.northmoor.example/privacy',
        termsUri: 'https://freight.northmoor.example/terms',
      },
      scopes: [{ name: 'admin:all', description: 'Do everything an administrator can', limit: undefined }, ...consent.scopes],
    },
  },
  ...upstreamPages,
  ...accountPages,
  { name: 'select-account', page: 'interaction/select-account', data: { ...form, clientName: 'Freight Planner', person } },
  {
    name: 'sign-out',
    page: 'interaction/sign-out',
    data: { ...gate, action: '/oauth/logout/confirm', xsrf: 'xsrf-1', clientName: 'Freight Planner', person },
  },
  {
    name: 'hand-over',
    page: 'interaction/hand-over',
    data: {
      ...gate,
      action: '/oauth/logout/confirm',
      fields: [{ name: 'code', value: 'code-1' }],
      clientName: 'Freight Planner',
    },
  },
  { name: 'signed-out', page: 'interaction/signed-out', data: { ...gate, wayOut: { href: '/demo', text: 'Back to Parcel Desk' } } },
  { name: 'set-password', page: 'account/set-password', data: setPassword },
  {
    name: 'set-password-refused',
    page: 'account/set-password',
    data: { ...setPassword, problem: 'This password is on lists that attackers try first. Choose words that don’t belong together.' },
  },
  { name: 'first-administrator', page: 'account/first-administrator', data: administrator },
  {
    name: 'first-administrator-refused',
    page: 'account/first-administrator',
    data: {
      ...administrator,
      email: 'alice@northmoor',
      name: 'Alice Martin',
      problems: { email: 'That is not an e-mail address, like name@example.com.', password: 'It has 9 characters. Use 15 or more.' },
    },
  },
  {
    name: 'first-administrator-refused-name',
    page: 'account/first-administrator',
    data: { ...administrator, email: person.login, name: ' ', problems: { name: 'A name has 1 to 120 characters on one line.' } },
  },
  {
    name: 'done',
    page: 'account/done',
    data: { ...gate, done: 'password-set', login: person.login, enrolsNext: false, wayOut: undefined },
  },
  {
    name: 'done-administrator',
    page: 'account/done',
    data: { ...gate, done: 'administrator-made', login: person.login, enrolsNext: true, wayOut: { href: '/demo', text: 'See the demo' } },
  },
  { name: 'link-dead', page: 'account/link-dead', data: { ...gate, purpose: 'set-password' } },
  { name: 'error', page: 'error', data: failure },
  {
    name: 'error-overloaded',
    page: 'error',
    data: {
      ...failure,
      words: errorWords('overloaded', undefined),
      wayOut: { href: '/oauth/authorize', text: 'Try again' },
      developer: undefined,
    },
  },
  {
    name: 'error-lost-interaction',
    page: 'error',
    data: { ...failure, words: errorWords('lost-interaction', undefined), developer: undefined },
  },
  {
    name: 'error-page-expired',
    page: 'error',
    data: {
      ...failure,
      words: errorWords('page-expired', 'Freight Planner'),
      wayOut: { href: 'https://freight.example/', text: 'Go to Freight Planner' },
    },
  },
  {
    name: 'demo-start',
    page: 'demo/start',
    data: {
      csrf: 'csrf-1',
      issuer,
      signInPath: '/demo/sign-in',
      path: '/demo',
      people: [
        {
          name: 'Alice Martin',
          role: 'Operator: may read interactions and people',
          username: 'alice',
          password: 'tundra-mosaic-velvet-anchor',
          authenticator: { code: '419207', secondsLeft: 21 },
        },
        {
          name: 'Victor Lund',
          role: 'Viewer: may read interactions',
          username: 'victor',
          password: 'pebble-harbor-quilt-sonar',
          authenticator: undefined,
        },
      ],
      mailboxPath: '/demo/mailbox',
      neighbour: {
        issuer: 'http://127.0.0.1:3001',
        person: {
          name: 'Nina Berg',
          role: 'Knows nothing of Northmoor yet',
          username: 'nina',
          password: 'lantern-meadow-copper-sail',
          authenticator: undefined,
        },
      },
      curl: `curl -s ${issuer}/oauth/token \\\n  -u 'parcel-sync:Yx3vN0q8mT2rB7kWcJ5dLfHs9aPzGuEo1iXtRvMnQyw' \\\n  -d grant_type=client_credentials \\\n  -d scope=read:interactions`,
    },
  },
  { name: 'demo-mailbox', page: 'demo/mailbox', data: mailbox },
  { name: 'demo-mailbox-empty', page: 'demo/mailbox', data: { ...mailbox, mails: [] } },
  { name: 'demo-result', page: 'demo/result', data: result },
  {
    name: 'demo-result-forbidden',
    page: 'demo/result',
    data: {
      ...result,
      refreshAction: undefined,
      refreshes: 2,
      accessToken: { ...result.accessToken, revoked: true },
      tried: 'forbidden',
      exchange: {
        ...exchange,
        method: 'POST',
        requestBody: '{\n  "name": "Night shift"\n}',
        status: 403,
        responseHeaders: [['WWW-Authenticate', 'Bearer error="insufficient_scope", scope="write:policies"']],
        responseBody: '{\n  "error": "insufficient_scope"\n}',
      },
    },
  },
];
