import { Client, DatabaseError } from 'pg';
import { RESOURCE_NAMES, type ResourceName } from '../../src/canonical/index';
import { CASES } from '../contract/vendors';
import { auditAtRest } from '../support/audit';
import { startClinic, type Clinic } from '../support/clinics';
import { startGateway, type Gateway, type TestTenant } from '../support/gateway';
import {
  FRESH,
  type Answer,
  type ListOf,
  type Shown,
  type ShownMapping,
  type ShownSync,
} from '../support/calls';
import { documentOf, operationsOf } from '../support/openapi';
import { deliveryThat, subscribe } from '../support/webhooks';

type Row = Readonly<Record<string, unknown>>;
type Page = ListOf<Shown<'appointments'>>;

const [ROW_SECURITY, NO_SUCH_REFERENCE] = ['42501', '23503'];
const NOBODY = '019a9c3e-7c1f-7d5a-b0a3-6f3f0f0d9a41';
const PUBLIC = /^\/v1\/vendors/;
const OPERATORS = /^\/v1\/tenants/;

/** What a route takes that takes no name. */
const BODIES: readonly (readonly [string, object])[] = [
  ['/syncs', { mode: 'full' }],
  ['/{endpointId}', { enabled: false }],
  ['/passthrough', { method: 'GET', path: 'user' }],
  ['/appointments/{id}', { notes: 'Mine now' }],
  ['/clients/{id}', { notes: 'Mine now' }],
  ['/cancel', {}],
];
/** Rows that stand only while a write is under way, or after one of a certain kind. */
const SEEDS = [
  `insert into writes (tenant_id, id, connection_id, resource, op, record_id, request, state, settled_at)
   select tenant_id, gen_random_uuid(), connection_id, resource, 'update', id, '{}', 'settled', now()
   from remote_ids where tenant_id = $1 limit 1`,
  `insert into held_times select tenant_id, id, record_id, tstzrange(now(), now() + interval '1 hour')
   from writes where tenant_id = $1`,
  `insert into idempotency_keys (tenant_id, key, request_hash, held_until, answer) values ($1, 'seed', '', now(), '{}')`,
  `insert into reserved_ids (tenant_id, id, connection_id, resource)
   select tenant_id, gen_random_uuid(), id, 'clients' from connections where tenant_id = $1 limit 1`,
  `insert into cancellation_reasons (tenant_id, id, reason)
   select tenant_id, id, 'sick' from remote_ids where tenant_id = $1 limit 1`,
  `insert into erased_records (tenant_id, connection_id, name_hash)
   select tenant_id, id, sha256('somebody') from connections where tenant_id = $1 limit 1`,
];
/** Not a list of a tenant's records: see audit.spec.ts. */
const NO_RECORDS = /\/(availability|audit-events)$/;

let gateway: Gateway;
let clinics: Clinic[];
/** Both have an account of the same clinics; the third has nothing. */
let north: TestTenant;
let south: TestTenant;
let empty: TestTenant;
const northern = new Map<string, string>();
let routes: [method: string, path: string, takesBody: boolean][];
let asService: Client;
let tables: string[];

beforeAll(async () => {
  clinics = await Promise.all(CASES.map(({ name }) => startClinic(name, { clients: 12, appointments: 30 })));
  gateway = await startGateway(clinics.map(({ sandbox }) => sandbox));
  [north, south, empty] = [
    await gateway.tenant('Northside Clinics'),
    await gateway.tenant('Southside Clinics'),
    await gateway.tenant('Newcomers'),
  ];
  for (const tenant of [north, south]) {
    const { id } = await subscribe(tenant, 'https://receiver.example/hooks', { eventTypes: ['location.*'] });
    if (tenant === north) northern.set('endpointId', id);
    for (const { sandbox } of clinics) {
      const id = await tenant.connect(sandbox);
      expect((await tenant.sync(id)).status).toBe('succeeded');
      if (!northern.has('connectionId')) northern.set('connectionId', id);
    }
    for (const seed of SEEDS) await gateway.rows(seed, [tenant.id]);
    const { id: deliveryId } = await deliveryThat(tenant, id, () => true);
    if (tenant === north) northern.set('deliveryId', deliveryId);
  }
  northern.set(
    'syncId',
    (await north.all<ShownSync>(`/v1/connections/${northern.get('connectionId')!}/syncs`))[0]!.id,
  );
  for (const resource of RESOURCE_NAMES)
    northern.set(resource, (await north.all<Shown<ResourceName>>(`/v1/${resource}`))[0]!.id);
  routes = operationsOf(await documentOf(gateway))
    .filter(({ path }) => path.startsWith('/v1/') && !PUBLIC.test(path))
    .map(({ method, path, requestBody }) => [method, path, requestBody !== undefined]);
  tables = (
    await gateway.rows<{ name: string }>(
      `select c.oid::regclass::text as name from pg_class c join pg_attribute a on a.attrelid = c.oid
       where c.relkind in ('r', 'p') and a.attname = 'tenant_id' and not a.attisdropped order by 1`,
    )
  ).map(({ name }) => name);
  asService = new Client({ connectionString: gateway.database.url });
  await asService.connect();
});
afterAll(async () => {
  await asService.end();
  await gateway.stop();
  await Promise.all(clinics.map(({ sandbox }) => sandbox.close()));
});

