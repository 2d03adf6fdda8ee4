import assert from 'node:assert/strict';
import { eventually } from './eventually.ts';
import { type Answer, get } from './protocol-client.ts';

/** The fault is over and nobody has restarted anything: until all is as it should be again. */
export async function untilReady({ issuer }: { readonly issuer: string }): Promise<void> {
  await eventually(async () => {
    const { status, text } = await get(`${issuer}/readyz`);
    assert.equal(status, 200, `not ready: ${text}`);
    return true;
  });
}

/** What a request gets that needs a store which is away. */
export function assertUnavailable({ status, headers, text }: Pick<Answer, 'status' | 'headers'> & { text?: string }, what: string): void {
  assert.deepEqual([status, Number(headers.get('retry-after')) > 0], [503, true], `${what}: ${status} ${text}`);
}
