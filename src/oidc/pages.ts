import type { KoaContextWithOIDC } from 'oidc-provider';

/** A form for the browser to pass on: to the client's redirect URI, or to an endpoint of ours. */
export interface Handover {
  readonly action: string;
  readonly fields: readonly { readonly name: string; readonly value: string }[];
}

/** Pages the engine asks for; http draws them. */
export interface EnginePages {
  /** `cause` is for the log and for telling kinds of errors apart, not for the page. */
  error(ctx: KoaContextWithOIDC, problem: { code: string; description: string | undefined; cause: Error }): Promise<void>;
  /** Ask whether to sign out. The form posts `xsrf` to `action`, with `logout=yes` to sign out everywhere. */
  signOut(ctx: KoaContextWithOIDC, form: { action: string; xsrf: string; clientName: string | undefined }): Promise<void>;
  signedOut(ctx: KoaContextWithOIDC): Promise<void>;
  handOver(ctx: KoaContextWithOIDC, handover: Handover): Promise<void>;
}

/** The engine hands over a finished form; its two values are what our own page needs. */
export function logoutPages(pages: EnginePages) {
  return {
    logoutSource: (ctx: KoaContextWithOIDC, form: string) =>
      pages.signOut(ctx, {
        action: /action="([^"]+)"/.exec(form)?.[1] ?? '',
        xsrf: /name="xsrf" value="([^"]+)"/.exec(form)?.[1] ?? '',
        clientName: ctx.oidc.client?.clientName,
      }),
    postLogoutSuccessSource: (ctx: KoaContextWithOIDC) => pages.signedOut(ctx),
  };
}