/** All of an answer but what is of its request alone: where a record is another's, all is as where there is none. */
const likeness = ({ status, headers, problem }: Answer<unknown>): unknown => [
  status,
  [...headers.keys()],
  { ...problem, instance: '', requestId: '' },
];

/** The path with the northern tenant's ids in it. A parameter that nobody here knows fails the test. */
const withIds = (path: string): string =>
  path.replace(/\{(\w+)\}/g, (_all, name: string) => {
    const id = northern.get(name === 'id' ? path.split('/')[2]! : name);
    if (id === undefined) throw new Error(`isolation.spec.ts has no ${name} for ${path}`);
    return id;
  });

describe('through the API', () => {
  it("every route that names a record answers 404 to another tenant's key", async () => {
    const named = routes.filter(([, path]) => path.includes('{') && !OPERATORS.test(path));
    expect(named.length).toBeGreaterThan(10);
    for (const tenant of [south, empty])
      for (const [method, path, takesBody] of named) {
        const body = BODIES.find(([end]) => path.endsWith(end))?.[1] ?? { name: 'Mine now' };
        const answer = await tenant.call(method, withIds(path), takesBody ? { body } : {});
        expect([method, path, answer.status, answer.problem.code]).toEqual([method, path, 404, 'not_found']);
        const never = await tenant.call(method, path.replace(/\{\w+\}/g, NOBODY), takesBody ? { body } : {});
        expect([method, path, likeness(answer)]).toEqual([method, path, likeness(never)]);
        if (method !== 'GET') continue;
        const fresh = await tenant.call(method, withIds(path), FRESH);
        expect([method, path, fresh.status]).toEqual([method, path, 404]);
      }
    for (const [method, path] of named.filter(([verb]) => verb === 'GET'))
      expect([method, path, (await north.call(method, withIds(path))).status]).toEqual([method, path, 200]);
  });

  it("every list is the tenant's own, whatever ids it is filtered by", async () => {
    const lists = routes.filter(
      ([method, path]) =>
        method === 'GET' && !path.includes('{') && !OPERATORS.test(path) && !NO_RECORDS.test(path),
    );
    expect(lists.length).toBeGreaterThanOrEqual(7);
    for (const [, path] of lists) {
      const idsOf = async (tenant: TestTenant): Promise<string[]> =>
        (await tenant.all<Shown<ResourceName> | ShownMapping>(path)).map((one) =>
          'canonicalId' in one ? one.canonicalId : one.id,
        );
      const [ours, theirs] = [await idsOf(north), new Set(await idsOf(south))];
      expect(ours.length).toBeGreaterThan(0);
      expect(theirs.size).toBe(ours.length);
      expect(ours.filter((id) => theirs.has(id))).toEqual([]);
      expect(await idsOf(empty)).toEqual([]);
    }
    const filters = [
      ...RESOURCE_NAMES.map((resource) => `${resource}?connectionId=${northern.get('connectionId')!}`),
      `appointments?clientId=${northern.get('clients')!}&includeDeleted=true`,
      `appointments?practitionerId=${northern.get('practitioners')!}`,
      `appointments?serviceId=${northern.get('services')!}`,
      `appointments?locationId=${northern.get('locations')!}`,
      `remote-ids?canonicalId=${northern.get('clients')!}`,
      `remote-ids?connectionId=${northern.get('connectionId')!}`,
    ];
    for (const filter of filters) {
      const { data } = (await south.call<ListOf<unknown>>('GET', `/v1/${filter}`)).need(200);
      expect([filter, data]).toEqual([filter, []]);
    }
  });

  it('a cursor is of its list, its filters, its order and its tenant alone', async () => {
    const { page: at } = (await north.call<Page>('GET', '/v1/appointments?limit=2&status=booked')).need(200);
    const cursor = encodeURIComponent(at.nextCursor!);
    expect(
      (await north.call<Page>('GET', `/v1/appointments?limit=9&status=booked&cursor=${cursor}`)).status,
    ).toBe(200);
    const spoilt = `${cursor.slice(0, -6)}${cursor.at(-6) === 'A' ? 'B' : 'A'}${cursor.slice(-5)}`;
    const wrong = [
      `/v1/appointments?cursor=${cursor}`,
      `/v1/appointments?status=arrived&cursor=${cursor}`,
      `/v1/appointments?status=booked&status=arrived&cursor=${cursor}`,
      `/v1/appointments?status=booked&sort=-start&cursor=${cursor}`,
      `/v1/appointments?status=booked&includeDeleted=true&cursor=${cursor}`,
      `/v1/clients?cursor=${cursor}`,
      `/v1/remote-ids?cursor=${cursor}`,
      `/v1/appointments?status=booked&cursor=${spoilt}`,
      ...['garbage', 'test.AAAA', 'test.', '.', 'other.AAAA', '%5B%5D'].map(
        (bad) => `/v1/appointments?cursor=${bad}`,
      ),
    ];
    for (const path of wrong) {
      const { status, problem } = await north.call('GET', path);
      expect([path, status, problem.code, problem.errors?.[0]?.parameter]).toEqual([
        path,
        400,
        'cursor_invalid',
        'cursor',
      ]);
    }
    const theirs = await south.call('GET', `/v1/appointments?status=booked&cursor=${cursor}`);
    expect([theirs.status, theirs.problem.code]).toEqual([400, 'cursor_invalid']);
    expect(Buffer.from(at.nextCursor!, 'base64url').toString()).not.toMatch(/\d{4}-\d\d-\d\d/);
  });

  it("a tenant's key opens nothing of the operator's", async () => {
    const mine = (path: string): string =>
      path.replace('{tenantId}', south.id).replace('{apiKeyId}', north.id);
    for (const [method, path] of routes.filter(([, at]) => OPERATORS.test(at))) {
      const body = method === 'GET' || method === 'DELETE' ? {} : { body: {} };
      expect([method, path, (await south.call(method, mine(path), body)).status]).toEqual([
        method,
        path,
        403,
      ]);
    }
  });

  it('every route wants a key', async () => {
    for (const [method, path] of routes) {
      const answer = await gateway.as(null)(method, path.replace(/\{\w+\}/g, north.id));
      expect([method, path, answer.status, answer.problem.code]).toEqual([
        method,
        path,
        401,
        'unauthenticated',
      ]);
    }
  });
});

