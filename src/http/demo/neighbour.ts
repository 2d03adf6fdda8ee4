import type { ProviderSettings } from '../../domain/federation/provider-settings.ts';
import type { Keyring } from '../../lib/keyring.ts';
import type { DemoPerson } from '../demo-data.ts';
import { clientSecret, password } from './credentials.ts';
import { NORTHMOOR } from './northmoor.ts';
import type { DemoWorld } from './world.ts';

const PROVIDER = 'neighbour';
const CLIENT = 'northmoor';
const NINA = { name: 'Nina Berg', username: 'nina', role: 'viewer', words: 'Knows nothing of Northmoor yet', enrolled: false } as const;

/** Another company with an identity provider of its own, that people may come from. */
export interface Neighbour {
  readonly issuer: string;
  /** Whom the visitor can be there. */
  readonly person: DemoPerson;
}

/** @param friend the issuer that lets its people in */
export const neighbourWorld = (friend: string): DemoWorld => ({
  tenant: { slug: 'fjord', name: 'Fjord Freight' },
  domain: 'fjord.example',
  clients: [
    {
      id: CLIENT,
      type: 'web',
      metadata: {
        client_name: 'Northmoor Logistics',
        redirect_uris: [`${friend}/federation/${PROVIDER}/callback`],
        post_logout_redirect_uris: [`${friend}/federation/${PROVIDER}/signed-out`],
        backchannel_logout_uri: `${friend}/federation/${PROVIDER}/logout`,
        backchannel_logout_session_required: true,
      },
    },
  ],
  people: [NINA],
});

/** How the friend knows it. @param keyring of the neighbour, which its secrets come from */
export function neighbourSettings(issuer: string, keyring: Keyring): ProviderSettings {
  return {
    id: PROVIDER,
    preset: 'oidc',
    name: 'The neighbour',
    tenant: NORTHMOOR.slug,
    issuer,
    client_id: CLIENT,
    client_secret: clientSecret(keyring, CLIENT),
    creation: 'everybody',
    ends_session: true,
  };
}

export function neighbourPerson(keyring: Keyring, minPasswordLength: number): DemoPerson {
  const { name, words, username } = NINA;
  return { name, role: words, username, password: password(keyring, username, minPasswordLength), authenticator: undefined };
}
