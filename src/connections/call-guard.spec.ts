import { request } from 'node:http';
import { request as secureRequest } from 'node:https';
import { createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import { hostAllowlist } from '../platform/outgoing';
import { CallGuard, callTimes } from './call-guard';

const TIMES = '300,10000,30000,20000,250';

let server: Server;
let host: string;
let held: Socket[];

beforeEach(async () => {
  held = [];
  // Takes connections and says nothing.
  server = createServer((socket) => held.push(socket.on('error', () => undefined)));
  await new Promise<void>((ready) => server.listen(0, '127.0.0.1', ready));
  host = `127.0.0.1:${String((server.address() as AddressInfo).port)}`;
});
afterEach(async () => {
  for (const socket of held) socket.destroy();
  await new Promise((done) => server.close(done));
});

const guardOf = (allowed = ''): CallGuard =>
  new CallGuard(hostAllowlist(allowed), callTimes(TIMES), { warn: jest.fn() });

/** The code of the error that a request ends with. */
function outcome(url: string, guard: CallGuard): Promise<string> {
  const { httpAgent, httpsAgent } = guard.agents(url);
  const isSecure = url.startsWith('https:');
  return new Promise<string>((ended) => {
    (isSecure ? secureRequest : request)(url, { agent: isSecure ? httpsAgent : httpAgent })
      .on('error', (error: NodeJS.ErrnoException) => {
        ended(error.code ?? error.message);
      })
      .end();
  }).catch((error: unknown) => String((error as NodeJS.ErrnoException).code));
}

it('calls nothing in a private network, whatever a connection says', async () => {
  const guard = guardOf();
  const port = host.split(':')[1]!;
  for (const where of [host, `[::ffff:127.0.0.1]:${port}`, `localhost:${port}`, `0x7f000001:${port}`])
    for (const scheme of ['http', 'https'])
      expect([where, await outcome(`${scheme}://${where}/v1`, guard)]).toEqual([where, 'EFORBIDDEN']);
  expect(held).toEqual([]);
});

it('gives up connecting in time, agreeing on TLS included', async () => {
  const started = performance.now();
  expect(await outcome(`https://${host}/v1`, guardOf(host))).toBe('ECONNECTTIMEOUT');
  expect(performance.now() - started).toBeGreaterThan(250);
  expect(held).toHaveLength(1);
});

it('keeps a circuit for each connection, until its owner changes it', () => {
  const guard = guardOf();
  const [first, other] = [
    { id: 'a', version: 1 },
    { id: 'b', version: 1 },
  ];
  expect(guard.circuitOf(first)).toBe(guard.circuitOf({ ...first }));
  expect(guard.circuitOf(first)).not.toBe(guard.circuitOf(other));
  const before = guard.circuitOf(first);
  expect(guard.circuitOf({ id: 'a', version: 2 })).not.toBe(before);
});

it('forgets connections that are used no more, when there are too many', () => {
  const guard = guardOf();
  const [first, busy] = [
    guard.circuitOf({ id: 'first', version: 1 }),
    guard.circuitOf({ id: 'busy', version: 1 }),
  ];
  for (let nth = 0; nth < 10_000; nth += 1) {
    guard.circuitOf({ id: String(nth), version: 1 });
    guard.circuitOf({ id: 'busy', version: 1 });
  }
  expect(guard.circuitOf({ id: 'busy', version: 1 })).toBe(busy);
  expect(guard.circuitOf({ id: 'first', version: 1 })).not.toBe(first);
});
