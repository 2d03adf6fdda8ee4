import { linkFirst, problems, upstreamProblems } from '../../src/http/words.ts';
import { form, login, person, type Sample } from './sample-parts.ts';

/** Signing in with another provider. */
export const upstreamPages: readonly Sample[] = [
  {
    name: 'login-providers',
    page: 'interaction/login',
    data: {
      ...login,
      providers: ['Staff directory', 'Orbital Workspace', 'Codeforge', 'Google', 'GitHub', 'GitLab', 'Apple'].map((name) => ({
        id: name,
        name,
      })),
      problem: upstreamProblems.down('Orbital Workspace'),
    },
  },
  {
    name: 'login-home',
    page: 'interaction/login',
    data: {
      ...login,
      identifier: 'alice@orbital.example',
      home: { id: 'orbital', name: 'Orbital Workspace' },
      sendsHome: true,
      providers: [{ id: 'codeforge', name: 'Codeforge' }],
    },
  },
  {
    name: 'login-link-first',
    page: 'interaction/login',
    data: { ...login, identifier: person.login, problem: linkFirst('Orbital Workspace', person.login) },
  },
  { name: 'link', page: 'interaction/link', data: { ...form, person, providerName: 'Orbital Workspace', label: 'alice@orbital.example' } },
  { name: 'not-linked', page: 'interaction/not-linked', data: { ...form, person, problem: problems.notLinked } },
  {
    name: 'trial-came',
    page: 'federation/trial',
    data: {
      tenantName: form.tenantName,
      provider: 'orbital',
      outcome: {
        kind: 'came',
        label: 'alice@orbital.example',
        issuer: 'https://id.orbital.example/realms/workspace',
        subject: '7c1f2b8e-51d4-4a0f-9d5e-0f6f7f1f2a3b',
        profile: {
          email: 'alice@orbital.example',
          emailVerified: false,
          username: 'alice',
          name: 'Alice Martin',
          groups: ['warehouse', 'night shift'],
          role: 'operator',
          tenant: undefined,
        },
      },
    },
  },
  {
    name: 'trial-failed',
    page: 'federation/trial',
    data: {
      tenantName: form.tenantName,
      provider: 'orbital',
      outcome: { kind: 'invalid', detail: 'The ID token was issued to another client (azp).' },
    },
  },
];
