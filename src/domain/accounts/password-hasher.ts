import { createHmac } from 'node:crypto';
import { availableParallelism } from 'node:os';
import { Worker } from 'node:worker_threads';
import type { Keyring } from '../../lib/keyring.ts';
import { OverloadedError } from '../errors.ts';
import type { StrengthReport } from './password-strength.ts';
import type { PasswordJob, PasswordJobResult } from './password-worker.ts';

const SCHEME = 'bcrypt-hmac-sha384';

/** A worker nobody needs gives its memory back, some 60 MB once it has read the dictionaries of the strength check. */
const IDLE_MS = 30_000;

/** How long judging a password may take. Usually it is some ten milliseconds; reading the dictionaries on a busy machine takes seconds. */
const ASSESS_MS = 15_000;

/** Passwords that may wait to be judged; one more is an OverloadedError. */
const MOST_ASSESSMENTS = 16;

/** Workers lost in a row, without an answer in between, after which nobody is kept waiting for the next. */
const LOST_IN_A_ROW = 3;

export interface PasswordHasherOptions {
  readonly keyring: Keyring;
  /** bcrypt work factor of new hashes. */
  readonly cost: number;
  readonly workers: number;
  /** Jobs that may wait; one more is an OverloadedError. */
  readonly queue: number;
}

export interface Verification {
  readonly matches: boolean;
  /** The stored hash was made with other parameters: hash anew while the password is at hand. */
  readonly stale: boolean;
}

interface Waiting {
  readonly job: PasswordJob;
  readonly resolve: (value: PasswordJobResult) => void;
  readonly reject: (error: Error) => void;
}

/**
 * bcrypt over a keyed pre-hash: `$bcrypt-hmac-sha384$<pepper id>$2b$<cost>$<salt and hash>`.
 * HMAC-SHA-384 in base64 is 64 characters without NUL, so neither bcrypt's cut at 72 bytes nor its end at NUL ever matters,
 * and a stolen database alone cannot be attacked offline.
 *
 * Hashing runs in threads of its own at low priority: on libuv's pool it would keep token signatures waiting.
 */
export class PasswordHasher {
  readonly #options: PasswordHasherOptions;
  readonly #pepper: Buffer;
  readonly #prefix: string;
  readonly #idle: { readonly worker: Worker; readonly retire: NodeJS.Timeout }[] = [];
  readonly #busy = new Map<Worker, Waiting>();
  readonly #waiting: Waiting[] = [];
  /** Costs as much to check as a hash of now, and nothing matches it. */
  readonly #decoy: string;
  #closed = false;
  #lost = 0;

  constructor(options: PasswordHasherOptions) {
    this.#options = { ...options, workers: Math.min(options.workers, availableParallelism()) };
    this.#pepper = options.keyring.derive('password pepper', 48);
    this.#prefix = `$${SCHEME}$${options.keyring.sign('password pepper id', '').slice(0, 8)}`;
    this.#decoy = `${this.#prefix}$2b$${String(options.cost).padStart(2, '0')}$${'.'.repeat(53)}`;
  }

  /** @throws OverloadedError */
  async hash(password: string): Promise<string> {
    return this.#prefix + ((await this.#run({ kind: 'hash', input: this.#prehash(password), cost: this.#options.cost })) as string);
  }

