import { request } from 'node:http';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { getCACertificates, setDefaultCACertificates } from 'node:tls';
import { selfSigned } from './self-signed.ts';

export interface TlsGate extends AsyncDisposable {
  /** What the server behind has to be told, as GATEHOUSE_ variables. */
  readonly settings: Record<string, string>;
  /** The server behind, once its port is known. */
  leadTo(port: number): void;
}

/** A reverse proxy that speaks TLS on localhost, as in front of a real installation. This process trusts its certificate while it is open. */
export async function openTlsGate(): Promise<TlsGate> {
  const usual = getCACertificates('default');
  const certificate = selfSigned();
  setDefaultCACertificates([...usual, certificate.cert]);
  let target = 0;
  const server = createServer(certificate, (incoming, outgoing) => {
    const { method, url, headers, socket } = incoming;
    const forwarded = {
      ...headers,
      'x-forwarded-for': socket.remoteAddress,
      'x-forwarded-proto': 'https',
      'x-forwarded-host': headers.host,
    };
    const inner = request({ host: 'localhost', port: target, method, path: url, headers: forwarded }, (answer) => {
      outgoing.writeHead(answer.statusCode ?? 502, answer.rawHeaders);
      answer.pipe(outgoing);
    });
    inner.on('error', () => outgoing.destroy());
    incoming.pipe(inner);
  });
  await new Promise<void>((resolve) => server.listen(0, 'localhost', resolve));
  return {
    settings: {
      GATEHOUSE_ISSUER: `https://localhost:${(server.address() as AddressInfo).port}`,
      GATEHOUSE_SERVER__TRUSTED_PROXIES: '["127.0.0.1","::1"]',
    },
    leadTo(port) {
      target = port;
    },
    async [Symbol.asyncDispose]() {
      setDefaultCACertificates(usual);
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
