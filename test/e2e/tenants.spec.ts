import { Client } from 'pg';
import { CASES } from '../contract/vendors';
import { startClinic, type Clinic } from '../support/clinics';
import { startGateway, type Gateway, type TestTenant } from '../support/gateway';
import type { Answer, Call, ListOf } from '../support/calls';
import { until } from '../support/until';

interface ShownTenant {
  readonly id: string;
  readonly name: string;
  readonly slug: string;
  readonly createdAt: string;
  readonly updatedAt: string;
  readonly version: number;
}
interface ShownKey {
  readonly id: string;
  readonly name: string;
  readonly scopes: string[];
  readonly prefix: string;
  readonly expiresAt: string | null;
  readonly revokedAt: string | null;
}
type NewKey = ShownKey & { readonly key: string };

const NOWHERE = '019a9c3e-7c1f-7d5a-b0a3-6f3f0f0d9a41';
const FELT_WITHIN_MS = 1_000;

let gateway: Gateway;
let operator: Call;
let clinic: Clinic;

beforeAll(async () => {
  clinic = await startClinic(CASES[0]!.name, { clients: 12, appointments: 30 });
  gateway = await startGateway([clinic.sandbox]);
  operator = gateway.operator;
});
afterAll(async () => {
  await gateway.stop();
  await clinic.sandbox.close();
});

const create = async (name: string, slug: string): Promise<ShownTenant> =>
  (await operator<ShownTenant>('POST', '/v1/tenants', { body: { name, slug } })).need(201);
const keyFor = async (tenantId: string, body: object): Promise<NewKey> =>
  (await operator<NewKey>('POST', `/v1/tenants/${tenantId}/api-keys`, { body })).need(201);
const vendorsAs = (key: string | null): ReturnType<Call> => gateway.as(key)('GET', '/v1/vendors');
const statusOf = async (key: string): Promise<number> => (await vendorsAs(key)).status;

describe('tenants', () => {
  it('are made, read and renamed by the operator, each change a version', async () => {
    const made = await create('Northside Clinics', 'northside');
    expect(made).toMatchObject({ name: 'Northside Clinics', slug: 'northside', version: 1 });
    expect(made.id).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-/);
    const path = `/v1/tenants/${made.id}`;
    const read = await operator<ShownTenant>('GET', path);
    expect(read.need(200)).toEqual(made);
    expect(read.headers.get('etag')).toBe('"1"');

    const changed = await operator<ShownTenant>('PATCH', path, { body: { name: 'Northside & Sons' } });
    expect(changed.need(200)).toEqual({
      ...made,
      name: 'Northside & Sons',
      version: 2,
      updatedAt: changed.body.updatedAt,
    });
    expect(Date.parse(changed.body.updatedAt)).toBeGreaterThanOrEqual(Date.parse(made.updatedAt));
    expect(changed.headers.get('etag')).toBe('"2"');
  });

  it('change and go only as the version that the operator has seen', async () => {
    const { id } = await create('Lakeside Dental', 'lakeside');
    const path = `/v1/tenants/${id}`;
    const as = (version: string): { headers: Record<string, string> } => ({
      headers: { 'if-match': version },
    });
    (await operator('PATCH', path, { body: { name: 'Lakeside' }, ...as('"1"') })).need(200);
    for (const method of ['PATCH', 'DELETE'] as const) {
      const body = method === 'PATCH' ? { body: { name: 'Lake' } } : {};
      const stale = await operator(method, path, { ...body, ...as('"1"') });
      expect([method, stale.status, stale.problem.code]).toEqual([method, 412, 'version_mismatch']);
    }
    expect((await operator<ShownTenant>('GET', path)).need(200)).toMatchObject({
      name: 'Lakeside',
      version: 2,
    });
    (await operator('DELETE', path, as('"2"'))).need(204);
  });

  it('have a slug of their own, in good form', async () => {
    await create('Hilltop', 'hilltop');
    const other = await create('Hilltop Two', 'hilltop-two');
    const taken = await operator('POST', '/v1/tenants', { body: { name: 'Hill', slug: 'hilltop' } });
    expect([taken.status, taken.problem.code]).toEqual([409, 'conflict']);
    const moved = await operator('PATCH', `/v1/tenants/${other.id}`, { body: { slug: 'hilltop' } });
    expect([moved.status, moved.problem.code]).toEqual([409, 'conflict']);
    for (const slug of ['', 'Hill', '-hill', 'hill-', 'hill top', 'h'.repeat(64), null, 7]) {
      const { status, problem } = await operator('POST', '/v1/tenants', { body: { name: 'Hill', slug } });
      expect([slug, status, problem.code]).toEqual([slug, 400, 'validation_failed']);
      expect(problem.errors?.map(({ pointer }) => pointer)).toEqual(['/slug']);
    }
  });

  it('are listed in pages, each once', async () => {
    for (const i of [1, 2, 3, 4, 5]) await create(`Branch ${String(i)}`, `branch-${String(i)}`);
    const whole = (await operator<ListOf<ShownTenant>>('GET', '/v1/tenants?limit=200')).need(200);
    const paged: ShownTenant[] = [];
    for (let path: string | null = '/v1/tenants?limit=2'; path !== null;) {
      const page: Answer<ListOf<ShownTenant>> = await operator<ListOf<ShownTenant>>('GET', path);
      expect(page.need(200).page.limit).toBe(2);
      paged.push(...page.body.data);
      path = /<([^>]+)>; rel="next"/.exec(page.headers.get('link') ?? '')?.[1] ?? null;
      expect(path === null).toBe(page.body.page.nextCursor === null);
    }
    expect(paged).toEqual(whole.data);
    expect(paged.length).toBeGreaterThanOrEqual(5);
  });

  it.each(['GET', 'PATCH', 'DELETE'])('that are not there: %s answers 404', async (method) => {
    for (const id of [NOWHERE, 'northside', '1', "' or 1=1 --"]) {
      const body = method === 'PATCH' ? { body: { name: 'X' } } : {};
      const { status, problem } = await operator(method, `/v1/tenants/${encodeURIComponent(id)}`, body);
      expect([id, status, problem.code]).toEqual([id, 404, 'not_found']);
    }
  });
});

