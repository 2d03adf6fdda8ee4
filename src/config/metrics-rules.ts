import type { Rule } from './rules.ts';

export const METRICS_RULES: readonly Rule[] = [
  {
    path: 'metrics.port',
    check: ({ value }) =>
      value('metrics.listener') !== 'shared' && value('metrics.port') !== 0 && value('metrics.port') === value('server.port')
        ? ['Both listeners cannot have one port.', 'Name another, or set metrics.listener to shared.']
        : undefined,
  },
  {
    path: 'metrics.port',
    check: ({ value }) =>
      value('metrics.listener') !== 'shared' && value('metrics.port') === 0 && Number(value('server.workers')) > 1
        ? ['Port 0 is picked anew by each worker, and they have to share one.', 'Name a port, or set server.workers to 1.']
        : undefined,
  },
];
