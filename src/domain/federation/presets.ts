import { THEIR_TENANT } from './issuers.ts';
import { type ClaimPaths, NO_CLAIM_PATHS, type Preset, type UpstreamProvider } from './upstream-provider.ts';

/** What settings need not say because the kind of provider says it. */
export interface PresetDefaults {
  /** Undefined: the host of the issuer. */
  readonly name: string | undefined;
  /** Undefined: the settings have to. */
  readonly issuer: string | undefined;
  readonly authentication: UpstreamProvider['authentication'];
  /** Whether it knows no other way for a client to prove itself. */
  readonly authenticationFixed?: true;
  readonly scopes: readonly string[];
  readonly claims: ClaimPaths;
}

/** OpenID Connect Core 5.1; `groups` is what most have agreed on since. */
const STANDARD_CLAIMS: ClaimPaths = {
  ...NO_CLAIM_PATHS,
  email: 'email',
  emailVerified: 'email_verified',
  username: 'preferred_username',
  name: 'name',
  groups: 'groups',
};

const STANDARD = {
  authentication: 'client_secret_basic',
  scopes: ['openid', 'profile', 'email'],
  claims: STANDARD_CLAIMS,
} as const;

export const PRESET_DEFAULTS: Readonly<Record<Preset, PresetDefaults>> = {
  oidc: { ...STANDARD, name: undefined, issuer: undefined },
  google: {
    ...STANDARD,
    name: 'Google',
    issuer: 'https://accounts.google.com',
    claims: { ...STANDARD_CLAIMS, username: undefined, groups: undefined },
  },
  entra: {
    ...STANDARD,
    name: 'Microsoft',
    issuer: `https://login.microsoftonline.com/${THEIR_TENANT}/v2.0`,
    authentication: 'client_secret_post',
    // Anybody can write any address into an account of theirs; this optional claim says whether its domain was verified.
    claims: { ...STANDARD_CLAIMS, emailVerified: 'xms_edov' },
  },
  github: {
    name: 'GitHub',
    issuer: 'https://github.com',
    authentication: 'client_secret_post',
    authenticationFixed: true,
    scopes: ['read:user', 'user:email'],
    claims: { ...STANDARD_CLAIMS, username: 'login', groups: undefined },
  },
  apple: {
    name: 'Apple',
    issuer: 'https://appleid.apple.com',
    authentication: 'client_secret_post',
    authenticationFixed: true,
    scopes: ['openid', 'name', 'email'],
    claims: { ...STANDARD_CLAIMS, username: undefined, groups: undefined },
  },
  gitlab: { ...STANDARD, name: 'GitLab', issuer: 'https://gitlab.com' },
};
