import { setTimeout as delay } from 'node:timers/promises';
import { z } from 'zod';
import { guardedRoute, openRoute, type Route } from '../rest/route.ts';
import { ANYBODY } from './access.ts';
import { type CloudServices, TIME_OUT } from './services.ts';

const EXAMPLE = { Features: { CodeLogin: true, PasswordReset: true, Registration: false, TwoFactor: true } };

export function showGlobal({ tenants, firstTenant, sendsMail }: CloudServices): Route {
  return guardedRoute({
    method: 'get',
    path: '/global',
    summary: 'Return configured parameters for service',
    access: ANYBODY,
    answers: {
      200: {
        description: 'What is switched on.',
        schema: z.strictObject({
          Features: z.strictObject({
            CodeLogin: z.boolean().meta({ description: 'POST /nx/code-login.' }),
            PasswordReset: z.boolean().meta({ description: 'Mails with links are sent.' }),
            Registration: z.boolean().meta({ description: 'Strangers can register: POST /user.' }),
            TwoFactor: z.boolean().meta({ description: 'Sign-in with the code of an authenticator app.' }),
          }),
        }),
        example: EXAMPLE,
      },
    },
    timeoutMs: TIME_OUT.read,
    async handle() {
      const { registrationOpen, disabled } = await tenants.resolve(firstTenant.id);
      const Features = { CodeLogin: true, PasswordReset: sendsMail, Registration: registrationOpen && !disabled, TwoFactor: true };
      return { status: 200, body: { Features } };
    },
  });
}

export function showCloud({ stores }: CloudServices): Route {
  return openRoute({
    method: 'get',
    path: '/cloud',
    summary: 'Return the online status of the service',
    answers: {
      200: {
        description: 'Online is false as soon as one of the services does not answer.',
        schema: z.strictObject({ Online: z.boolean(), Services: z.strictObject({ Storage: z.boolean() }) }),
        example: { Online: true, Services: { Storage: true } },
      },
    },
    unlimited: true,
    async handle() {
      const Storage = await answers(stores.ping());
      return { status: 200, body: { Online: Storage, Services: { Storage } } };
    },
  });
}

/** Whether it answers while somebody who asks would wait. */
async function answers(ping: Promise<void>): Promise<boolean> {
  const done = ping.then(
    () => true,
    () => false,
  );
  return await Promise.race([done, delay(TIME_OUT.read, false, { ref: false })]);
}