describe('keys', () => {
  let tenant: ShownTenant;
  let keys: string;
  beforeAll(async () => {
    tenant = await create('Riverside Physio', 'riverside');
    keys = `/v1/tenants/${tenant.id}/api-keys`;
  });

  it('are shown once and kept as a hash', async () => {
    const made = await keyFor(tenant.id, { name: 'booking site', scopes: ['read', 'write'] });
    expect(made.key).toMatch(/^sgw_[0-9A-Za-z]{36}$/);
    expect(made.key.startsWith(made.prefix)).toBe(true);
    expect(made.prefix.length).toBeLessThan(15);
    const listed = await operator<{ data: ShownKey[] }>('GET', keys);
    expect(listed.need(200).data.find(({ id }) => id === made.id)).toEqual({
      ...made,
      key: undefined,
    });
    expect(listed.text).not.toContain(made.key);
    const stored = await gateway.rows<{ row: string }>('select k::text as row from api_keys k');
    expect(stored.length).toBeGreaterThan(0);
    expect(stored.filter(({ row }) => row.includes(made.key.slice(made.prefix.length)))).toEqual([]);
    expect(await statusOf(made.key)).toBe(200);
  });

  it('do what their scopes say and no more', async () => {
    const routes = [
      ['read', 'GET', '/v1/vendors'],
      ['read', 'GET', '/v1/appointments'],
      ['read', 'GET', '/v1/connections'],
      ['manage', 'POST', '/v1/connections'],
      ['manage', 'PATCH', `/v1/connections/${NOWHERE}`],
      ['manage', 'DELETE', `/v1/connections/${NOWHERE}`],
      ['manage', 'POST', `/v1/connections/${NOWHERE}/check`],
      ['manage', 'POST', `/v1/connections/${NOWHERE}/syncs`],
    ] as const;
    for (const scope of ['read', 'write', 'passthrough', 'manage'] as const) {
      const { key } = await keyFor(tenant.id, { name: scope, scopes: [scope] });
      for (const [needed, method, path] of routes) {
        const answer = await gateway.as(key)(method, path, method === 'GET' ? {} : { body: {} });
        const isRefused = answer.status === 403 && answer.problem.code === 'forbidden';
        expect([scope, method, path, isRefused]).toEqual([scope, method, path, scope !== needed]);
      }
    }
  });

  it('that are missing, malformed or made up get 401', async () => {
    const { key } = await keyFor(tenant.id, { name: 'model', scopes: ['read'] });
    const spoilt = key.slice(0, -1) + (key.endsWith('0') ? '1' : '0');
    const headers = [
      undefined,
      '',
      'Bearer',
      'Bearer ',
      `Basic ${Buffer.from(`${key}:`).toString('base64')}`,
      key,
      `Bearer ${spoilt}`,
      `Bearer ${key}x`,
      `Bearer ${key.toLowerCase()}`,
      'Bearer sgw_000000000000000000000000000000000000',
      `Bearer ${key} ${key}`,
    ];
    for (const authorization of headers) {
      const answer = await gateway.as(null)('GET', '/v1/vendors', {
        headers: authorization === undefined ? {} : { authorization },
      });
      expect([authorization, answer.status, answer.problem.code]).toEqual([
        authorization,
        401,
        'unauthenticated',
      ]);
      expect(answer.headers.get('www-authenticate')).toMatch(/^Bearer/);
      expect(answer.text).not.toContain(key.slice(10));
    }
    expect(await statusOf(key)).toBe(200);
  });

  it("open no operator's route, and the operator's key no tenant's", async () => {
    const { key } = await keyFor(tenant.id, {
      name: 'all',
      scopes: ['read', 'write', 'passthrough', 'manage'],
    });
    for (const [method, path] of [
      ['GET', '/v1/tenants'],
      ['POST', '/v1/tenants'],
      ['GET', `/v1/tenants/${tenant.id}`],
      ['DELETE', `/v1/tenants/${tenant.id}`],
      ['POST', keys],
    ] as const) {
      const { status, problem } = await gateway.as(key)(method, path, method === 'POST' ? { body: {} } : {});
      expect([method, path, status, problem.code]).toEqual([method, path, 403, 'forbidden']);
    }
    for (const path of ['/v1/vendors', '/v1/connections', '/v1/clients', '/v1/remote-ids']) {
      const { status, problem } = await operator('GET', path);
      expect([path, status, problem.code]).toEqual([path, 403, 'forbidden']);
    }
  });

  it('end when they expire', async () => {
    const expiresAt = new Date(Date.now() + 4_000).toISOString();
    const { key } = await keyFor(tenant.id, { name: 'for a moment', scopes: ['read'], expiresAt });
    expect(await statusOf(key)).toBe(200);
    await until(
      () => statusOf(key),
      (status) => status === 401,
      7_500,
    );
    expect(Date.now()).toBeGreaterThanOrEqual(Date.parse(expiresAt));
    for (const past of ['2020-01-01T00:00:00Z', 'tomorrow', '2030-02-30T00:00:00Z', '2030-01-01T00:00:00']) {
      const { status, problem } = await operator('POST', keys, {
        body: { name: 'late', scopes: ['read'], expiresAt: past },
      });
      expect([past, status, problem.errors?.[0]?.pointer]).toEqual([past, 400, '/expiresAt']);
    }
  });

  it('end within a second when they are revoked, and stay listed', async () => {
    const { id, key } = await keyFor(tenant.id, { name: 'lost laptop', scopes: ['read'] });
    expect(await statusOf(key)).toBe(200);
    (await operator('DELETE', `${keys}/${id}`)).need(204);
    const revoked = performance.now();
    await until(
      () => statusOf(key),
      (status) => status === 401,
      3_000,
    );
    expect(performance.now() - revoked).toBeLessThan(FELT_WITHIN_MS);
    (await operator('DELETE', `${keys}/${id}`)).need(204);
    const { data } = (await operator<{ data: ShownKey[] }>('GET', keys)).need(200);
    expect(data.find((one) => one.id === id)?.revokedAt).toMatch(/^\d{4}-.*Z$/);
  });

  it("are another tenant's business to nobody", async () => {
    const other = await create('Seaside', 'seaside');
    const { id, key } = await keyFor(tenant.id, { name: 'ours', scopes: ['read'] });
    const { status } = await operator('DELETE', `/v1/tenants/${other.id}/api-keys/${id}`);
    expect([status, await statusOf(key)]).toEqual([404, 200]);
    expect((await operator('GET', `/v1/tenants/${NOWHERE}/api-keys`)).status).toBe(404);
    const body = { name: 'x', scopes: ['read'] };
    expect((await operator('POST', `/v1/tenants/${NOWHERE}/api-keys`, { body })).status).toBe(404);
  });

  it.each([
    ['/scopes', { name: 'x', scopes: [] }],
    ['/scopes', { name: 'x', scopes: ['read', 'read'] }],
    ['/scopes', { name: 'x', scopes: ['everything'] }],
    ['/scopes', { name: 'x', scopes: 'read' }],
    ['/scopes', { name: 'x' }],
    ['/name', { scopes: ['read'] }],
    ['/tenantId', { name: 'x', scopes: ['read'], tenantId: NOWHERE }],
  ])('are refused with %s for %j', async (pointer, body) => {
    const { status, problem } = await operator('POST', keys, { body });
    expect([status, problem.code]).toEqual([400, 'validation_failed']);
    expect(problem.errors?.map((one) => one.pointer)).toEqual([pointer]);
  });
});

