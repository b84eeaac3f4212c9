import { CASES } from '../contract/vendors';
import { startClinic, type Clinic } from '../support/clinics';
import { startGateway, type Gateway, type TestTenant } from '../support/gateway';
import { callAs, type Answer, type Shown, type ShownProblem } from '../support/calls';

const MIB = 1024 * 1024;
const JSON_TYPE = { 'content-type': 'application/json' };
const TENANTS = '/v1/tenants';
const CONNECTIONS = '/v1/connections';

let gateway: Gateway;
let clinics: Clinic[];
let tenant: TestTenant;
let client: string;
let asked: number;
let stored: string;

/** How many rows each table has, but for those that tell of the refusals themselves. */
const rowCounts = async (): Promise<string> => {
  const tables = await gateway.rows<{ name: string }>(
    `select relname as name from pg_class
     where relnamespace = 'public'::regnamespace and relkind = 'r' and relname !~ '^(audit|caller)_' order by 1`,
  );
  const counts = [];
  for (const { name } of tables)
    counts.push([name, (await gateway.rows<{ n: string }>(`select count(*) as n from ${name}`))[0]!.n]);
  return JSON.stringify(counts);
};
const asksOf = (): number => clinics.reduce((sum, { sandbox }) => sum + sandbox.requests.length, 0);

beforeAll(async () => {
  clinics = await Promise.all(CASES.map(({ name }) => startClinic(name, { clients: 12, appointments: 20 })));
  gateway = await startGateway(clinics.map(({ sandbox }) => sandbox));
  tenant = await gateway.tenant('Northside Clinics');
  const connection = await tenant.connect(clinics[0]!.sandbox);
  await tenant.sync(connection);
  client = (await tenant.all<Shown<'clients'>>('/v1/clients'))[0]!.id;
  asked = asksOf();
  stored = await rowCounts();
});
afterAll(async () => {
  await gateway.stop();
  await Promise.all(clinics.map(({ sandbox }) => sandbox.close()));
});
afterEach(async () => {
  const before = [asked, stored];
  [asked, stored] = [asksOf(), await rowCounts()];
  expect([asked, stored]).toEqual(before);
});

