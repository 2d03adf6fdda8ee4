import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';

/** The floor: node:http that reads the request and answers with a few bytes. Tells its parent where it listens, and ends with it. */
const BODY = '{"hello":"you"}';

const server = createServer((request, response) => {
  request.resume();
  request.once('end', () => {
    response.writeHead(200, { 'content-type': 'application/json', 'content-length': BODY.length });
    response.end(BODY);
  });
});
server.listen(0, 'localhost', () => process.send?.(`http://localhost:${(server.address() as AddressInfo).port}`));
process.once('disconnect', () => process.exit());
