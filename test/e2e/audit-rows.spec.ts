import { randomUUID } from 'node:crypto';
import { Client, DatabaseError } from 'pg';
import { auditOf, auditPage } from '../support/audit';
import type { Shown } from '../support/calls';
import { startClinic, type Clinic } from '../support/clinics';
import { startGateway, type Gateway, type TestTenant } from '../support/gateway';
import { until } from '../support/until';

let gateway: Gateway;
let clinic: Clinic;
let tenant: TestTenant;
let clients: Shown<'clients'>[];

beforeAll(async () => {
  clinic = await startClinic('cliniko', { clients: 12, appointments: 30 });
  gateway = await startGateway([clinic.sandbox]);
  tenant = await gateway.tenant('Northside Clinics');
  await tenant.sync(await tenant.connect(clinic.sandbox));
  clients = await tenant.all<Shown<'clients'>>('/v1/clients');
  await read('/v1/appointments');
}, 60_000);
afterAll(async () => {
  await gateway.stop();
  await clinic.sandbox.close();
});

/** Reads, and waits until the audit says so. */
async function read(path: string): Promise<void> {
  await auditOf(tenant.call, await tenant.call('GET', path));
}

describe('the rows', () => {
  let service: Client;
  beforeAll(async () => {
    service = new Client({ connectionString: gateway.database.url });
    await service.connect();
  });
  afterAll(() => service.end());

  /** Runs statements as the service's own role, and undoes them; the last one's count, or why it was refused. */
  async function as(scope: 'tenant' | 'system', ...statements: string[]): Promise<number | string> {
    await service.query('begin');
    try {
      await service.query(
        scope === 'system'
          ? "select set_config('app.scope', 'system', true)"
          : `select set_config('app.tenant_id', '${tenant.id}', true)`,
      );
      let count = 0;
      for (const statement of statements) count = (await service.query(statement)).rowCount ?? 0;
      return count;
    } catch (error) {
      return error instanceof DatabaseError ? error.message : String(error);
    } finally {
      await service.query('rollback');
    }
  }
  const REFUSED = 'the audit is append-only';
  const one = `tenant_id = (select tenant_id from audit_events limit 1)`;

  it('are never changed or deleted by the service itself', async () => {
    for (const scope of ['tenant', 'system'] as const) {
      const statements = [
        'delete from audit_events',
        `delete from audit_events where ${one}`,
        "update audit_events set action = 'nothing'",
        'update audit_events set actor_id = null',
        "update audit_events set at = at - interval '1 day'",
        "update audit_events set detail = '{}'::jsonb || '{\"a\":1}'",
        "update audit_events set resource_ids = '{}' where resource_ids <> '{}'",
        "update audit_events set client_ids = '{}' where client_ids <> '{}'",
        'update audit_events set client_ids = client_ids || gen_random_uuid()',
        'truncate audit_events',
        'truncate audit_subjects',
        'delete from audit_subjects',
        'update audit_subjects set hour = 0',
        'with gone as (delete from audit_events returning id) select count(*) from gone',
      ];
      for (const statement of statements)
        expect([scope, statement, await as(scope, statement)]).toEqual([scope, statement, REFUSED]);
    }
    expect(await as('tenant', `select erase_from_audit('${clients[0]!.id}')`)).toBe(REFUSED);
  });

  it('let an erased record go, and stay', async () => {
    const { id } = clients[1]!;
    await read(`/v1/clients/${id}`);
    const erased = await as(
      'tenant',
      `delete from remote_ids where id = '${id}'`,
      `select erase_from_audit('${id}')`,
      `select from audit_events where '${id}' = any(resource_ids || client_ids) union all select from audit_subjects where subject_id = '${id}'`,
    );
    expect(erased).toBe(0);
    const left = await as(
      'tenant',
      `create temporary table before on commit drop as select count(*) n from audit_events`,
      `delete from remote_ids where id = '${id}'`,
      `select erase_from_audit('${id}')`,
      'select from before where n = (select count(*) from audit_events)',
    );
    expect(left).toBe(1);
  });

  it('go with their tenant', async () => {
    const leaving = await gateway.tenant('Eastside');
    await leaving.call('GET', `/v1/clients/${randomUUID()}`);
    await until(
      () => gateway.rows('select from audit_events where tenant_id = $1', [leaving.id]),
      (rows) => rows.length === 1,
    );
    // One more that is still waiting when its tenant is gone: it must not hold up the others.
    await leaving.call('GET', `/v1/clients/${randomUUID()}`);
    expect((await gateway.operator('DELETE', `/v1/tenants/${leaving.id}`)).status).toBe(204);
    await read('/v1/clients?limit=1');
    for (const table of ['audit_events', 'audit_subjects', 'caller_allowances'])
      expect(await gateway.rows(`select from ${table} where tenant_id = $1`, [leaving.id])).toEqual([]);
  });

  it('are found by an index, however many there are', async () => {
    await gateway.rows(
      `insert into audit_events select $1, id_at(now() - i * interval '1 minute'), now() - i * interval '1 minute', 'api_key', null,
         'client.read', 'clients', array[gen_random_uuid()], '{}', null, 'done', 200, null, '{}' from generate_series(1, 30000) i`,
      [tenant.id],
    );
    await gateway.rows('analyze audit_events, audit_subjects');
    const client = clients[2]!.id;
    await read(`/v1/clients/${client}`);
    const times: number[] = [];
    while (times.length < 3) {
      const started = performance.now();
      expect((await auditPage(tenant.call, `clientId=${client}&limit=5`)).length).toBeGreaterThan(0);
      expect(await auditPage(tenant.call, 'limit=25')).toHaveLength(25);
      times.push(performance.now() - started);
    }
    // The best of three: the machine may have had something else to do.
    expect(Math.min(...times)).toBeLessThan(1_000);
  });
});

describe('reads', () => {
  it('wait for nobody who keeps the audit waiting', async () => {
    const blocker = new Client({ connectionString: gateway.database.adminUrl });
    await blocker.connect();
    await blocker.query('begin; lock table audit_events in access exclusive mode');
    const asked = await Promise.all(
      Array.from({ length: 30 }, () => tenant.call('GET', '/v1/clients?limit=1')),
    );
    expect(asked.map(({ status }) => status)).toEqual(asked.map(() => 200));
    await blocker.query('rollback');
    await blocker.end();
    for (const answer of asked) expect(await auditOf(tenant.call, answer)).toHaveLength(1);
  });

  it('are all there after a SIGTERM, those of the last moment too', async () => {
    const asked = await Promise.all(
      Array.from({ length: 120 }, (_, i) =>
        tenant.call('GET', `/v1/clients/${clients[i % clients.length]!.id}`),
      ),
    );
    expect(await gateway.kill('SIGTERM')).toBe(0);
    const kept = await gateway.rows<{ request_id: string }>('select request_id from audit_events');
    const known = new Set(kept.map(({ request_id }) => request_id));
    expect(asked.filter(({ headers }) => !known.has(headers.get('x-request-id')!))).toEqual([]);
    await gateway.restart();
  });
});
