import { startGateway, type Gateway, type TestTenant } from '../support/gateway';
import { documentOf, operationsOf } from '../support/openapi';
import { answersIn, problemIn, said } from '../support/raw-http';

const API_HEADERS = {
  'cache-control': 'no-store',
  'content-security-policy': "default-src 'none'; frame-ancestors 'none'",
  'referrer-policy': 'no-referrer',
  'strict-transport-security': 'max-age=31536000; includeSubDomains',
  'x-content-type-options': 'nosniff',
};
const NOBODY = '019a9c3e-7c1f-7d5a-b0a3-6f3f0f0d9a41';
const MIB = 1024 * 1024;

let gateway: Gateway;
let tenant: TestTenant;
let key: string;
/** Headers that never end: begun before everything else, looked at in the end. */
let endless: Promise<{ text: string; closed: boolean }>;

beforeAll(async () => {
  gateway = await startGateway();
  endless = said(
    gateway.url,
    ['GET /v1/clients HTTP/1.1\r\nHost: x\r\n', ...Array<string>(90).fill('X-A: b\r\n')],
    {
      betweenMs: 150,
    },
  );
  tenant = await gateway.tenant('Northside Clinics');
  key = await tenant.key();
});
afterAll(() => gateway.stop());

const named = (headers: Headers | ReadonlyMap<string, string>): Record<string, string> =>
  Object.fromEntries(Object.keys(API_HEADERS).map((name) => [name, headers.get(name) ?? 'none']));
const GIVEAWAYS = /^(?:server|x-powered-by|via|access-control-.*|set-cookie)$/;
const giveaways = (headers: Headers | ReadonlyMap<string, string>): string[] =>
  [...headers.keys()].filter((name) => GIVEAWAYS.test(name));

describe('the headers of an answer', () => {
  it('keep it from being stored, sniffed, framed and told of, whatever it is', async () => {
    const operations = operationsOf(await documentOf(gateway));
    expect(operations.length).toBeGreaterThan(40);
    const headers = { origin: 'https://evil.example', 'access-control-request-method': 'GET' };
    for (const { method, path } of operations)
      for (const call of [tenant.call, gateway.operator, gateway.as(null)])
        for (const verb of [method, 'OPTIONS']) {
          const answer = await call(verb, path.replace(/\{\w+\}/g, NOBODY), { headers });
          expect([verb, path, answer.status, named(answer.headers)]).toEqual([
            verb,
            path,
            answer.status,
            API_HEADERS,
          ]);
          expect([verb, path, giveaways(answer.headers)]).toEqual([verb, path, []]);
          expect(answer.headers.get('x-request-id')).toMatch(/^[\da-f-]{36}$/);
        }
  });

  it('of the page let in what the page needs, and nobody frame it', async () => {
    for (const path of ['/docs', '/docs/swagger-ui.css', '/docs/nothing', '/docs/%zz']) {
      const { headers } = await gateway.as(null)('GET', path);
      expect(named(headers)).toMatchObject({
        'referrer-policy': 'no-referrer',
        'x-content-type-options': 'nosniff',
      });
      expect(headers.get('content-security-policy')).toMatch(
        /default-src '(?:self|none)'.*frame-ancestors '(?:self|none)'/,
      );
      expect(headers.get('strict-transport-security')).toMatch(/max-age=31536000/);
      expect(giveaways(headers)).toEqual([]);
    }
  });

  it('of a HEAD are those of the GET', async () => {
    for (const path of ['/v1/clients', `/v1/clients/${NOBODY}`, '/v1/clients?limit=0', '/healthz']) {
      const [head, get] = [await tenant.call('HEAD', path), await tenant.call('GET', path)];
      expect([path, head.status, head.text]).toEqual([path, get.status, '']);
      expect(head.headers.get('content-length')).toBe(String(get.text.length));
      expect(head.headers.get('content-type')).toBe(get.headers.get('content-type'));
    }
  });
});

