import { decodeJwt, type JWTPayload } from 'jose';
import * as client from 'openid-client';
import type { Clock } from '../../lib/clock.ts';
import type { DemoTry, Exchange, FlowStep } from '../demo-data.ts';
import type { DemoApi } from './api.ts';
import { callApi, requestFor } from './api-call.ts';
import { READ, WRITE } from './credentials.ts';
import { flowSteps } from './flow-steps.ts';
import type { ClientCredentials, DemoIssuer } from './issuer.ts';
import { createRecorder, totalMilliseconds } from './recorder.ts';

const SCOPE = `openid profile email offline_access ${READ} ${WRITE}`;

/** A sign-in that is on its way: what its answer has to fit. */
export interface PendingSignIn {
  readonly state: string;
  readonly nonce: string;
  readonly verifier: string;
  readonly startedAt: Date;
  readonly authorizationUrl: string;
}

/** What the app knows of somebody who signed in. */
export interface SignedIn {
  readonly idToken: string;
  readonly idClaims: JWTPayload;
  readonly accessToken: string;
  readonly refreshToken: string | undefined;
  readonly refreshes: number;
  /** The access token, by a press of a button. */
  readonly revoked: boolean;
  readonly steps: readonly FlowStep[];
  readonly milliseconds: number;
  readonly tried: DemoTry;
  readonly exchange: Exchange;
}

export interface ParcelDeskDeps {
  /** Scheme, host and port under which the app is served: here the same as the issuer's. */
  readonly origin: string;
  readonly credentials: ClientCredentials;
  readonly issuer: DemoIssuer;
  readonly api: Pick<DemoApi, 'requestsDuring'>;
  readonly clock: Clock;
}

/** Every method throws what openid-client throws. */
export interface ParcelDesk {
  begin(): Promise<PendingSignIn>;
  /** @param search the query of the callback, with its question mark */
  complete(pending: PendingSignIn, search: string): Promise<SignedIn>;
  refresh(signedIn: SignedIn): Promise<SignedIn>;
  attempt(signedIn: SignedIn, tried: DemoTry): Promise<SignedIn>;
  /** Where to send the browser to end the session at Gatehouse too (OpenID Connect RP-Initiated Logout). */
  signOutUrl(signedIn: SignedIn): Promise<string>;
}

type TokenResponse = Pick<client.TokenEndpointResponse, 'id_token' | 'access_token' | 'refresh_token'>;

/** A third-party application: a relying party of Gatehouse like any other, over HTTP. */
export function createParcelDesk({ origin, credentials, issuer, api, clock }: ParcelDeskDeps): ParcelDesk {
  const redirectUri = `${origin}/demo/callback`;

  /** A fresh recorder for each act, and openid-client talking through it. */
  async function begun() {
    const recorder = createRecorder();
    return { recorder, configuration: await issuer.configure(credentials, recorder.fetch) };
  }

  return {
    async begin() {
      const { configuration } = await begun();
      const [state, nonce, verifier] = [client.randomState(), client.randomNonce(), client.randomPKCECodeVerifier()];
      const url = client.buildAuthorizationUrl(configuration, {
        redirect_uri: redirectUri,
        scope: SCOPE,
        state,
        nonce,
        code_challenge: await client.calculatePKCECodeChallenge(verifier),
        code_challenge_method: 'S256',
      });
      return { state, nonce, verifier, startedAt: clock(), authorizationUrl: url.href };
    },

    async complete({ state, nonce, verifier, startedAt, authorizationUrl }, search) {
      const { recorder, configuration } = await begun();
      const callbackUrl = new URL(`${redirectUri}${search}`);
      const checks = { expectedState: state, expectedNonce: nonce, pkceCodeVerifier: verifier, idTokenExpected: true };
      const tokens = tokensOf(await client.authorizationCodeGrant(configuration, callbackUrl, checks));
      const appRequests = [...recorder.requests];
      const { exchange, requestId } = await callApi(origin, requestFor('call', tokens.accessToken, clock), recorder);
      const steps = flowSteps({
        signInUrl: `${origin}/demo/sign-in`,
        authorizationUrl: new URL(authorizationUrl),
        callbackUrl,
        tookSeconds: (clock().getTime() - startedAt.getTime()) / 1000,
        idClaims: tokens.idClaims,
        appRequests,
        exchange,
        apiRequests: api.requestsDuring(requestId),
      });
      const milliseconds = totalMilliseconds(recorder.requests);
      return { ...tokens, refreshes: 0, revoked: false, steps, milliseconds, tried: 'call', exchange };
    },

    async refresh(signedIn) {
      if (signedIn.refreshToken === undefined) return signedIn;
      const { configuration } = await begun();
      const response = await client.refreshTokenGrant(configuration, signedIn.refreshToken);
      return { ...signedIn, ...tokensOf(response, signedIn), refreshes: signedIn.refreshes + 1, revoked: false };
    },

    async attempt(signedIn, tried) {
      const { recorder, configuration } = await begun();
      const revoking = tried === 'revoked';
      if (revoking) await client.tokenRevocation(configuration, signedIn.accessToken);
      const { exchange } = await callApi(origin, requestFor(tried, signedIn.accessToken, clock), recorder);
      // Gatehouse ends the refresh token along with the access token (RFC 7009, section 2.1 leaves that to the server).
      const after = revoking ? { revoked: true, refreshToken: undefined } : {};
      return { ...signedIn, ...after, tried, exchange };
    },

    async signOutUrl({ idToken }) {
      const { configuration } = await begun();
      const parameters = { id_token_hint: idToken, post_logout_redirect_uri: `${origin}/demo` };
      return client.buildEndSessionUrl(configuration, parameters).href;
    },
  };
}

/** A refresh need not bring a new ID token or refresh token: then the ones `before` stay (OpenID Connect Core 12.2, RFC 6749 section 6). */
function tokensOf(response: TokenResponse, before?: SignedIn): Pick<SignedIn, 'idToken' | 'idClaims' | 'accessToken' | 'refreshToken'> {
  const idToken = response.id_token ?? before?.idToken ?? '';
  return {
    idToken,
    idClaims: decodeJwt(idToken),
    accessToken: response.access_token,
    refreshToken: response.refresh_token ?? before?.refreshToken,
  };
}
