const utcDateTime = new Intl.DateTimeFormat('en-GB', { dateStyle: 'medium', timeStyle: 'short', timeZone: 'UTC' });

/** "23 Nov 2026, 09:14 UTC" */
export function inUtc(at: Date): string {
  return `${utcDateTime.format(at)} UTC`;
}