/** A problem as documented: its type answers, its words give nothing away. */
async function expectProblem(answer: Answer<unknown>, status: number, code: string): Promise<ShownProblem> {
  expect([answer.status, answer.headers.get('content-type'), answer.problem.code]).toEqual([
    status,
    expect.stringContaining('application/problem+json'),
    code,
  ]);
  const { problem } = answer;
  expect(problem).toMatchObject({
    status,
    origin: 'gateway',
    retryable: expect.any(Boolean) as boolean,
    title: expect.stringMatching(/\w/) as string,
    detail: expect.stringMatching(/\w/) as string,
    instance: expect.stringMatching(/^\//) as string,
    requestId: answer.headers.get('x-request-id'),
  });
  expect(answer.headers.get('cache-control')).toBe('no-store');
  const meaning = await fetch(new URL(problem.type, gateway.url));
  expect(await meaning.json()).toMatchObject({ code, status, title: problem.title });
  expect(answer.text).not.toMatch(/node_modules|\.ts:\d|select |insert |pg_|SQLSTATE/i);
  return problem;
}

const nested = (levels: number): string => `${'{"a":'.repeat(levels - 1)}{}${'}'.repeat(levels - 1)}`;

describe('a body', () => {
  it.each([
    ['blanks', '   '],
    ['half an object', '{"name": "Hill", '],
    ['words', 'name=Hill&slug=hill'],
    ['two objects', '{} {}'],
    ['a comment', '{/* */}'],
    ['single quotes', "{'name': 'Hill'}"],
    ['a comma too many', '{"name": "Hill",}'],
    ['NaN', '{"name": NaN}'],
    ['a bare control character', '{"name": "\u0001"}'],
    ['33 levels', nested(33)],
    ['a thousand levels', '['.repeat(1000)],
    ['a key of prototypes', '{"name":"Hill","slug":"hill","__proto__":{"isAdmin":true}}'],
    ['a key of constructors', '{"name":"Hill","slug":"hill","constructor":{"prototype":{}}}'],
    ['an escaped key of prototypes', '{"name":"Hill","slug":"hill","\\u005f_proto__":{"isAdmin":true}}'],
    ['an escaped key of constructors', '{"name":"Hill","slug":"hill","c\\u006fnstructor":{}}'],
  ])('of %s is refused', async (_what, raw) => {
    const answer = await gateway.operator('POST', TENANTS, { raw, headers: JSON_TYPE });
    await expectProblem(answer, 400, 'malformed_json');
  });

  it.each([
    ['without a key', 401, CONNECTIONS, {}],
    ['with a key that nobody gave out', 401, CONNECTIONS, { authorization: 'Bearer sgw_nobody' }],
    ['for no path', 404, '/v1/nothing', {}],
  ])('that comes %s is not read', async (_what, status, path, headers) => {
    const call = callAs(() => gateway.url, null);
    const answer = await call('POST', path, {
      raw: '{"name": "Hill", ',
      headers: { ...JSON_TYPE, ...headers },
    });
    await expectProblem(answer, status, status === 401 ? 'unauthenticated' : 'not_found');
  });

  it('of 32 levels is read', async () => {
    const answer = await gateway.operator('POST', TENANTS, { raw: nested(32) });
    await expectProblem(answer, 400, 'validation_failed');
  });

  it.each([['[]'], ['"text"'], ['null'], ['7'], ['true'], ['[{"name":"Hill","slug":"hill"}]']])(
    'that is %s is no object',
    async (raw) => {
      for (const [call, path] of [
        [gateway.operator, TENANTS],
        [tenant.call, CONNECTIONS],
      ] as const)
        await expectProblem(await call('POST', path, { raw }), 400, 'validation_failed');
    },
  );

  it('names every member that is wrong, at once', async () => {
    const body = { name: '', slug: 'No Slug', plan: 'gold', 'a/b~c': 1, toString: 1 };
    const problem = await expectProblem(
      await gateway.operator('POST', TENANTS, { body }),
      400,
      'validation_failed',
    );
    expect(problem.errors?.map(({ pointer }) => pointer).sort()).toEqual([
      '/a~1b~0c',
      '/name',
      '/plan',
      '/slug',
      '/toString',
    ]);
    expect(problem.errors?.filter(({ code }) => code === 'unknown')).toHaveLength(3);
  });

  it.each([
    ['text/plain'],
    ['application/xml'],
    ['application/x-www-form-urlencoded'],
    ['multipart/form-data; boundary=x'],
    ['application/jsonp'],
    ['nonsense'],
  ])('of the type %s is not taken', async (type) => {
    const answer = await gateway.operator('POST', TENANTS, {
      raw: '{"name":"Hill","slug":"hill"}',
      headers: { 'content-type': type },
    });
    await expectProblem(answer, 415, 'unsupported_media_type');
  });

  it('past a mebibyte is too large, one below it is not', async () => {
    const of = (bytes: number): string => `{"name":"${'x'.repeat(bytes - 11)}"}`;
    expect(of(MIB)).toHaveLength(MIB);
    await expectProblem(await gateway.operator('POST', TENANTS, { raw: of(MIB) }), 400, 'validation_failed');
    await expectProblem(
      await gateway.operator('POST', TENANTS, { raw: of(MIB + 1) }),
      413,
      'payload_too_large',
    );
  });

  it.each(['\u0000', '\ud800'])(
    'with %j in the settings stores nothing that cannot be stored',
    async (odd) => {
      for (const { sandbox } of clinics) {
        const settings = {
          ...sandbox.settings,
          centerIds: [odd],
          statusMap: { [odd]: odd },
          language: odd,
          timeZone: odd,
        };
        const body = { vendor: sandbox.vendor, name: 'Main', credentials: sandbox.credentials, settings };
        await expectProblem(await tenant.call('POST', CONNECTIONS, { body }), 400, 'validation_failed');
      }
      const progenda = clinics.find(({ sandbox }) => sandbox.vendor === 'progenda')!.sandbox;
      const body = {
        vendor: 'progenda',
        name: 'Main',
        credentials: progenda.credentials,
        settings: { ...progenda.settings, sync: { enabled: false }, centerIds: [odd] },
      };
      await expectProblem(await tenant.call('POST', CONNECTIONS, { body }), 400, 'validation_failed');
    },
  );

  it.each([
    '9999-12-31T23:59:59-23:59',
    '0000-01-01T00:00:00+23:59',
    '2026-02-30T10:00:00Z',
    '2026-01-01T24:00:00Z',
    'infinity',
    'tomorrow',
  ])('with the instant %s is refused', async (expiresAt) => {
    const body = { name: 'x', scopes: ['read'], expiresAt };
    await expectProblem(
      await gateway.operator('POST', `${TENANTS}/${tenant.id}/api-keys`, { body }),
      400,
      'validation_failed',
    );
  });
});

describe('a query', () => {
  it.each([
    ['limit', 'limit=0'],
    ['limit', 'limit=201'],
    ['limit', 'limit=-1'],
    ['limit', 'limit=1.5'],
    ['limit', 'limit=1e2'],
    ['limit', 'limit=ten'],
    ['limit', 'limit='],
    ['limit', 'limit=1&limit=2'],
    ['sort', 'sort=name'],
    ['sort', 'sort=start;drop table clients'],
    ['status', 'status=confirmed'],
    ['status', 'status=booked,confirmed'],
    ['status', 'status='],
    ['vendor', 'vendor=acme'],
    ['connectionId', 'connectionId=1'],
    ['practitionerId', "practitionerId=' or 1=1 --"],
    ['startsFrom', 'startsFrom=2026-01-01'],
    ['startsFrom', 'startsFrom=2026-01-01T10:00:00'],
    ['startsFrom', 'startsFrom=2026-02-30T10:00:00Z'],
    ['startsFrom', 'startsFrom=9999-12-31T23:59:59-23:59'],
    ['startsBefore', 'startsBefore=0000-01-01T00:00:00%2B23:59'],
    ['startsBefore', 'startsBefore=infinity'],
    ['updatedSince', 'updatedSince=yesterday'],
    ['includeDeleted', 'includeDeleted=yes'],
    ['includeDeleted', 'includeDeleted=1'],
    ['include', 'include=client,password'],
    ['remoteId', 'remoteId=%00'],
    ['externalId', 'externalId=a%00b'],
    ['cursor', 'cursor=%00'],
    ['colour', 'colour=blue'],
    ['__proto__', '__proto__=1'],
    ['constructor', 'constructor=1'],
    ['toString', 'toString=1'],
    ['limit[]', 'limit[]=1'],
  ])('with a wrong %s is refused: %s', async (parameter, query) => {
    const answer = await tenant.call('GET', `/v1/appointments?${query}`);
    const problem = await expectProblem(answer, 400, 'validation_failed');
    expect(problem.errors?.map((one) => one.parameter)).toEqual([parameter]);
  });

  it.each([
    ['birthDate', 'birthDate=2026-02-30'],
    ['birthDate', 'birthDate=0000-01-01'],
    ['birthDate', 'birthDate=01.02.2026'],
    ['q', 'q='],
    ['q', `q=${'x'.repeat(101)}`],
    ['q', 'q=a%00b'],
    ['email', 'email=%00'],
    ['phone', 'phone=%07'],
    ['status', 'status=booked'],
    ['startsFrom', 'startsFrom=2026-01-01T10:00:00Z'],
  ])('of clients with a wrong %s is refused: %s', async (parameter, query) => {
    const problem = await expectProblem(
      await tenant.call('GET', `/v1/clients?${query}`),
      400,
      'validation_failed',
    );
    expect(problem.errors?.map((one) => one.parameter)).toEqual([parameter]);
  });

  it('names every parameter that is wrong, at once', async () => {
    const answer = await tenant.call('GET', '/v1/appointments?limit=0&colour=blue&shape=round&status=x');
    const problem = await expectProblem(answer, 400, 'validation_failed');
    expect(problem.errors?.map((one) => one.parameter).sort()).toEqual([
      'colour',
      'limit',
      'shape',
      'status',
    ]);
    expect(answer.text).not.toContain('blue');
  });

  it('of blanks, odd characters and many values is answered', async () => {
    const odd = [
      'q=%20%20',
      'q=%F0%9F%A6%B7',
      'q=%ED%A0%80',
      'q=%5C',
      "q='",
      'q=%25%25',
      'q=%0A',
      'email=%F0%9F',
      `remoteId=${'x,'.repeat(99)}x`,
    ];
    for (const query of odd) {
      const { status } = await tenant.call('GET', `/v1/clients?${query}`);
      expect([query, [200, 400].includes(status)]).toEqual([query, true]);
    }
    await expectProblem(
      await tenant.call('GET', `/v1/clients?remoteId=${Array.from({ length: 201 }, (_, nth) => nth).join()}`),
      400,
      'validation_failed',
    );
  });

  it('that is very long is refused', async () => {
    const long = await tenant.call('GET', `/v1/clients?cursor=${'x'.repeat(10_000)}`);
    expect([long.status, ['validation_failed', 'cursor_invalid']]).toEqual([
      400,
      expect.arrayContaining([long.problem.code]),
    ]);
    const longer = await tenant.call('GET', `/v1/clients?cursor=${'x'.repeat(40_000)}`);
    expect(longer.status).toBeGreaterThanOrEqual(400);
    expect(longer.status).toBeLessThan(500);
    expect(longer.headers.get('content-type')).toContain('application/problem+json');
  });
});

describe('a request', () => {
  it.each(['text/html', 'application/xml', 'image/*', 'application/jsonx', 'text/*;q=0.5'])(
    'for %s cannot be met',
    async (accept) => {
      await expectProblem(
        await tenant.call('GET', '/v1/clients', { headers: { accept } }),
        406,
        'not_acceptable',
      );
    },
  );

  it.each([
    '*/*',
    'application/*',
    'application/json',
    'text/html, application/json;q=0.9',
    'application/problem+json',
  ])('for %s is met', async (accept) => {
    expect((await tenant.call('GET', '/v1/clients', { headers: { accept } })).status).toBe(200);
  });

  it.each([
    ['PUT', '/v1/clients', ['GET']],
    ['DELETE', '/v1/appointments', ['GET']],
    ['PATCH', '/v1/tenants', ['GET', 'POST']],
    ['PUT', '/v1/connections/019a9c3e-7c1f-7d5a-b0a3-6f3f0f0d9a41', ['GET', 'PATCH', 'DELETE']],
    ['POST', '/healthz', ['GET']],
    ['DELETE', '/metrics', ['GET']],
  ])('%s %s is not offered, and what is stands in Allow', async (method, path, offered) => {
    const answer = await tenant.call(method, path);
    await expectProblem(answer, 405, 'method_not_allowed');
    const allowed = answer.headers.get('allow')!.split(/,\s*/);
    expect(allowed).toEqual(expect.arrayContaining(offered));
    expect(allowed).not.toContain(method);
  });

  it.each([
    '/v1',
    '/v1/',
    '/v2/clients',
    '/v1/invoices',
    '/v1/clients/a/b/c',
    '/v1//clients',
    '/V1/clients',
    '/v1/clients;x=1',
    '/.env',
    '/v1/..%2f..%2fetc%2fpasswd',
    '/v1/clients/%2e%2e%2f',
    '/problems/nonsense',
    '/problems/__proto__',
    '/problems/constructor',
  ])('for %s finds nothing', async (path) => {
    await expectProblem(await tenant.call('GET', path), 404, 'not_found');
  });

  it.each(['/v1/clients/%zz', '/v1/%', '/v1/clients/%E0%A4%A', '/%c0%ae%c0%ae/'])(
    'with the malformed escape of %s finds nothing',
    async (path) => {
      await expectProblem(await tenant.call('GET', path), 404, 'not_found');
    },
  );

  it('with an If-Match or If-None-Match of nonsense is served', async () => {
    for (const tag of ['"', '""', 'W/', ',,,', 'x'.repeat(5_000)]) {
      const { status } = await tenant.call('GET', `/v1/clients/${client}`, {
        headers: { 'if-none-match': tag },
      });
      expect([tag.slice(0, 5), status]).toEqual([tag.slice(0, 5), 200]);
    }
  });
});
