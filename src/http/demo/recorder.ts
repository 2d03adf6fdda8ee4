import type { CustomFetch } from 'openid-client';

/** One request of one server to another, as it went out, and what came of it. */
export interface RecordedRequest {
  readonly method: string;
  readonly url: string;
  readonly headers: Headers;
  /** Of a form body; empty for others. */
  readonly form: URLSearchParams;
  readonly status: number;
  /** Until the headers of the answer were there. */
  readonly milliseconds: number;
}

export interface Recorder {
  readonly fetch: CustomFetch;
  /** In the order they were answered. */
  readonly requests: readonly RecordedRequest[];
}

export function createRecorder(): Recorder {
  const requests: RecordedRequest[] = [];
  return {
    requests,
    async fetch(url, options) {
      const started = performance.now();
      const response = await fetch(url, options as RequestInit);
      requests.push({
        method: options.method,
        url,
        headers: new Headers(options.headers),
        form: options.body instanceof URLSearchParams ? options.body : new URLSearchParams(),
        status: response.status,
        milliseconds: performance.now() - started,
      });
      return response;
    },
  };
}

export function totalMilliseconds(requests: readonly { readonly milliseconds: number }[]): number {
  return Math.round(requests.reduce((sum, { milliseconds }) => sum + milliseconds, 0));
}
