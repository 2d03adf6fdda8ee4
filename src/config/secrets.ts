import { formatPath, type Path } from './path.ts';

/** Keys whose value is never shown. */
const SECRETS = [
  'secrets.master_key',
  'storage.mongodb.password',
  'storage.redis.password',
  'federation.providers.client_secret',
  'web.oidc.client_secret',
  'mail.smtp.password',
];

export const MASK = '********';

/** Also true for a section or a list that holds a secret. Which item of a list it is makes no difference. */
export function isSecret(path: Path): boolean {
  const name = formatPath(path.filter((key) => typeof key !== 'number'));
  return SECRETS.some((secret) => secret === name || secret.startsWith(`${name}.`));
}

/** An address without what opens the door: the user's part, and passwords among its options. */
export function withoutCredentials(address: string): string {
  // A password that was not encoded may hold anything.
  const [server = '', ...options] = address.replace(/\/\/[^/]*@/s, `//${MASK}@`).split('?');
  const shown = server.replace(/\/\/.*@/s, `//${MASK}@`);
  const query = options.join('?').replace(/((?:^|&)\w*(?:password|properties)=)[^&]*/gis, `$1${MASK}`);
  return options.length === 0 ? shown : `${shown}?${query}`;
}
