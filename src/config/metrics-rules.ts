import { isLocal, normaliseIssuer } from './issuer.ts';
import type { Rule, RuleInput } from './rule.ts';

/** Whether /metrics has a listener of its own. @param local whether the issuer is on localhost */
export function areMetricsApart(listener: unknown, local: boolean): boolean {
  return listener === 'own' || (listener === 'auto' && !local);
}

function apart(value: RuleInput['value']): boolean {
  const issuer = value('issuer');
  return typeof issuer === 'string' && areMetricsApart(value('metrics.listener'), isLocal(normaliseIssuer(issuer)));
}

export const METRICS_RULES: readonly Rule[] = [
  {
    path: 'metrics.port',
    check: ({ value }) =>
      apart(value) && value('metrics.port') !== 0 && value('metrics.port') === value('server.port')
        ? ['Both listeners cannot have one port.', 'Name another, or set metrics.listener to shared.']
        : undefined,
  },
  {
    path: 'metrics.port',
    check: ({ value }) =>
      apart(value) && value('metrics.port') === 0 && Number(value('server.workers')) > 1
        ? ['Port 0 is picked anew by each worker, and they have to share one.', 'Name a port, or set server.workers to 1.']
        : undefined,
  },
];
