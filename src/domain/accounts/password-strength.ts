import type { ZxcvbnFactory } from '@zxcvbn-ts/core';

export interface StrengthReport {
  /** 0 (guessed at once) to 4 (out of reach of an offline attack). */
  readonly score: number;
  /** Why it is weak, in words, when the estimator knows. */
  readonly reason: string | undefined;
  /** The password is one of the common or breached ones, whole. */
  readonly common: boolean;
}

/** The estimate grows faster than the password it is made for, and this much of one says enough. Characters. */
const LOOKED_AT = 64;

let estimator: Promise<ZxcvbnFactory> | undefined;

/** The dictionaries are some megabytes: they are read when the first password is set, in the worker that needs them. */
async function loadEstimator(): Promise<ZxcvbnFactory> {
  const [{ ZxcvbnFactory }, common, english] = await Promise.all([
    import('@zxcvbn-ts/core'),
    import('@zxcvbn-ts/language-common'),
    import('@zxcvbn-ts/language-en'),
  ]);
  return new ZxcvbnFactory({
    dictionary: { ...common.dictionary, ...english.dictionary },
    graphs: common.adjacencyGraphs,
    translations: english.translations,
    // Each of these can cost seconds for one password; looking for near misses costs the most.
    useLevenshteinDistance: false,
    l33tMaxSubstitutions: 3,
  });
}

/** Estimates how soon a password is guessed; passwords in breach lists and variations of `contextWords` count as guessed. */
export async function assessStrength(password: string, contextWords: readonly string[]): Promise<StrengthReport> {
  estimator ??= loadEstimator();
  const result = (await estimator).check(password.slice(0, LOOKED_AT), [...contextWords]);
  const [only] = result.sequence.length === 1 ? result.sequence : [];
  return { score: result.score, reason: result.feedback.warning ?? undefined, common: only?.pattern === 'dictionary' };
}