/** Runs a statement as the service's own role, for a tenant or for none, and undoes it. */
async function as(
  tenant: TestTenant | null,
  text: string,
  values: unknown[] = [],
): Promise<{ rows: Row[]; count: number }> {
  await asService.query('begin');
  try {
    if (tenant) await asService.query("select set_config('app.tenant_id', $1, true)", [tenant.id]);
    const { rows, rowCount } = await asService.query<Row>(text, values);
    return { rows, count: rowCount ?? 0 };
  } finally {
    await asService.query('rollback');
  }
}
const refusalOf = (tried: Promise<unknown>): Promise<string> =>
  tried.then(
    () => 'done',
    (error: unknown) => (error instanceof DatabaseError ? (error.code ?? '') : String(error)),
  );
const countOf = async (table: string, tenant: TestTenant): Promise<number> =>
  Number(
    (
      await gateway.rows<{ n: string }>(`select count(*) as n from ${table} where tenant_id = $1`, [
        tenant.id,
      ])
    )[0]!.n,
  );
const rowOf = async (table: string): Promise<string> =>
  (
    await gateway.rows<{ row: string }>(
      `select to_jsonb(t)::text as row from ${table} t where tenant_id = $1 limit 1`,
      [north.id],
    )
  )[0]!.row;
const INSERT = (table: string): string =>
  `insert into ${table} select * from json_populate_record(null::${table}, $1)`;

