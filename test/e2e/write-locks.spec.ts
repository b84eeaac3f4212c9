import { Client } from 'pg';
import { VENDORS } from '../../src/vendors/registry';
import { openDesk, requestsAt, type Desk } from '../support/bookings';
import type { Answer, Shown } from '../support/calls';
import { startClinic, type Clinic } from '../support/clinics';
import { startGateway, type Gateway, type TestTenant } from '../support/gateway';
import { until } from '../support/until';

type Ask = () => Promise<Answer<Shown<'appointments'>>>;

const VENDOR = 'cliniko';
const ERASING_TURN = "hashtextextended('erasures of ' || $1::text, 0)";

let gateway: Gateway;
let clinic: Clinic;
let tenant: TestTenant;
let desk: Desk;
/** Holds a lock that settlements come to in their middle. */
let holder: Client;
let keys = 0;
const key = (): Record<string, string> => ({ 'idempotency-key': `key ${String((keys += 1))}` });

beforeAll(async () => {
  clinic = await startClinic(VENDOR, { clients: 5, appointments: 10 });
  gateway = await startGateway([clinic.sandbox], { WRITE_LOOKS_SECONDS: '0.1,0.3,3.5,4,5' });
  tenant = await gateway.tenant('Northside Clinics');
  desk = await openDesk(tenant, clinic, VENDORS.get(VENDOR)!);
  // A sync would come to the same locks, and be counted among those that wait.
  const settings = { sync: { enabled: false } };
  (await desk.patch(`/v1/connections/${desk.connectionId}`, { settings })).need(200);
  holder = new Client({ connectionString: gateway.database.adminUrl });
  await holder.connect();
});
afterAll(async () => {
  await holder.end();
  await gateway.stop();
  await clinic.sandbox.close();
});

const waiting = async (): Promise<number> => {
  const rows = await gateway.rows(
    "select 1 from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'",
  );
  return rows.length;
};
const deadlocks = async (): Promise<number> => {
  const [row] = await gateway.rows<{ deadlocks: string }>(
    'select deadlocks from pg_stat_database where datname = current_database()',
  );
  return Number(row!.deadlocks);
};

/** Holds locks while `work` goes on. */
async function holding(statement: string, values: unknown[], work: () => Promise<void>): Promise<void> {
  await holder.query('begin');
  try {
    await holder.query(statement, values);
    await work();
  } finally {
    await holder.query('commit');
  }
}

/** Lets a request come to the middle of its settlement, and the same request in again while it stands there. */
async function again(ask: Ask): Promise<Awaited<ReturnType<Ask>>[]> {
  const asked: ReturnType<Ask>[] = [];
  await holding(`select pg_advisory_xact_lock(${ERASING_TURN})`, [tenant.id], async () => {
    for (const count of [1, 2]) {
      asked.push(ask());
      await until(waiting, (all) => all >= count);
    }
  });
  return Promise.all(asked);
}

describe('a request that comes again while its first try is being settled', () => {
  const booking = (named: object): Promise<Ask> => {
    const [body, headers] = [desk.visit(named), key()];
    return Promise.resolve(() => desk.post('/v1/appointments', body, headers));
  };
  it.each<[string, number, () => Promise<Ask>]>([
    [
      'a change',
      200,
      async () => {
        const [{ id }, headers] = [await desk.book(), key()];
        return () => desk.patch(`/v1/appointments/${id}`, { notes: 'by the window' }, headers);
      },
    ],
    ['a booking of a time that must be free', 201, () => booking({ conflictPolicy: 'reject' })],
    ['a booking with an externalId', 201, () => booking({ externalId: 'ours-1' })],
  ])('waits for its answer, and nobody for each other: %s', async (_what, status, prepare) => {
    const before = await deadlocks();
    const [first, second] = await again(await prepare());
    expect([first!.status, second!.status]).toEqual([status, status]);
    expect(second!.text).toBe(first!.text);
    expect(await deadlocks()).toBe(before);
  });
});

it('an erasure and the settlement of a write that nobody knew the outcome of do not wait for each other', async () => {
  const { id } = await desk.newClient();
  const body = desk.visit({ clientId: id, conflictPolicy: 'reject' });
  clinic.sandbox.fail({ fault: { kind: 'lost_answer' }, method: 'POST', path: '_appointments' });
  clinic.sandbox.fail({ fault: { kind: 'status', status: 404 }, path: '_appointments', times: 1000 });
  const { problem } = await desk.post('/v1/appointments', body, key());
  expect([problem.code, problem.outcome]).toEqual(['vendor_timeout', 'unknown']);
  const before = await deadlocks();
  clinic.sandbox.heal();
  clinic.sandbox.fail({
    fault: { kind: 'slow', ms: 1_500 },
    method: 'GET',
    path: '_appointments',
    times: 1000,
  });
  const asked = requestsAt(desk);
  await until(
    () => requestsAt(desk),
    (count) => count > asked,
  );
  let erased = Promise.resolve<Answer<unknown> | null>(null);
  await holding('select 1 from held_times for update', [], async () => {
    erased = tenant.call('DELETE', `/v1/clients/${id}?erase=true`, {});
    await until(waiting, (count) => count >= 2);
  });
  expect((await erased)?.status).toBe(204);
  expect(await deadlocks()).toBe(before);
});
