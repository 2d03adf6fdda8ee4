export type Path = readonly (string | number)[];

/** `server.port`; the items of a list are counted from 0: `api.scopes[0].name`. */
export function formatPath(path: Path): string {
  return path.map((key, depth) => (typeof key === 'number' ? `[${key}]` : depth === 0 ? key : `.${key}`)).join('');
}
