import { formatPath, type Path } from './path.ts';

export type Environment = Readonly<Record<string, string | undefined>>;

const PREFIX = 'GATEHOUSE_';

/** Variables with our prefix that are not keys of the configuration. */
const NOT_KEYS = /^GATEHOUSE_(CONFIG$|TEST_)/;

/** Kubernetes describes every Service to every pod; one called `gatehouse` gives these names. */
const KUBERNETES_NAME = /^GATEHOUSE_(SERVICE_(HOST|PORT(_.+)?)|PORT_\d+_(TCP|UDP|SCTP)(_(PROTO|PORT|ADDR))?)$/;
const KUBERNETES_ADDRESS = /^(tcp|udp|sctp):\/\//;

/** The environment of this process. Nothing outside src/config reads it. */
export function readEnvironment(): Environment {
  return { ...process.env };
}

/** Compose files and shells pass on variables that are not set as empty ones: an empty variable counts as not set. */
export function readVariable(env: Environment, name: string): string | undefined {
  return env[name] === '' ? undefined : env[name];
}

/** `server.port` is GATEHOUSE_SERVER__PORT. */
export function variableName(path: Path): string {
  return PREFIX + path.join('__').toUpperCase();
}

/** The key a variable's name spells, whether there is such a key or not. */
export function spelledPath(name: string): string {
  return formatPath(name.slice(PREFIX.length).toLowerCase().split('__'));
}

/** Every variable that means to set a key, known or not, with its text. */
export function settingVariables(env: Environment): readonly (readonly [name: string, text: string])[] {
  return Object.keys(env)
    .filter((name) => name.startsWith(PREFIX) && !NOT_KEYS.test(name) && !KUBERNETES_NAME.test(name))
    .flatMap((name) => {
      const text = readVariable(env, name);
      const isOurs = text !== undefined && !(name === 'GATEHOUSE_PORT' && KUBERNETES_ADDRESS.test(text));
      return isOurs ? [[name, text] as const] : [];
    });
}
