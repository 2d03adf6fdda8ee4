/**
 * Markup that our own code made and that goes into a page as it is; everything else is escaped.
 * A view can print nothing else unescaped, so every place that decides to trust is a call of `trustedHtml`.
 */
export interface TrustedHtml {
  readonly trustedHtml: string;
}

export function trustedHtml(markup: string): TrustedHtml {
  return { trustedHtml: markup };
}
