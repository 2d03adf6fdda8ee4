import { setTimeout as delay } from 'node:timers/promises';
import { z } from 'zod';
import type { House } from '../compose.ts';
import { InvalidValueError } from '../domain/errors.ts';
import { mapClaims, type UpstreamProfile } from '../domain/federation/claims-mapping.ts';
import { testProvider } from '../domain/federation/test-provider.ts';
import { TRIAL_MS, type TrialOutcome } from '../domain/federation/trials.ts';
import { UpstreamError, type UpstreamFinding } from '../domain/federation/upstream.ts';
import type { UpstreamProvider } from '../domain/federation/upstream-provider.ts';
import type { JsonObject } from '../lib/json.ts';
import { type Answer, printable, properties, table } from './output.ts';
import { ORIGIN } from './shell.ts';

const LOOK_EVERY_MS = 300;

/** What can be known of a provider, in words; with `signIn`, also what a sign-in there tells. */
export async function test(house: House, provider: UpstreamProvider, { signIn }: { signIn?: true }): Promise<Answer> {
  const walked = await testProvider(provider, house);
  const findings = signIn ? [...walked, await trySignIn(house, provider)] : walked;
  if (findings.some(({ fine }) => !fine)) process.exitCode = 1;
  return {
    document: { provider: provider.id, findings },
    text: () =>
      table(
        ['', 'What', 'Found'],
        findings.map(({ what, fine, message }) => [fine ? 'ok' : 'WRONG', what, message]),
      ),
  };
}

/** Prints where to open a browser, and waits for whoever comes back to the server. */
async function trySignIn(house: House, provider: UpstreamProvider): Promise<UpstreamFinding> {
  const wrong = (message: string) => ({ what: 'sign-in', fine: false, message });
  if (provider.disabled) return wrong('It is disabled, so nobody signs in with it. Enable it first.');
  const outcome = await waitForTrial(house, provider).catch((error: unknown) => {
    if (error instanceof UpstreamError) return error;
    throw error;
  });
  if (outcome?.kind !== 'came') return wrong(outcome?.detail ?? 'Nobody came back.');
  return { what: 'sign-in', fine: true, message: `${outcome.label} came back. Role: ${roleWords(outcome.profile)}.` };
}

/** Undefined when nobody came back in time. */
async function waitForTrial({ trials }: House, provider: UpstreamProvider): Promise<TrialOutcome | undefined> {
  const { trial, url } = await trials.begin(provider, ORIGIN);
  process.stderr.write(`Open this in a browser, and sign in there:\n\n  ${printable(url.href)}\n\n`);
  const until = performance.now() + TRIAL_MS;
  while (performance.now() < until) {
    const outcome = await trials.outcome(trial);
    if (outcome) return outcome;
    await delay(LOOK_EVERY_MS);
  }
  return undefined;
}

const claimsSchema = z.record(z.string(), z.json());

function readClaims(text: string): JsonObject {
  const parsed = claimsSchema.safeParse(jsonOf(text));
  if (parsed.success) return parsed.data;
  throw new InvalidValueError('claims', 'Give the claims as one JSON object on standard input, as an ID token holds them.');
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function roleWords({ role }: UpstreamProfile): string {
  return role === 'none' ? 'none fits: they are refused' : (role ?? 'the provider tells none');
}

/** What somebody's claims would become. */
export function explain({ claims: paths, roles }: UpstreamProvider, text: string): Answer {
  const profile = mapClaims(readClaims(text), paths, roles);
  return {
    document: { ...profile },
    text: () =>
      properties({
        'E-mail': profile.email ? `${profile.email}${profile.emailVerified ? '' : ' (not vouched for)'}` : 'none: they are refused',
        Username: profile.username ?? '-',
        Name: profile.name ?? '-',
        Role: roleWords(profile),
        Tenant: profile.tenant ?? '-',
        Groups: profile.groups,
      }),
  };
}
