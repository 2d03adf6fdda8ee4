import type { PageData } from '../../src/http/page-data.ts';

type PageName = keyof PageData;

/** One page in one state, as the gallery shows it and the tests read it. */
export type Sample = {
  readonly [Page in PageName]: { readonly name: string; readonly page: Page; readonly data: PageData[Page] };
}[PageName];

export const gate = { tenantName: 'Northmoor Logistics' };
export const form = { ...gate, csrf: 'csrf-1', action: '/interaction/abc' };
export const person = { name: 'Alice Martin', login: 'alice@northmoor.example' };
export const at = new Date('2026-11-23T09:14:08Z');
export const startOverAction = '/interaction/abc/start-over';

export const login: PageData['interaction/login'] = {
  ...form,
  clientName: 'Freight Planner',
  identifier: '',
  remember: false,
  reauthenticate: undefined,
  home: undefined,
  sendsHome: false,
  providers: [],
  providerAction: '/interaction/sample/upstream',
  problem: undefined,
};
