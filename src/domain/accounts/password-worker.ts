import { setPriority } from 'node:os';
import { parentPort } from 'node:worker_threads';
import { compareSync, hashSync } from 'bcrypt';
import { assessStrength, type StrengthReport } from './password-strength.ts';

/** One job of the pool in password-hasher.ts. `input` is the keyed pre-hash, never a password, except for `assess`. */
export type PasswordJob =
  | { readonly kind: 'hash'; readonly input: string; readonly cost: number }
  | { readonly kind: 'verify'; readonly input: string; readonly hash: string }
  | { readonly kind: 'assess'; readonly password: string; readonly contextWords: readonly string[] };

export type PasswordJobResult = string | boolean | StrengthReport;

// On Linux a thread has a priority of its own; elsewhere this would slow the whole process.
if (process.platform === 'linux') setPriority(15);

async function run(job: PasswordJob): Promise<PasswordJobResult> {
  if (job.kind === 'hash') return hashSync(job.input, job.cost);
  if (job.kind === 'verify') return compareSync(job.input, job.hash);
  return await assessStrength(job.password, job.contextWords);
}

parentPort?.on('message', (job: PasswordJob) => {
  run(job).then(
    (value) => parentPort?.postMessage({ value }),
    (error: unknown) => parentPort?.postMessage({ error: String(error) }),
  );
});
