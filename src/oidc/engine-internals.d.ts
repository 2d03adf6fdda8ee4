// Files of oidc-provider (~9.13) that it ships without declaring them.
declare module 'oidc-provider/lib/helpers/fetch_request.js' {
  import type Provider from 'oidc-provider';

  const fetchRequest: (provider: Provider, url: string, options: RequestInit) => Promise<Response>;
  export default fetchRequest;
}
