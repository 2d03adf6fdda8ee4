import { type Logger, pino } from 'pino';
import pretty from 'pino-pretty';

export type { Logger };

/** Names whose values never reach a log line, whether they are logged by themselves or as a field of what is. */
const SECRET_FIELDS = [
  'password',
  'token',
  'access_token',
  'refresh_token',
  'id_token',
  'code',
  'secret',
  'client_secret',
  'cookie',
  'authorization',
  'query',
  'url',
];

/** Errors carry whatever their makers put in, Node's parser the bytes of the request: only these parts are told. */
function describeError(error: unknown): unknown {
  if (!(error instanceof Error)) return String(error);
  const { type, message, stack } = pino.stdSerializers.err(error);
  return { type, message, stack, error_code: 'code' in error ? error.code : undefined };
}

/**
 * Logs go to standard error, one JSON object a line, so that standard output stays free for what a person asked for.
 * @param format `auto` is pretty on a terminal
 */
export function createLogger(options: { level: string; format: 'auto' | 'json' | 'pretty' }): Logger {
  const people = options.format === 'pretty' || (options.format === 'auto' && process.stderr.isTTY === true);
  const stream = people
    ? pretty({ destination: 2, sync: true, ignore: 'pid,hostname', translateTime: 'SYS:HH:MM:ss' })
    : pino.destination({ dest: 2, sync: false });
  return pino(
    {
      level: options.level,
      base: null,
      serializers: { err: describeError },
      timestamp: pino.stdTimeFunctions.isoTime,
      redact: { paths: SECRET_FIELDS.flatMap((name) => [name, `*.${name}`]), censor: '[secret]' },
    },
    stream,
  );
}
