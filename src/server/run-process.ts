import { OperatorError } from '../lib/operator-error.ts';

/** Runs what a process is for until it ends or is told to stop by a signal. What goes wrong is said on standard error, and the exit code is 1. */
export function runProcess(work: (stop: AbortController) => Promise<void>): void {
  const stop = new AbortController();
  let isAsked = false;
  for (const signal of ['SIGTERM', 'SIGINT'] as const)
    process.on(signal, () => {
      // The first signal asks, the second insists.
      if (isAsked) process.exit(1);
      isAsked = true;
      stop.abort(signal);
    });
  work(stop).catch((error: unknown) => {
    process.stderr.write(`${explain(error)}\n`);
    process.exitCode = 1;
  });
}

/** What an operator can mend explains itself; anything else needs its stack. */
function explain(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  if ('code' in error && error.code === 'EADDRINUSE') return `${error.message}. Stop what listens there, or set PORT to another port.`;
  if ('code' in error && error.code === 'ENOTSUP') return `${error.message}: this system cannot share a port. Set server.workers to 1.`;
  return error instanceof OperatorError ? error.message : String(error.stack);
}
