import { z } from 'zod';
import packageJson from '../../../package.json' with { type: 'json' };
import { openRoute, type Route } from '../rest/route.ts';

/** For health checks: never counted, touches no store, and answers under any host name (middleware/request-context.ts). */
export function publicStatus(): Route {
  return openRoute({
    method: 'get',
    path: '/status/public',
    summary: 'Whether the server is up',
    unlimited: true,
    answers: {
      200: {
        description: 'It is, for so many seconds.',
        schema: z.strictObject({ status: z.literal('ok'), version: z.string(), uptime_s: z.int().nonnegative() }),
        example: { status: 'ok', version: '3.0.0', uptime_s: 3723 },
      },
    },
    handle: async () => ({ status: 200, body: { status: 'ok', version: packageJson.version, uptime_s: Math.floor(process.uptime()) } }),
  });
}
