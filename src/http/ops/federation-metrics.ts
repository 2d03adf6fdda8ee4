import { Counter, Gauge, Histogram, type Registry } from 'prom-client';
import type { FederationMeter } from '../../domain/federation/federation-meter.ts';

/** Seconds. From a neighbour in the same house to the most that is waited for. */
const BUCKETS = [0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5];

/** The counts of signing in with other providers, in this registry. There are as many series as there are providers. */
export function createFederationMetrics(registry: Registry): FederationMeter {
  const registers = [registry];
  const ends = new Counter({
    name: 'gatehouse_federation_sign_ins_total',
    help: 'Sign-ins with other identity providers, by how they ended.',
    labelNames: ['provider', 'outcome'],
    registers,
  });
  const durations = new Histogram({
    name: 'gatehouse_upstream_request_duration_seconds',
    help: 'How long requests to other identity providers took, also those that failed.',
    labelNames: ['provider'],
    buckets: BUCKETS,
    registers,
  });
  const breakers = new Gauge({
    name: 'gatehouse_upstream_breaker_open',
    help: '1 while an identity provider is left alone because it failed several times in a row.',
    labelNames: ['provider'],
    registers,
  });
  return {
    ended: (provider, outcome) => ends.inc({ provider, outcome }),
    asked: (provider, seconds) => durations.observe({ provider }, seconds),
    rests: (provider, resting) => breakers.set({ provider }, resting ? 1 : 0),
  };
}