describe('a request', () => {
  it.each(['OPTIONS', 'PUT', 'LOCK', 'PROPFIND'])('of the method %s is not offered', async (method) => {
    const { status, problem, headers } = await tenant.call(method, '/v1/clients');
    expect([status, problem.code]).toEqual([405, 'method_not_allowed']);
    expect(headers.get('allow')!.split(', ').sort()).toEqual(['GET', 'HEAD', 'POST']);
  });

  it.each([
    ['two keys', { authorization: 'Bearer x' }],
    ['two Idempotency-Keys', { 'idempotency-key': 'one' }],
    ['two types', { 'content-type': 'application/json' }],
  ])('with %s is refused', async (_what, header) => {
    const [[name, value]] = Object.entries(header) as [[string, string]];
    const twice = `${name}: ${value}\r\n${name.toUpperCase()}: ${value}2\r\n`;
    const { text } = await said(gateway.url, [
      `POST /v1/clients HTTP/1.1\r\nHost: x\r\n${twice}Content-Length: 2\r\n\r\n{}`,
    ]);
    const [answer] = answersIn(text);
    expect(problemIn(answer!)).toMatchObject({ status: 400, code: 'malformed_request' });
  });

  it('that asks for less than we can answer for is answered all the same', async () => {
    for (const header of [
      'Expect: nonsense',
      'Upgrade: websocket\r\nConnection: upgrade',
      'Range: bytes=0-1',
      'TE: trailers',
    ]) {
      const { text } = await said(gateway.url, [`GET /healthz HTTP/1.1\r\nHost: x\r\n${header}\r\n\r\n`], {
        quietMs: 200,
      });
      expect([header, answersIn(text)[0]?.status]).toEqual([header, 200]);
    }
  });

  it('may say more where an operation takes nothing, and is told that it does not', async () => {
    const own = `/v1/tenants/${tenant.id}`;
    for (const [call, path] of [
      [gateway.operator, `${own}?verbose=1`],
      [gateway.operator, `${own}/api-keys?verbose=1`],
      [tenant.call, '/v1/vendors?colour=blue'],
    ] as const) {
      const { status, problem } = await call('GET', path);
      expect([path, status, problem.code, problem.errors?.[0]?.code]).toEqual([
        path,
        400,
        'validation_failed',
        'unknown',
      ]);
    }
    const check = `/v1/connections/${NOBODY}/check`;
    const { problem } = await tenant.call('POST', check, { body: { deep: true } });
    expect([problem.code, problem.errors?.[0]?.pointer]).toEqual(['validation_failed', '/deep']);
    expect((await tenant.call('POST', check, { body: {} })).status).toBe(404);
    expect((await gateway.as(null)('GET', '/healthz?probe=1')).status).toBe(200);
    expect((await gateway.as(null)('GET', '/v1/vendors?colour=blue')).status).toBe(401);
  });
});

describe('a body', () => {
  it('without a byte is none, whatever type it is said to be', async () => {
    const empty = { raw: '' };
    expect((await tenant.call('DELETE', `/v1/clients/${NOBODY}`, empty)).status).toBe(404);
    expect((await tenant.call('POST', `/v1/connections/${NOBODY}/check`, empty)).status).toBe(404);
    const { problem } = await tenant.call('POST', '/v1/clients', empty);
    expect([problem.code, problem.errors?.map(({ pointer }) => pointer)]).toEqual([
      'validation_failed',
      ['/connectionId'],
    ]);
  });

  const post = async (
    body: Buffer | string,
    headers: Record<string, string> = {},
  ): Promise<[number, string]> => {
    const answer = await fetch(`${gateway.url}/v1/tenants`, {
      method: 'POST',
      body,
      headers: {
        authorization: `Bearer ${gateway.operatorKey}`,
        'content-type': 'application/json',
        ...headers,
      },
    });
    return [answer.status, ((await answer.json()) as { code: string }).code];
  };

  it.each([
    ['bytes that are no UTF-8', Buffer.from('{"name":"J\xf6rg","slug":"j"}', 'latin1')],
    ['half a character', Buffer.from([...Buffer.from('{"name":"'), 0xf0, 0x9f, ...Buffer.from('"}')])],
    ['a byte order mark', '\ufeff{"name":"Hill","slug":"hill"}'],
    ['UTF-16', Buffer.from('{"name":"Hill","slug":"hill"}', 'utf16le')],
    ['a key that is there twice', '{"name":"Hill","name":"Dale","slug":"hill"}'],
    [
      'a key that is there twice, the second spelled out',
      '{"name":"Hill","\\u006eame":"Hill","slug":"hill"}',
    ],
    ['a key that is there twice, deep inside', '{"name":"Hill","slug":"hill","a":[{"b":1,"c":2,"b":1}]}'],
  ])('with %s is not guessed at', async (_what, body) => {
    expect(await post(body)).toEqual([400, 'malformed_json']);
  });

  it('with colons and braces in its texts is read', async () => {
    expect(
      (await post('{"name":"a:{\\"b\\":[1]}: \\\\","slug":"colons","slag":{"a":{"a":1},"b":{"a":2}}}'))[1],
    ).toBe('validation_failed');
  });

  it.each([
    [{ 'content-type': 'application/json; charset=iso-8859-1' }],
    [{ 'content-type': 'application/json; charset="utf-16"' }],
    [{ 'content-encoding': 'gzip' }],
    [{ 'content-encoding': 'identity, br' }],
  ])('that says %j is not taken', async (headers) => {
    expect(await post('{"name":"Hill","slug":"hill"}', headers)).toEqual([415, 'unsupported_media_type']);
  });

  it.each([[{ 'content-type': 'Application/JSON; Charset="UTF-8"' }], [{ 'content-encoding': 'identity' }]])(
    'that says %j is read',
    async (headers) => {
      expect((await post('{}', headers))[1]).toBe('validation_failed');
    },
  );

  it.each([
    ['half a character', { name: 'a\ud800b' }],
    ['a null that clears nothing', { name: null }],
  ])('with %s in a field is refused, and the field named', async (_what, body) => {
    const { status, problem } = await gateway.operator('PATCH', `/v1/tenants/${tenant.id}`, { body });
    expect([status, problem.code, problem.errors?.[0]?.pointer]).toEqual([400, 'validation_failed', '/name']);
  });
});