describe('a tenant that is deleted', () => {
  /** In which table how many rows name the tenant, in any of their columns. */
  async function traces(tenantId: string): Promise<Record<string, number>> {
    const tables = await gateway.rows<{ name: string }>(
      `select format('%I.%I', schemaname, tablename) as name from pg_tables
       where schemaname not in ('pg_catalog', 'information_schema')`,
    );
    const found: Record<string, number> = {};
    const admin = new Client({ connectionString: gateway.database.adminUrl });
    await admin.connect();
    for (const { name } of tables) {
      const { rows } = await admin.query<{ count: string }>(
        `select count(*) from ${name} t where strpos(t::text, $1) > 0`,
        [tenantId],
      );
      if (rows[0]?.count !== '0') found[name] = Number(rows[0]?.count);
    }
    await admin.end();
    return found;
  }

  let tenant: TestTenant;
  let key: string;
  beforeAll(async () => {
    tenant = await gateway.tenant('Closing Down Clinic');
    key = await tenant.key(['read']);
    const connection = await tenant.connect(clinic.sandbox);
    expect((await tenant.sync(connection)).status).toBe('succeeded');
    const before = await traces(tenant.id);
    const held = [
      'tenants',
      'api_keys',
      'connections',
      'remote_ids',
      'raw_records',
      'clients',
      'appointments',
    ];
    expect(Object.keys(before)).toEqual(expect.arrayContaining(held.map((table) => `public.${table}`)));
    (await operator('DELETE', `/v1/tenants/${tenant.id}`)).need(204);
  });

  it('leaves no row', async () => {
    const left = Object.keys(await traces(tenant.id)).filter((table) => table.startsWith('public.'));
    expect(left).toEqual([]);
  });

  it('leaves no job in the queue within a minute', async () => {
    await until(
      () => traces(tenant.id),
      (left) => Object.keys(left).length === 0,
      15_000,
    );
  });

  it('takes its keys with it', async () => {
    await until(
      () => statusOf(key),
      (status) => status === 401,
      FELT_WITHIN_MS,
    );
    expect((await operator('GET', `/v1/tenants/${tenant.id}`)).status).toBe(404);
    expect((await operator('DELETE', `/v1/tenants/${tenant.id}`)).status).toBe(404);
  });

  it('leaves the others as they were', async () => {
    const other = await gateway.tenant('Still Open Clinic');
    const connection = await other.connect(clinic.sandbox);
    expect((await other.sync(connection)).status).toBe('succeeded');
    const doomed = await gateway.tenant('Short-lived Clinic');
    const second = await doomed.connect(clinic.sandbox);
    expect((await doomed.sync(second)).status).toBe('succeeded');
    const before = await traces(other.id);
    (await operator('DELETE', `/v1/tenants/${doomed.id}`)).need(204);
    expect(await traces(other.id)).toEqual(before);
  });
});
