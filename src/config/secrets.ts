import { formatPath, type Path } from './path.ts';

/** Keys whose value is never shown. */
const SECRETS = ['secrets.master_key'];

/** Also true for a section that holds a secret. */
export function isSecret(path: Path): boolean {
  const name = formatPath(path);
  return SECRETS.some((secret) => secret === name || secret.startsWith(`${name}.`));
}