/** What stands behind is never taken for a request of its own. */
const SMUGGLED = `GET /v1/clients HTTP/1.1\r\nHost: x\r\n\r\n`;

describe('bytes that are no request', () => {
  const HOST = 'Host: x\r\nContent-Type: application/json\r\n';
  it.each<[string, string | string[], number]>([
    [
      'two lengths',
      `POST /v1/x HTTP/1.1\r\n${HOST}Content-Length: 2\r\nContent-Length: 40\r\n\r\n{}${SMUGGLED}`,
      400,
    ],
    [
      'a length that is a list',
      `POST /v1/x HTTP/1.1\r\n${HOST}Content-Length: 2, 2\r\n\r\n{}${SMUGGLED}`,
      400,
    ],
    ['a negative length', `POST /v1/x HTTP/1.1\r\n${HOST}Content-Length: -1\r\n\r\n${SMUGGLED}`, 400],
    ['a length with a sign', `POST /v1/x HTTP/1.1\r\n${HOST}Content-Length: +2\r\n\r\n{}${SMUGGLED}`, 400],
    [
      'a length and chunks',
      `POST /v1/x HTTP/1.1\r\n${HOST}Content-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n${SMUGGLED}`,
      400,
    ],
    [
      'an encoding that nobody knows',
      `POST /v1/x HTTP/1.1\r\n${HOST}Transfer-Encoding: xchunked\r\n\r\n${SMUGGLED}`,
      400,
    ],
    [
      'chunks that are not the last encoding',
      `POST /v1/x HTTP/1.1\r\n${HOST}Transfer-Encoding: chunked, identity\r\n\r\n${SMUGGLED}`,
      400,
    ],
    [
      'a chunk size of letters',
      `POST /v1/tenants HTTP/1.1\r\n${HOST}Transfer-Encoding: chunked\r\n\r\nzz\r\n{}\r\n0\r\n\r\n${SMUGGLED}`,
      400,
    ],
    [
      'a chunk that is longer than it says',
      `POST /v1/tenants HTTP/1.1\r\n${HOST}Transfer-Encoding: chunked\r\n\r\n2\r\n{}}}\r\n0\r\n\r\n${SMUGGLED}`,
      400,
    ],
    [
      'a chunk size without end',
      `POST /v1/tenants HTTP/1.1\r\n${HOST}Transfer-Encoding: chunked\r\n\r\n${'f'.repeat(40)}\r\n`,
      400,
    ],
    ['bare line feeds', `GET /v1/clients HTTP/1.1\nHost: x\n\n`, 400],
    ['a header without a colon', `GET /v1/clients HTTP/1.1\r\n${HOST}nonsense\r\n\r\n`, 400],
    ['a blank before the colon', `GET /v1/clients HTTP/1.1\r\n${HOST}Content-Length : 2\r\n\r\n`, 400],
    ['a folded header', `GET /v1/clients HTTP/1.1\r\n${HOST}X-A: b\r\n c\r\n\r\n`, 400],
    ['a NUL in a header', `GET /v1/clients HTTP/1.1\r\n${HOST}X-A: b\0c\r\n\r\n`, 400],
    ['a carriage return in a header', `GET /v1/clients HTTP/1.1\r\n${HOST}X-A: b\rc\r\n\r\n`, 400],
    ['no Host', `GET /v1/clients HTTP/1.1\r\n\r\n`, 400],
    ['two Hosts', `GET /v1/clients HTTP/1.1\r\n${HOST}Host: y\r\n\r\n`, 400],
    ['HTTP/0.9', `GET /v1/clients\r\n\r\n`, 400],
    ['HTTP/2', `PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n`, 400],
    ['HTTP/3.7', `GET /v1/clients HTTP/3.7\r\n${HOST}\r\n`, 400],
    ['TLS', '\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n', 400],
    ['no method', ` /v1/clients HTTP/1.1\r\n${HOST}\r\n`, 400],
    ['a method of nobody', `STEAL /v1/clients HTTP/1.1\r\n${HOST}\r\n`, 400],
    ['a tunnel', `CONNECT evil.example:443 HTTP/1.1\r\n${HOST}\r\n`, 400],
    ['a header of 20 KiB', `GET /v1/clients HTTP/1.1\r\n${HOST}X-A: ${'x'.repeat(20_000)}\r\n\r\n`, 431],
    ['headers of 20 KiB', `GET /v1/clients HTTP/1.1\r\n${HOST}${'X-A: b\r\n'.repeat(6_000)}\r\n`, 431],
    ['a path of 20 KiB', `GET /v1/${'x'.repeat(20_000)} HTTP/1.1\r\n${HOST}\r\n`, 431],
    ['nonsense', 'nonsense\r\n\r\n', 400],
  ])('%s: one problem, and the connection is closed', async (_what, bytes, status) => {
    const { text, closed } = await said(gateway.url, [bytes].flat(), { quietMs: 1_500 });
    const [answer, ...others] = answersIn(text);
    expect(others).toEqual([]);
    expect([answer?.status, answer?.headers.get('content-type')?.split(';')[0]]).toEqual([
      status,
      'application/problem+json',
    ]);
    expect(problemIn(answer!)).toMatchObject({
      code: status === 431 ? 'request_too_long' : 'malformed_request',
      requestId: answer!.headers.get('x-request-id'),
    });
    expect(named(answer!.headers)).toEqual(API_HEADERS);
    expect(giveaways(answer!.headers)).toEqual([]);
    expect(closed).toBe(true);
  });

  it('garbage behind a good request spoils no answer', async () => {
    const good = `GET /v1/vendors HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer ${key}\r\n\r\n`;
    for (const pieces of [
      [`${good}nonsense\r\n\r\n`],
      [good, 'nonsense\r\n\r\n'],
      [good, good.slice(0, 30), 'GET / x\r\n\r\n'],
    ]) {
      const { text, closed } = await said(gateway.url, pieces, { betweenMs: 200 });
      const answers = answersIn(text);
      expect(closed).toBe(true);
      // Whole answers only, and the last of them is the refusal.
      for (const { body } of answers) expect(JSON.parse(body)).toBeInstanceOf(Object);
      expect(answers.at(-1)?.status).toBe(400);
      expect(answers.slice(0, -1).every(({ status }) => status === 200)).toBe(true);
    }
  });

  it('a body without end stops at a mebibyte', async () => {
    const head = `POST /v1/tenants HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer ${gateway.operatorKey}\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n`;
    const chunk = `40000\r\n${'x'.repeat(0x40000)}\r\n`;
    const { text, closed } = await said(gateway.url, [head, ...Array<string>(40).fill(chunk)], {
      quietMs: 2_000,
    });
    expect(problemIn(answersIn(text)[0]!)).toMatchObject({ status: 413, code: 'payload_too_large' });
    expect(closed).toBe(true);
    const long = `POST /v1/tenants HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer ${gateway.operatorKey}\r\nContent-Type: application/json\r\nContent-Length: ${String(MIB * 900)}\r\n\r\n`;
    expect(answersIn((await said(gateway.url, [long])).text)[0]?.status).toBe(413);
  });
});

it('headers that never end are answered 408 after ten seconds, and the process serves on', async () => {
  const { text, closed } = await endless;
  const [answer] = answersIn(text);
  expect(problemIn(answer!)).toMatchObject({ status: 408, code: 'request_timeout', retryable: true });
  expect(named(answer!.headers)).toEqual(API_HEADERS);
  expect(closed).toBe(true);
  expect((await gateway.as(null)('GET', '/healthz')).status).toBe(200);
  expect(gateway.log.filter((line) => line.includes('"level":"error"'))).toEqual([]);
}, 30_000);
