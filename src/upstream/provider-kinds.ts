import type { Preset } from '../domain/federation/upstream-provider.ts';

/** How the kinds of provider differ from an OpenID provider that is found by discovery. */
export interface ProviderKind {
  /** Added to each authorization request. */
  readonly parameters?: Readonly<Record<string, string>>;
  /**
   * Added as well where its tokens are kept: how it is asked for tokens that can be refreshed. Empty: it gives them anyway, or they do not expire.
   * Undefined: by the scope offline_access.
   */
  readonly offline?: Readonly<Record<string, string>>;
  /** What stands for {tenantid} in the address of the discovery document. */
  readonly anyTenant?: string;
  /** `signed`: the secret is a JWT that we sign with the key it was configured with. */
  readonly secret?: 'signed';
  /** The first time somebody comes, a form member `user` tells their name; the ID token never does. */
  readonly nameInForm?: true;
  /** OAuth 2 without OpenID Connect: paths at the issuer, and an API that says who it is. */
  readonly api?: {
    readonly authorization: string;
    readonly token: string;
    /** Where its API is. */
    readonly base: Readonly<Record<string, string>>;
    /** A path at any other issuer. */
    readonly otherBase: string;
    readonly user: string;
    readonly emails: string;
  };
}

export const PROVIDER_KINDS: Readonly<Record<Preset, ProviderKind>> = {
  oidc: {},
  google: { offline: { access_type: 'offline', prompt: 'consent' } },
  // Accounts of organisations; those of private persons are of no tenant that anybody administers.
  entra: { anyTenant: 'organizations' },
  github: {
    offline: {},
    api: {
      authorization: '/login/oauth/authorize',
      token: '/login/oauth/access_token',
      base: { 'https://github.com': 'https://api.github.com' },
      // GitHub Enterprise Server
      otherBase: '/api/v3',
      user: '/user',
      emails: '/user/emails',
    },
  },
  apple: { parameters: { response_mode: 'form_post' }, offline: {}, secret: 'signed', nameInForm: true },
  gitlab: { offline: {} },
};
