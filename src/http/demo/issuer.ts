import * as client from 'openid-client';

/** What the demo's servers know of Gatehouse: what its discovery document says, and nothing else. */
export interface DemoIssuer {
  readonly metadata: () => Promise<client.ServerMetadata>;
  /** openid-client for one client, its requests going through `fetch`. */
  readonly configure: (credentials: ClientCredentials, fetch: client.CustomFetch) => Promise<client.Configuration>;
}

export interface ClientCredentials {
  readonly id: string;
  readonly secret: string;
}

const TIMEOUT_SECONDS = 10;

export function createDemoIssuer(issuer: string): DemoIssuer {
  let found: Promise<client.ServerMetadata> | undefined;

  async function discover(): Promise<client.ServerMetadata> {
    const options = { execute: [client.allowInsecureRequests], timeout: TIMEOUT_SECONDS };
    const configuration = await client.discovery(new URL(issuer), 'demo', undefined, client.None(), options);
    return configuration.serverMetadata();
  }

  /** Once; after a failure the next one who asks tries again. */
  const metadata = () => {
    found ??= discover().catch((error: unknown) => {
      found = undefined;
      throw error;
    });
    return found;
  };

  return {
    metadata,
    async configure({ id, secret }, fetch) {
      const configuration = new client.Configuration(await metadata(), id, undefined, client.ClientSecretBasic(secret));
      // The demo runs on localhost, where plain http stays inside the machine.
      client.allowInsecureRequests(configuration);
      // Checks the signature of ID tokens as well; TLS would do in place of it (OpenID Connect Core 3.1.3.7), but there is none here.
      client.enableNonRepudiationChecks(configuration);
      configuration.timeout = TIMEOUT_SECONDS;
      configuration[client.customFetch] = fetch;
      return configuration;
    },
  };
}
