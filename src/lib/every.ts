/** Does the work each so many seconds until `stop`; no process stays for it. @param failed hears of what went wrong with one time, which ends nothing */
export function every(seconds: number, work: () => Promise<void>, failed: (error: unknown) => void, stop: AbortSignal): void {
  const timer = setInterval(() => {
    work().catch(failed);
  }, seconds * 1000);
  timer.unref();
  stop.addEventListener('abort', () => clearInterval(timer));
}
