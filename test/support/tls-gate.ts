import { request } from 'node:http';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { getCACertificates, setDefaultCACertificates } from 'node:tls';
import { selfSigned } from './self-signed.ts';

export interface TlsGate extends AsyncDisposable {
  readonly port: number;
  /** PEM. */
  readonly certificate: string;
  /** What the server behind has to be told, as GATEHOUSE_ variables. */
  readonly settings: Record<string, string>;
  /** The server behind, once its port is known; another one for what begins with a path. */
  leadTo(port: number, path?: string): void;
}

/**
 * A reverse proxy that speaks TLS on localhost, as in front of a real installation. This process trusts its certificate while it is open.
 * @param name which the certificate is for as well
 */
export async function openTlsGate(name?: string): Promise<TlsGate> {
  const usual = getCACertificates('default');
  const certificate = selfSigned(name);
  setDefaultCACertificates([...usual, certificate.cert]);
  let targets: readonly { readonly port: number; readonly path: string }[] = [];
  const server = createServer(certificate, (incoming, outgoing) => {
    const { method, url = '', headers, socket } = incoming;
    const port = targets.find(({ path }) => url.startsWith(path))?.port;
    const forwarded = {
      ...headers,
      'x-forwarded-for': socket.remoteAddress,
      'x-forwarded-proto': 'https',
      'x-forwarded-host': headers.host,
    };
    const inner = request({ host: 'localhost', port, method, path: url, headers: forwarded }, (answer) => {
      outgoing.writeHead(answer.statusCode ?? 502, answer.rawHeaders);
      answer.pipe(outgoing);
    });
    inner.on('error', () => outgoing.destroy());
    incoming.pipe(inner);
  });
  await new Promise<void>((resolve) => server.listen(0, 'localhost', resolve));
  const { port } = server.address() as AddressInfo;
  return {
    port,
    certificate: certificate.cert,
    settings: {
      GATEHOUSE_ISSUER: `https://localhost:${port}`,
      GATEHOUSE_SERVER__TRUSTED_PROXIES: '["127.0.0.1","::1"]',
    },
    leadTo(port, path = '') {
      targets = [...targets, { port, path }].toSorted((a, b) => b.path.length - a.path.length);
    },
    async [Symbol.asyncDispose]() {
      setDefaultCACertificates(usual);
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
