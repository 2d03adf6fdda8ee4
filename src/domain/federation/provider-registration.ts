/** Our addresses, as they have to be registered at a provider (OpenID Connect Registration 2, RP-Initiated Logout 3.1, Back-Channel Logout 2.2). */
export interface ProviderRegistration {
  readonly redirect_uri: string;
  /** For providers with `ends_session`. */
  readonly post_logout_redirect_uri: string;
  /** Where the provider may tell of a sign-out there. */
  readonly backchannel_logout_uri: string;
}
