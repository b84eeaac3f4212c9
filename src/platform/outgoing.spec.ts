import { createServer, request, type Server } from 'node:http';
import { request as secureRequest } from 'node:https';
import type { AddressInfo } from 'node:net';
import {
  guardedAgents,
  hostAllowlist,
  isAllowlisted,
  isForbiddenHost,
  isPublicAddress,
  openAgents,
  type Resolve,
} from './outgoing';

/** Every address here leads to this machine, its network, or nowhere that a stranger may send us. */
const PRIVATE = [
  '127.0.0.1',
  '127.255.255.254',
  '0.0.0.0',
  '0.1.2.3',
  '10.0.0.1',
  '172.16.0.1',
  '172.31.255.255',
  '192.168.1.1',
  '169.254.169.254',
  '100.64.0.1',
  '192.0.0.1',
  '192.0.2.1',
  '198.18.0.1',
  '198.51.100.1',
  '203.0.113.1',
  '224.0.0.1',
  '240.0.0.1',
  '255.255.255.255',
  '::',
  '::1',
  '::127.0.0.1',
  '::808:808',
  '::ffff:127.0.0.1',
  '::ffff:7f00:1',
  '::ffff:10.0.0.1',
  '::ffff:0:127.0.0.1',
  '64:ff9b::127.0.0.1',
  '64:ff9b::a00:1',
  '64:ff9b:1::8.8.8.8',
  '2002:7f00:1::',
  '2002:c0a8:101::1',
  '2001:0:4136:e378:8000:63bf:3fff:fdd2',
  '2001:db8::1',
  '3fff::1',
  'fe80::1',
  'fe80::1%eth0',
  'fec0::1',
  'fc00::1',
  'fd12:3456:789a::1',
  'ff02::1',
  '100::1',
  '5f00::1',
  '4000::1',
  '',
  'localhost',
  '127.0.0.1.example.com',
];
const PUBLIC = [
  '8.8.8.8',
  '1.1.1.1',
  '172.15.255.255',
  '172.32.0.1',
  '100.63.255.255',
  '2606:4700:4700::1111',
  '2a00:1450:4009::200e',
  '::ffff:8.8.8.8',
  '64:ff9b::8.8.8.8',
  '2002:808:808::1',
];

it.each(PRIVATE)('%s is no public address', (address) => {
  expect(isPublicAddress(address)).toBe(false);
});

it.each(PUBLIC)('%s is a public address', (address) => {
  expect(isPublicAddress(address)).toBe(true);
});

it.each([
  'http://127.0.0.1/',
  'http://127.1/',
  'http://127.0.1/',
  'http://2130706433/',
  'http://0x7f000001/',
  'http://0x7f.0.0.1/',
  'http://0177.0.0.1/',
  'http://017700000001/',
  'http://127.0.0.1./',
  'http://１２７.０.０.１/',
  'http://①②⑦.0.0.1/',
  'http://127。0。0。1/',
  'http://%31%32%37.0.0.1/',
  'http://0/',
  'http://[::1]/',
  'http://[0:0:0:0:0:0:0:1]/',
  'http://[::ffff:127.0.0.1]/',
  'http://[::ffff:7f00:1]/',
  'http://[64:ff9b::7f00:1]/',
  'http://169.254.169.254/latest/meta-data/',
  'http://localhost/',
  'http://LOCALHOST/',
  'http://localhost./',
  'http://ｌocalhost/',
  'http://anything.localhost/',
])('%s is refused by its spelling', (url) => {
  expect(isForbiddenHost(new URL(url).hostname)).toBe(true);
});

it.each([
  'https://receiver.example/',
  'https://8.8.8.8/',
  'https://[2606:4700:4700::1111]/',
  'https://localhost.example/',
])('%s is not', (url) => {
  expect(isForbiddenHost(new URL(url).hostname)).toBe(false);
});

