import type { DocumentedApi, PageData } from '../../src/http/page-data.ts';

export const documented: DocumentedApi = {
  title: 'Tenant API',
  description: 'Log in for a token of 24 hours; administer the users of your organisation and read its audit log.',
  page: '/docs/tenant-api',
  document: '/docs/tenant-api/openapi.json',
  operations: [
    { method: 'POST', path: '/api/v1/auth/login', summary: 'Log in with e-mail and password' },
    { method: 'DELETE', path: '/api/v1/auth/private-tokens/{id}', summary: 'Revoke a private token' },
  ],
};

export const documentation: PageData['docs/index'] = {
  issuer: 'https://gatehouse.example',
  documents: [documented, { ...documented, title: 'Session API', page: '/docs/session-api', operations: [] }],
};
