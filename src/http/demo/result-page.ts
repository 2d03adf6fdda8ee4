import { decodeJwt } from 'jose';
import type { DemoResult } from '../demo-data.ts';
import { explainAccessToken, explainIdToken } from './claims.ts';
import type { SignedIn } from './parcel-desk.ts';

const text = (value: unknown, otherwise: string) => (typeof value === 'string' ? value : otherwise);

export function resultPage(signedIn: SignedIn, { csrf, now }: { readonly csrf: string; readonly now: Date }): DemoResult {
  const { idToken, idClaims, accessToken, refreshToken } = signedIn;
  const email = text(idClaims.email, '');
  return {
    csrf,
    now,
    person: { name: text(idClaims.name, email || String(idClaims.sub)), email },
    startPath: '/demo',
    signInPath: '/demo/sign-in',
    waysPath: '/account/sign-in',
    signOutAction: '/demo/sign-out',
    refreshAction: refreshToken === undefined ? undefined : '/demo/refresh',
    tryAction: '/demo/try',
    refreshes: signedIn.refreshes,
    steps: signedIn.steps,
    milliseconds: signedIn.milliseconds,
    idToken: explainIdToken(idToken, idClaims, now),
    accessToken: { ...explainAccessToken(accessToken, decodeJwt(accessToken), now), revoked: signedIn.revoked },
    tried: signedIn.tried,
    exchange: signedIn.exchange,
  };
}
