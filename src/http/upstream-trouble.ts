import type { UpstreamError } from '../domain/federation/upstream.ts';
import { type Problem, upstreamProblems } from './words.ts';

/** What went wrong at another provider, for a page that says it. */
export interface UpstreamTrouble {
  readonly problem: Problem;
  readonly status: number;
}

/** @param name of the provider */
export function upstreamTrouble({ kind }: UpstreamError, name: string): UpstreamTrouble {
  if (kind === 'unavailable') return { problem: upstreamProblems.down(name), status: 502 };
  if (kind === 'refused') return { problem: upstreamProblems.refused(name), status: 401 };
  if (kind === 'stale') return { problem: upstreamProblems.stale(name), status: 401 };
  return { problem: upstreamProblems.wrong(name), status: 502 };
}
