import { createServer, type Server, type Socket } from 'node:net';
import { TLSSocket } from 'node:tls';
import { eventually } from './eventually.ts';

interface Letter {
  readonly from: string;
  readonly to: readonly string[];
  /** Headers and body, as they came over the wire. */
  readonly data: string;
  readonly encrypted: boolean;
  /** What AUTH PLAIN said: user and password. */
  readonly login: string | undefined;
}

export interface SmtpServer extends AsyncDisposable {
  readonly port: number;
  readonly letters: readonly Letter[];
  /** Every line a client sent, messages left out. */
  readonly commands: readonly string[];
  /** Connections that were opened so far. */
  connections(): number;
  /** Those that are still open. */
  open(): number;
  /** The letters, once there are so many. */
  atLeast(count: number): Promise<readonly Letter[]>;
}

export interface SmtpBehaviour {
  /** How TLS begins, with this certificate; without it there is none. */
  readonly tls?: { readonly key: string; readonly cert: string; readonly begins: 'at-once' | 'starttls' };
  /** Says no to every recipient. */
  readonly refuses?: boolean;
  /** Takes connections and says nothing. */
  readonly hangs?: boolean;
}

/** As much of a mail server (RFC 5321) as it takes to receive a message. */
export async function openSmtpServer(behaviour: SmtpBehaviour = {}): Promise<SmtpServer> {
  const letters: Letter[] = [];
  const commands: string[] = [];
  const sockets = new Set<Socket>();
  let connections = 0;

  function converse(socket: Socket, encrypted: boolean): void {
    let buffered = '';
    let letter = { from: '', to: [] as string[], login: undefined as string | undefined };
    let isData = false;
    const say = (line: string) => socket.write(`${line}\r\n`);

    function startTls(): void {
      const { key, cert } = behaviour.tls ?? {};
      socket.removeAllListeners('data');
      say('220 go ahead');
      converse(new TLSSocket(socket, { isServer: true, key, cert }), true);
    }

    function hear(line: string): void {
      commands.push(line);
      const [verb = ''] = line.toUpperCase().split(' ');
      const offers = [...(behaviour.tls?.begins === 'starttls' && !encrypted ? ['STARTTLS'] : []), 'AUTH PLAIN', 'SMTPUTF8', '8BITMIME'];
      if (verb === 'EHLO') for (const [index, offer] of offers.entries()) say(`250${index === offers.length - 1 ? ' ' : '-'}${offer}`);
      else if (verb === 'STARTTLS' && behaviour.tls) startTls();
      else if (verb === 'AUTH') {
        letter.login = Buffer.from(line.split(' ')[2] ?? '', 'base64')
          .toString()
          .replaceAll('\0', ' ')
          .trim();
        say('235 welcome');
      } else if (verb === 'MAIL') {
        letter = { ...letter, from: /<(.*?)>/.exec(line)?.[1] ?? '', to: [] };
        say('250 ok');
      } else if (verb === 'RCPT') {
        if (behaviour.refuses) return void say('550 not here, and your password is hunter2');
        letter.to.push(/<(.*?)>/.exec(line)?.[1] ?? '');
        say('250 ok');
      } else if (verb === 'DATA') {
        isData = true;
        say('354 go on');
      } else if (verb === 'QUIT') socket.end('221 bye\r\n');
      else say('502 what?');
    }

    socket.on('error', () => undefined);
    socket.on('data', (chunk: Buffer) => {
      buffered += chunk.toString();
      for (;;) {
        const end = buffered.indexOf(isData ? '\r\n.\r\n' : '\r\n');
        if (end < 0) return;
        const text = buffered.slice(0, end);
        buffered = buffered.slice(end + (isData ? 5 : 2));
        if (isData) {
          isData = false;
          letters.push({ ...letter, data: text, encrypted });
          say('250 taken');
        } else hear(text);
      }
    });
    if (!encrypted || behaviour.tls?.begins === 'at-once') say('220 here');
  }

  const server: Server = createServer((socket) => {
    connections++;
    sockets.add(socket);
    socket.once('close', () => sockets.delete(socket));
    socket.on('error', () => undefined);
    if (behaviour.hangs) return;
    if (behaviour.tls?.begins === 'at-once') converse(new TLSSocket(socket, { isServer: true, ...behaviour.tls }), true);
    else converse(socket, false);
  });
  await new Promise<void>((resolve) => server.listen(0, 'localhost', resolve));
  const address = server.address();
  return {
    port: typeof address === 'object' && address ? address.port : 0,
    letters,
    commands,
    connections: () => connections,
    open: () => sockets.size,
    atLeast: (count) => eventually(async () => letters.length >= count && letters),
    async [Symbol.asyncDispose]() {
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