describe('row-level security alone', () => {
  // While rows are counted, none may be on its way.
  beforeAll(() => Promise.all([north, south].map(({ call }) => auditAtRest(call))));

  it('stands on every table of a tenant, for the owner too', async () => {
    const bare = await gateway.rows<{ name: string }>(
      `select oid::regclass::text as name from pg_class
       where oid = any($1::regclass[]) and not (relrowsecurity and relforcerowsecurity)`,
      [[...tables, 'tenants']],
    );
    expect(bare).toEqual([]);
    expect(tables).toEqual(
      expect.arrayContaining(['api_keys', 'connections', 'remote_ids', 'raw_records', 'syncs', 'clients']),
    );
  });

  it('binds the role that the service runs as', async () => {
    const { rows } = await as(
      null,
      'select rolsuper, rolbypassrls, rolcreaterole from pg_roles where rolname = current_user',
    );
    expect(rows).toEqual([{ rolsuper: false, rolbypassrls: false, rolcreaterole: false }]);
  });

  it('shows no row to nobody, and to a tenant its own', async () => {
    for (const table of [...tables]) {
      expect([table, (await as(null, `select * from ${table}`)).count]).toEqual([table, 0]);
      for (const tenant of [north, south]) {
        const held = await countOf(table, tenant);
        const { rows } = await as(tenant, `select tenant_id from ${table}`);
        expect([table, held > 0, rows.length]).toEqual([table, true, held]);
        expect(new Set(rows.map((row) => row['tenant_id']))).toEqual(new Set([tenant.id]));
      }
    }
    expect((await as(null, 'select * from tenants')).count).toBe(0);
    expect((await as(south, 'select id from tenants')).rows).toEqual([{ id: south.id }]);
  });

  it("lets nobody write, change or delete another tenant's row", async () => {
    for (const table of tables) {
      const row = await rowOf(table);
      expect([table, await refusalOf(as(south, INSERT(table), [row]))]).toEqual([table, ROW_SECURITY]);
      expect([table, await refusalOf(as(null, INSERT(table), [row]))]).toEqual([table, ROW_SECURITY]);
      const stolen = as(south, `update ${table} set tenant_id = $1`, [north.id]);
      expect([table, await refusalOf(stolen)]).toEqual([table, ROW_SECURITY]);
      const { count } = await as(south, `update ${table} set tenant_id = tenant_id where tenant_id = $1`, [
        north.id,
      ]);
      const deleted = await as(south, `delete from ${table} where tenant_id = $1`, [north.id]);
      expect([table, count, deleted.count]).toEqual([table, 0, 0]);
    }
  });
});

describe('references between tables', () => {
  interface Reference {
    readonly name: string;
    readonly table: string;
    readonly target: string;
    readonly columns: string[];
  }
  const references = (): Promise<Reference[]> =>
    gateway.rows<Reference & Row>(
      `select conname as name, conrelid::regclass::text as table, confrelid::regclass::text as target,
         (select array_agg(a.attname::text) from pg_attribute a where a.attrelid = conrelid and a.attnum = any(conkey)) as columns
       from pg_constraint where contype = 'f' and conrelid = any($1::regclass[])`,
      [tables],
    );

  it('carry the tenant', async () => {
    const all = await references();
    expect(all.length).toBeGreaterThan(8);
    expect(all.filter(({ columns }) => !columns.includes('tenant_id'))).toEqual([]);
  });

  it("reach no other tenant's row", async () => {
    const reaching = new Set(
      (await references()).filter(({ target }) => target !== 'tenants').map(({ table }) => table),
    );
    expect([...reaching]).toEqual(
      expect.arrayContaining([
        'appointment_participants',
        'clients',
        'appointments',
        'raw_records',
        'remote_ids',
        'syncs',
      ]),
    );
    for (const table of reaching) {
      const row = JSON.stringify({ ...(JSON.parse(await rowOf(table)) as Row), tenant_id: south.id });
      expect([table, await refusalOf(as(south, INSERT(table), [row]))]).toEqual([table, NO_SUCH_REFERENCE]);
    }
  });
});
