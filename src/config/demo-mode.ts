const LOOPBACK = new Set(['localhost', '127.0.0.1', '::1']);

export interface DemoSettings {
  /** Whether the issuer is on localhost. */
  readonly local: boolean;
  readonly demo: 'auto' | 'on' | 'off';
  readonly host: string;
  readonly workers: number;
}

/** The start page of the demo shows passwords, and its application keeps its visitors in one process. */
export function isDemoOn({ local, demo, host, workers }: DemoSettings): boolean {
  return local && (demo === 'on' || (demo === 'auto' && LOOPBACK.has(host) && workers === 1));
}
