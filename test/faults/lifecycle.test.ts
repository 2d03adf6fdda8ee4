import assert from 'node:assert/strict';
import { once } from 'node:events';
import { Agent, type IncomingMessage, request } from 'node:http';
import { connect } from 'node:net';
import { describe, it } from 'node:test';
import { eventually } from '../support/eventually.ts';
import { freePort } from '../support/free-port.ts';
import { rawRequest } from '../support/raw-request.ts';
import { startProcess } from '../support/start-process.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';

async function started(path: string, more: Record<string, string> = {}) {
  return await startProcess({
    PORT: String(await freePort()),
    GATEHOUSE_DATA_DIR: path,
    GATEHOUSE_DEMO: 'off',
    GATEHOUSE_SERVER__DRAIN_SECONDS: '1',
    ...more,
  });
}

/** A form whose last byte is sent when `finish` is called. */
async function slowRequest(issuer: string): Promise<{ finish(): Promise<string> }> {
  const { port } = new URL(issuer);
  const body = 'grant_type=client_credentials&client_id=nobody';
  const socket = connect(Number(port), 'localhost');
  let answer = '';
  socket.on('data', (chunk) => {
    answer += chunk.toString();
  });
  const closed = new Promise((resolve) => socket.once('close', resolve));
  await new Promise((resolve) => socket.once('connect', resolve));
  const head = [
    `POST /oauth/token HTTP/1.1`,
    `Host: localhost:${port}`,
    'Content-Type: application/x-www-form-urlencoded',
    `Content-Length: ${body.length}`,
  ];
  await new Promise<void>((resolve) => socket.write(`${head.join('\r\n')}\r\n\r\n${body.slice(0, -1)}`, () => resolve()));
  // Answered means the server has taken what was sent before on its own connection.
  await fetch(`${issuer}/healthz`);
  return {
    async finish() {
      socket.write(body.slice(-1));
      await closed;
      return answer;
    },
  };
}

/** A proxy's side: one connection, which is kept. */
function keepAlive() {
  const agent = new Agent({ keepAlive: true, maxSockets: 1 });
  return {
    async get(url: string) {
      const sent = request(url, { agent }).end();
      const [answer]: IncomingMessage[] = await once(sent, 'response');
      answer?.resume();
      if (answer) await once(answer, 'end');
      return { status: answer?.statusCode, connection: answer?.headers.connection, reused: sent.reusedSocket };
    },
    [Symbol.dispose]: () => agent.destroy(),
  };
}

describe('start and stop', () => {
  for (const signal of ['SIGTERM', 'SIGINT'] as const) {
    it(`${signal} lets a request in flight finish, then exits with 0`, async () => {
      await using folder = await temporaryFolder();
      await using server = await started(folder.path, { GATEHOUSE_SERVER__DRAIN_SECONDS: '2' });
      const request = await slowRequest(server.issuer);
      const ended = server.end(signal);
      const answer = await request.finish();
      assert.match(answer, /^HTTP\/1\.1 401 /);
      assert.equal(await ended, 0);
      await assert.rejects(fetch(`${server.issuer}/healthz`));
    });
  }

  it('a connection that is kept is still answered after SIGTERM, and told to close', async () => {
    await using folder = await temporaryFolder();
    await using server = await started(folder.path, { GATEHOUSE_SERVER__DRAIN_SECONDS: '4' });
    using agent = keepAlive();
    assert.deepEqual(await agent.get(`${server.issuer}/healthz`), { status: 200, connection: 'keep-alive', reused: false });
    const ended = server.end('SIGTERM');
    await eventually(async () => server.output().includes('stopping'));
    await assert.rejects(rawRequest(`${server.issuer}/healthz`), { code: 'ECONNREFUSED' }, 'nobody comes in any more');
    assert.deepEqual(await agent.get(`${server.issuer}/healthz`), { status: 200, connection: 'close', reused: true });
    assert.equal(await ended, 0);
  });

  it('a request that does not finish holds it no longer than the drain time; a second signal ends it at once', async () => {
    await using folder = await temporaryFolder();
    await using patient = await started(folder.path);
    await slowRequest(patient.issuer);
    assert.equal(await patient.end('SIGTERM'), 0);

    await using insisting = await started(folder.path, { GATEHOUSE_SERVER__DRAIN_SECONDS: '60' });
    await slowRequest(insisting.issuer);
    const ended = insisting.end('SIGTERM');
    await eventually(async () => insisting.output().includes('stopping'));
    await insisting.end('SIGTERM');
    assert.equal(await ended, 1);
  });

  it('a connection that has asked for nothing is not waited for', async () => {
    await using folder = await temporaryFolder();
    await using server = await started(folder.path, { GATEHOUSE_SERVER__DRAIN_SECONDS: '600' });
    const socket = connect(Number(new URL(server.issuer).port), 'localhost');
    await new Promise((resolve) => socket.once('connect', resolve));
    await rawRequest(`${server.issuer}/healthz`);
    assert.equal(await server.end('SIGTERM'), 0);
    socket.destroy();
  });

  it('garbled requests are refused, and what they hold stays out of the log', async () => {
    await using folder = await temporaryFolder();
    await using server = await started(folder.path);
    const { port, host } = new URL(server.issuer);
    const secret = 'canary-of-a-garbled-request';
    const send = (lines: readonly string[]) =>
      new Promise<string>((resolve) => {
        let answer = '';
        const socket = connect(Number(port), 'localhost', () => socket.write(lines.join('\r\n')));
        socket.on('data', (chunk) => {
          answer += chunk.toString();
          socket.end();
        });
        socket.on('close', () => resolve(answer));
      });
    const head = [
      'POST /setup/x HTTP/1.1',
      `Host: ${host}`,
      'Content-Type: application/x-www-form-urlencoded',
      'Transfer-Encoding: chunked',
      '',
      '',
    ];
    await send([...head, '1b', secret, 'ZZ', '', '']);
    assert.match(await send([`GET http://[::1/x HTTP/1.1`, `Host: ${host}`, '', '']), /^HTTP\/1\.1 400 /);
    assert.match(await send(['GET /healthz HTTP/1.1', `Host: ${host}`, 'Host: evil.example', '', '']), /^HTTP\/1\.1 400 /);
    await fetch(`${server.issuer}/healthz`);
    await server.end('SIGTERM');
    assert.doesNotMatch(server.output(), /rawPacket|canary/);
    assert.doesNotMatch(server.output(), new RegExp([...Buffer.from('canary')].join(',')));
  });

  it('the next start keeps everything: keys, and the file of the master key for its owner alone', async () => {
    await using folder = await temporaryFolder();
    const keys = async () => {
      await using server = await started(folder.path);
      const found = await (await fetch(`${server.issuer}/oauth/jwks`)).text();
      await server.end('SIGTERM');
      return found;
    };
    assert.equal(await keys(), await keys());
  });

  it('says in one message what stops the start, and exits with 1', async () => {
    await using folder = await temporaryFolder();
    await assert.rejects(
      started(folder.path, { GATEHOUSE_ISSUER: 'http://id.example.com' }),
      /ended with 1:[\s\S]*issuer[\s\S]*https:\/\/id\.example\.com/,
    );
    await using server = await started(folder.path);
    const { port } = new URL(server.issuer);
    await assert.rejects(started(folder.path, { GATEHOUSE_SERVER__PORT: port }), /EADDRINUSE[\s\S]*another port/);
  });
});
