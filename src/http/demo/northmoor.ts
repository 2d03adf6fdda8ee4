import { DEMO_CLIENTS, INSPECT, READ, WRITE } from './credentials.ts';
import type { DemoWorld } from './world.ts';

export const NORTHMOOR: DemoWorld['tenant'] = { slug: 'northmoor', name: 'Northmoor Logistics' };

/** Whom visitors can be at this issuer, and the applications they meet. */
export const northmoor = (issuer: string): DemoWorld => ({
  tenant: NORTHMOOR,
  domain: 'northmoor.example',
  clients: [
    {
      id: DEMO_CLIENTS.app,
      type: 'web',
      metadata: {
        client_name: 'Parcel Desk',
        client_uri: `${issuer}/demo`,
        redirect_uris: [`${issuer}/demo/callback`],
        post_logout_redirect_uris: [`${issuer}/demo`],
        scope: `${READ} ${WRITE}`,
      },
    },
    { id: DEMO_CLIENTS.api, type: 'service', metadata: { client_name: 'Parcel API', scope: INSPECT } },
    { id: DEMO_CLIENTS.service, type: 'service', metadata: { client_name: 'Nightly Report', scope: READ } },
  ],
  people: [
    { name: 'Alice Martin', username: 'alice', role: 'viewer', words: 'Viewer: may read', enrolled: true },
    { name: 'Nora Lindqvist', username: 'nora', role: 'admin', words: 'Administrator: may read and change', enrolled: false },
  ],
});
