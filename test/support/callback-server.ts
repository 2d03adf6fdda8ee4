import { createServer, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import * as oidc from 'openid-client';
import type { ClientMetadata } from '../../src/domain/clients/client-metadata.ts';
import type { IssuedClient } from '../../src/domain/clients/client-service.ts';
import { authorizationRequest, relyingParty } from './relying-party.ts';
import type { TestServer } from './start-server.ts';

/** What an application knows once somebody has signed in. */
export interface Arrival {
  readonly claims: oidc.IDToken;
  readonly accessToken: string;
  /** How the answer came: a redirect, or a form (form_post). */
  readonly method: 'GET' | 'POST';
}

/** A third-party application on an origin of its own, in the browser's eyes another site than the server. */
export interface Application extends AsyncDisposable {
  readonly name: string;
  readonly origin: string;
  readonly issued: IssuedClient;
  /** Where its "Sign in" leads. `parameters` add to the authorization request. */
  signInUrl(parameters?: Readonly<Record<string, string>>): string;
  /** Everybody who has signed in, in order. */
  readonly arrivals: readonly Arrival[];
}

interface Answer {
  readonly status?: number;
  readonly location?: string;
  readonly title?: string;
  readonly body?: string;
}

const toHtml = (value: string) => value.replace(/[&<>"]/g, (character) => `&#${character.charCodeAt(0)};`);

/** Starts a real web server that is registered as a web client of `server`. */
export async function startApplication(
  server: Pick<TestServer, 'issuer' | 'addClient'>,
  name: string,
  metadata: ClientMetadata = {},
): Promise<Application> {
  const arrivals: Arrival[] = [];
  const pending = new Map<string, oidc.AuthorizationCodeGrantChecks>();
  const listener = createServer(async (req, res) => {
    const { status, location, title = '', body = '' } = await answer(req).catch(describeRefusal);
    if (location !== undefined) return res.writeHead(302, { location }).end();
    res.writeHead(status ?? 200, { 'content-type': 'text/html; charset=utf-8' });
    res.end(
      `<!doctype html><html lang="en"><title>${toHtml(title)}</title><link rel="icon" href="data:,"><h1>${toHtml(title)}</h1>${body}`,
    );
  });
  await new Promise<void>((resolve) => listener.listen(0, '127.0.0.1', resolve));
  const origin = `http://127.0.0.1:${(listener.address() as AddressInfo).port}`;
  const redirect_uri = `${origin}/callback`;
  const issued = await server.addClient('web', {
    client_name: name,
    client_uri: `${origin}/`,
    redirect_uris: [redirect_uri],
    post_logout_redirect_uris: [`${origin}/bye`],
    ...metadata,
  });
  const config = await relyingParty(server, issued);

  async function answer(req: IncomingMessage): Promise<Answer> {
    const url = new URL(req.url ?? '/', origin);
    switch (url.pathname) {
      case '/':
        return { title: name, body: '<a href="/sign-in">Sign in</a>' };
      case '/sign-in': {
        const request = await authorizationRequest(config, { redirect_uri, ...Object.fromEntries(url.searchParams) });
        pending.set(request.checks.expectedState, request.checks);
        return { location: request.url };
      }
      case '/callback':
        return await welcome(req, url);
      case '/bye':
        return { title: `Signed out of ${name}`, body: '<a href="/sign-in">Sign in</a>' };
      default:
        return { status: 404, title: 'Not found' };
    }
  }

  async function welcome(req: IncomingMessage, url: URL): Promise<Answer> {
    const method = req.method === 'POST' ? 'POST' : 'GET';
    const form = method === 'POST' ? new URLSearchParams(await text(req)) : undefined;
    const state = (form ?? url.searchParams).get('state') ?? '';
    const checks = pending.get(state);
    pending.delete(state);
    const received = form ? new Request(url, { method, body: form }) : url;
    const tokens = await oidc.authorizationCodeGrant(config, received, checks);
    const claims = tokens.claims();
    if (!claims) throw new Error('no ID token came');
    arrivals.push({ claims, accessToken: tokens.access_token, method });
    const out = oidc.buildEndSessionUrl(config, { id_token_hint: tokens.id_token ?? '', post_logout_redirect_uri: `${origin}/bye` });
    const body = `<output aria-label="Claims">${toHtml(JSON.stringify(claims))}</output><a href="${toHtml(out.href)}">Sign out</a>`;
    return { title: `Welcome to ${name}`, body };
  }

  function describeRefusal(error: unknown): Answer {
    if (!(error instanceof oidc.AuthorizationResponseError)) return { status: 500, title: `${name} failed: ${error}` };
    return { title: `${name} was told: ${error.error}`, body: '<a href="/sign-in">Sign in</a>' };
  }

  return {
    name,
    origin,
    issued,
    arrivals,
    signInUrl: (parameters = {}) => `${origin}/sign-in?${new URLSearchParams(parameters)}`,
    async [Symbol.asyncDispose]() {
      listener.closeAllConnections();
      await new Promise((resolve) => listener.close(resolve));
    },
  };
}
