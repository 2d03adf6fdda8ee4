import { z } from 'zod';

const userSchema = z.object({ name: z.object({ firstName: z.string().max(100).optional(), lastName: z.string().max(100).optional() }) });

/** The name that Apple has the browser post once. Nobody vouches for it, as for any name people give themselves. */
export function formName(callback: URL): { readonly name?: string } {
  try {
    const { name } = userSchema.parse(JSON.parse(callback.searchParams.get('user') ?? ''));
    const whole = [name.firstName, name.lastName].filter(Boolean).join(' ');
    return whole ? { name: whole } : {};
  } catch {
    return {};
  }
}