  /**
   * Costs the same whether there is a hash or not: without one a decoy is checked, and nothing matches.
   * @throws OverloadedError
   */
  async verify(password: string, stored: string | undefined): Promise<Verification> {
    const known = stored?.startsWith(this.#prefix) === true;
    const hash = (known ? stored : this.#decoy).slice(this.#prefix.length);
    const matches = await this.#run({ kind: 'verify', input: this.#prehash(password), hash });
    return { matches: known && matches === true, stale: known && !hash.startsWith(`$2b$${String(this.#options.cost).padStart(2, '0')}$`) };
  }

  /** @throws OverloadedError */
  async assess(password: string, contextWords: readonly string[]): Promise<StrengthReport> {
    return (await this.#run({ kind: 'assess', password, contextWords })) as StrengthReport;
  }

  async close(): Promise<void> {
    this.#closed = true;
    for (const { reject } of this.#waiting.splice(0)) reject(new OverloadedError('The server is stopping. Try again in a moment.'));
    const workers = [...this.#idle.map(({ worker }) => worker), ...this.#busy.keys()];
    for (const { reject } of this.#busy.values()) reject(new OverloadedError('The server is stopping. Try again in a moment.'));
    this.#busy.clear();
    await Promise.all(workers.map((worker) => worker.terminate()));
  }

  /** RFC 8265: one Unicode form, so that the same characters typed on two systems are the same password. Case and width stay. */
  #prehash(password: string): string {
    return createHmac('sha384', this.#pepper).update(password.normalize('NFC')).digest('base64');
  }

  #run(job: PasswordJob): Promise<PasswordJobResult> {
    const assessments = job.kind === 'assess' ? this.#waiting.filter((waiting) => waiting.job.kind === 'assess').length : 0;
    if (this.#closed || this.#waiting.length >= this.#options.queue || assessments >= MOST_ASSESSMENTS) {
      return Promise.reject(new OverloadedError('Too many people are signing in at this moment. Try again in a few seconds.'));
    }
    return new Promise((resolve, reject) => {
      this.#waiting.push({ job, resolve, reject });
      this.#dispatch();
    });
  }

  #rest(worker: Worker): void {
    const retire = setTimeout(() => this.#forget(worker), IDLE_MS).unref();
    this.#idle.push({ worker, retire });
  }

  #wake(): Worker | undefined {
    const resting = this.#idle.pop();
    clearTimeout(resting?.retire);
    return resting?.worker;
  }

  #forget(worker: Worker): void {
    const at = this.#idle.findIndex((resting) => resting.worker === worker);
    if (at >= 0) clearTimeout(this.#idle.splice(at, 1)[0]?.retire);
    void worker.terminate();
  }

  #dispatch(): void {
    // A worker is made for work that waits and for nothing else: one that cannot load would be made again and again.
    const index = this.#nextIndex();
    if (index < 0) return;
    const worker = this.#wake() ?? (this.#busy.size < this.#options.workers ? this.#spawn() : undefined);
    const next = worker && this.#waiting.splice(index, 1)[0];
    if (!worker || !next) return;
    this.#busy.set(worker, next);
    if (next.job.kind === 'assess') this.#limit(worker, next);
    worker.postMessage(next.job);
  }

  /** Who signs in goes before a password that is judged, and one is judged at a time: anybody may ask for that. */
  #nextIndex(): number {
    const index = this.#waiting.findIndex(({ job }) => job.kind !== 'assess');
    if (index >= 0 || [...this.#busy.values()].some(({ job }) => job.kind === 'assess')) return index;
    return this.#waiting.length > 0 ? 0 : -1;
  }

  #limit(worker: Worker, assessment: Waiting): void {
    setTimeout(() => {
      if (this.#busy.get(worker) !== assessment) return;
      this.#busy.delete(worker);
      this.#forget(worker);
      assessment.reject(new OverloadedError('This password takes too long to judge. Choose another; a few unrelated words do well.'));
      this.#dispatch();
    }, ASSESS_MS).unref();
  }

  #spawn(): Worker {
    const worker = new Worker(new URL('./password-worker.ts', import.meta.url), { stdout: false });
    worker.unref();
    worker.on('message', (answer: { value: PasswordJobResult } | { error: string }) => {
      const done = this.#busy.get(worker);
      this.#busy.delete(worker);
      this.#lost = 0;
      this.#rest(worker);
      if ('value' in answer) done?.resolve(answer.value);
      else done?.reject(new Error(answer.error));
      this.#dispatch();
    });
    worker.on('error', (error) => this.#lose(worker, error));
    worker.on('exit', (code) => this.#lose(worker, new Error(`a password worker ended with ${code} before it answered`)));
    return worker;
  }

  /** Its job fails with it. When none lasts, whoever waits is told at once rather than one after the other. */
  #lose(worker: Worker, error: Error): void {
    this.#forget(worker);
    const job = this.#busy.get(worker);
    if (!job) return;
    this.#busy.delete(worker);
    this.#lost += 1;
    job.reject(error);
    if (this.#lost >= LOST_IN_A_ROW)
      for (const { reject } of this.#waiting.splice(0))
        reject(new OverloadedError('Passwords cannot be checked at this moment. Try again in a few seconds.', { cause: error }));
    this.#dispatch();
  }
}