it('only a host that the operator names, with its port, is on the list', () => {
  const allowed = hostAllowlist(' 127.0.0.1:8080 , Hooks.Example:443,');
  const listed = (url: string): boolean => isAllowlisted(new URL(url), allowed);
  expect(listed('http://127.0.0.1:8080/x')).toBe(true);
  expect(listed('https://hooks.example/x')).toBe(true);
  expect(listed('http://127.0.0.1:8081/x')).toBe(false);
  expect(listed('http://hooks.example/x')).toBe(false);
  expect(listed('http://127.0.0.1/x')).toBe(false);
  expect(isAllowlisted(new URL('http://127.0.0.1/'), hostAllowlist(''))).toBe(false);
});

describe('a connection', () => {
  let server: Server;
  let port: number;
  let connections = 0;
  beforeAll(async () => {
    server = createServer((_request, response) => response.end('here')).on('connection', () => {
      connections += 1;
    });
    await new Promise<void>((ready) => server.listen(0, ready));
    ({ port } = server.address() as AddressInfo);
  });
  afterAll(() => {
    server.closeAllConnections();
    server.close();
  });

  const outcome = (url: string, agent: object): Promise<unknown> =>
    new Promise((resolved) => {
      try {
        const send = url.startsWith('https:') ? secureRequest : request;
        send(url, { agent: agent as never }, (answer) => {
          resolved(answer.resume().statusCode);
        })
          .on('error', (error: NodeJS.ErrnoException) => {
            resolved(error.code);
          })
          .end();
      } catch (error) {
        resolved((error as NodeJS.ErrnoException).code);
      }
    });

  it.each(['127.0.0.1', 'localhost', '[::1]', '2130706433', '[::ffff:127.0.0.1]'])(
    'to %s is not made by a guarded agent',
    async (host) => {
      const guarded = guardedAgents({});
      const before = connections;
      expect(await outcome(`http://${host}:${String(port)}/`, guarded.httpAgent)).toBe('EFORBIDDEN');
      expect(await outcome(`https://${host}:${String(port)}/`, guarded.httpsAgent)).toBe('EFORBIDDEN');
      expect(connections).toBe(before);
    },
  );

  it.each(['127.0.0.1', 'localhost', '2130706433', '[::ffff:127.0.0.1]'])(
    'to %s is made by an open one',
    async (host) => {
      const before = connections;
      expect(await outcome(`http://${host}:${String(port)}/`, openAgents({}).httpAgent)).toBe(200);
      expect(connections).toBe(before + 1);
    },
  );

  /** A network whose names all lead to the same addresses. */
  const leadingTo =
    (found: readonly string[]): Resolve =>
    (_name, _options, callback) => {
      callback(
        null,
        found.map((address) => ({ address, family: address.includes(':') ? 6 : 4 })),
      );
    };

  it.each([
    [['127.0.0.1']],
    [['8.8.8.8', '127.0.0.1']],
    [['::1', '2606:4700:4700::1111']],
    [['10.0.0.1']],
    [[]],
  ])('is not made where the name leads to %j', async (found) => {
    const before = connections;
    const { httpAgent, httpsAgent } = guardedAgents({}, leadingTo(found));
    const host = `receiver.example:${String(port)}`;
    expect(await outcome(`http://${host}/`, httpAgent)).toBe('EFORBIDDEN');
    expect(await outcome(`https://${host}/`, httpsAgent)).toBe('EFORBIDDEN');
    expect(connections).toBe(before);
  });

  it('to a name that nobody knows fails, and nothing else with it', async () => {
    const { httpAgent, httpsAgent } = guardedAgents({});
    for (const [url, agent] of [
      ['http://nobody.invalid/', httpAgent],
      ['https://nobody.invalid/', httpsAgent],
    ] as const)
      expect(await outcome(url, agent)).toMatch(/^(ENOTFOUND|EAI_AGAIN)$/);
  });
});
