import { wayNotices, wayProblems } from '../../src/http/words.ts';
import { at, form, gate, person, type Sample } from './sample-parts.ts';

const linked = {
  id: '0b7e4f6e-1d6e-4ac5-9a53-8c3ff0f0a1d2',
  providerName: 'Orbital Workspace',
  usable: true,
  label: 'alice.with-a-rather-long-name@warehouse.orbital.example',
  linkedAt: at,
  lastSignInAt: at,
};
const ways = {
  ...gate,
  csrf: form.csrf,
  person,
  hasPassword: true,
  hasSecondFactor: true,
  linked: [linked, { ...linked, id: '2', providerName: 'Staff directory', usable: false, label: 'amartin', lastSignInAt: undefined }],
  others: ['Codeforge', 'Google'].map((name) => ({ id: name, name })),
  signInAgain: undefined,
  linkAction: '/account/northmoor/sign-in/link',
  unlinkAction: '/account/northmoor/sign-in/unlink',
  problem: undefined,
  notice: undefined,
};
const again = { href: '/oauth/authorize?client_id=gatehouse:account:northmoor', byPassword: true };

/** The pages of a person's own account. */
export const accountPages: readonly Sample[] = [
  { name: 'ways', page: 'account/ways', data: { ...ways, notice: wayNotices.linked('Orbital Workspace') } },
  {
    name: 'ways-sign-in-again',
    page: 'account/ways',
    data: { ...ways, hasPassword: false, hasSecondFactor: false, signInAgain: again, problem: wayProblems.notFresh },
  },
  { name: 'ways-last', page: 'account/ways', data: { ...ways, hasPassword: false, linked: [linked], problem: wayProblems.lastWay } },
  {
    name: 'ways-link',
    page: 'account/link',
    data: { ...form, person, providerName: 'Orbital Workspace', label: 'alice@orbital.example', offer: 'x' },
  },
  {
    name: 'ways-nobody',
    page: 'account/nobody',
    data: { ...gate, problem: wayProblems.gone, wayOut: { href: again.href, text: 'Sign in' } },
  },
];
