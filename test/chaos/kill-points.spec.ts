import { mkdtempSync, readFileSync, rmSync, chmodSync } from 'node:fs';
import { availableParallelism, loadavg, tmpdir } from 'node:os';
import { join } from 'node:path';
import { startEmbeddedPostgres } from '../../src/platform/database/embedded';
import { VENDORS } from '../../src/vendors/registry';
import { openDesk, writesAt, type Desk } from '../support/bookings';
import type { Answer, Shown, ShownSync } from '../support/calls';
import { startClinic, type Clinic } from '../support/clinics';
import { startGateway, type Gateway, type TestTenant } from '../support/gateway';
import { until } from '../support/until';
import { startReceiver, type WebhookReceiver } from '../support/webhook-receiver';
import { subscribe } from '../support/webhooks';
import { leftOpen } from './proofs';
import { roadUnder, type StatementRoad, type Stop } from '../support/statement-road';

type Appointment = Shown<'appointments'>;
type Client = Shown<'clients'>;

const LOOKS = '0.1,0.3,1';
const READY_MS = 5_000;
/** Where others use the machine as well, as much longer as they keep us waiting. */
const readyWithin = (): number => READY_MS * Math.max(1, ((loadavg()[0] ?? 0) / availableParallelism()) * 2);
/** A killed process's write is looked for when its lease is over, its sync is taken up likewise. */
const LEASES_MS = 60_000;
const VENDOR = 'cliniko';

let road: StatementRoad;
let gateway: Gateway;
let receiver: WebhookReceiver;
let clinic: Clinic;
let tenant: TestTenant;
let desk: Desk;
let keys = 0;

const nextKey = (): Record<string, string> => ({ 'idempotency-key': `kill ${String((keys += 1))}` });

/** Kills the service and starts it again; it must be ready within five seconds. */
async function die(): Promise<void> {
  await gateway.kill('SIGKILL');
  road.open();
  const started = performance.now();
  await gateway.restart();
  expect((await gateway.as(null)('GET', '/readyz')).status).toBe(200);
  expect(performance.now() - started).toBeLessThan(readyWithin());
}

/** Does something, and kills the service when it has come to that point. */
async function dieAt<T>(stop: Stop, act: () => Promise<T>): Promise<T | null> {
  const reached = road.stopAt(stop);
  const lost = act().catch(() => null);
  await reached;
  await die();
  return lost;
}

const eventsOf = (id: string): Promise<{ type: string }[]> =>
  gateway.rows<{ type: string }>('select type from events where resource_id = $1 order by seq', [id]);

beforeAll(async () => {
  clinic = await startClinic(VENDOR, { clients: 30, appointments: 60 });
  receiver = await startReceiver();
  gateway = await startGateway([clinic.sandbox], {
    WRITE_LOOKS_SECONDS: LOOKS,
    WEBHOOK_HOST_ALLOWLIST: receiver.host,
  });
  road = await roadUnder(gateway);
  tenant = await gateway.tenant('Northside Clinics');
  desk = await openDesk(tenant, clinic, VENDORS.get(VENDOR)!);
}, 60_000);
afterAll(async () => {
  road.open();
  await gateway.stop();
  await road.close();
  receiver.close();
  await clinic.sandbox.close();
});

describe('a write, killed', () => {
  const book = (body: object, key: Record<string, string>): Promise<Answer<Appointment>> =>
    desk.post('/v1/appointments', body, key);

  /** Whoever asks again with the key gets the one answer there is, and the vendor has done it once. */
  async function expectOnce(
    body: Record<string, unknown>,
    key: Record<string, string>,
    before: number,
  ): Promise<void> {
    const answer = await until(
      () => book(body, key),
      ({ status }) => status !== 409 && status !== 504,
      LEASES_MS,
    );
    const made = answer.need(201);
    expect(writesAt(desk)).toBe(before + 1);
    const again = await book(body, key);
    expect([again.text, again.headers.get('idempotent-replayed')]).toEqual([answer.text, 'true']);
    expect(writesAt(desk)).toBe(before + 1);
    expect((await tenant.call<Appointment>('GET', `/v1/appointments/${made.id}`)).need(200)).toEqual(made);
    expect(await eventsOf(made.id)).toEqual([{ type: 'appointment.created' }]);
    expect(await leftOpen(gateway)).toEqual({ writes: 0, keys: 0, times: 0, ids: 0 });
  }

  it.each<[string, Stop]>([
    ['when its intent is kept, before the vendor hears of it', { statement: 'writes_insert', at: 'commit' }],
    ['when the vendor has done it, before that is kept', { statement: 'writes_settle', at: 'statement' }],
    ['when it is settled, before the caller hears of it', { statement: 'writes_settle', at: 'commit' }],
  ])(
    '%s: the vendor does it once',
    async (_when, stop) => {
      const [body, key, before] = [desk.visit({ conflictPolicy: 'reject' }), nextKey(), writesAt(desk)];
      await dieAt(stop, () => book(body, key));
      await expectOnce(body, key, before);
    },
    120_000,
  );

  it('while the vendor answers: the vendor does it once', async () => {
    const [body, key, before] = [desk.visit({ conflictPolicy: 'reject' }), nextKey(), writesAt(desk)];
    clinic.sandbox.fail({ fault: { kind: 'slow', ms: 60_000 }, method: 'GET', path: 'conflicts', times: 5 });
    const lost = book(body, key).catch(() => null);
    await until(
      () => writesAt(desk),
      (count) => count > before,
    );
    await die();
    await lost;
    clinic.sandbox.heal();
    await expectOnce(body, key, before);
  }, 120_000);
});

describe('a sync, killed', () => {
  it.each<[string, Stop]>([
    ['in the middle of a page', { statement: 'mirror_clients', at: 'statement' }],
    ['between two pages', { statement: 'sync_advance', at: 'commit' }],
    ['before its end is kept', { statement: 'update syncs s set status = $4', at: 'statement' }],
  ])(
    '%s: goes on, and brings every record once',
    async (_when, stop) => {
      const other = await gateway.tenant('Southside Clinics');
      const connection = await other.connect(clinic.sandbox);
      const path = `/v1/connections/${connection}/syncs`;
      const reached = road.stopAt(stop);
      const { id } = (await other.call<ShownSync>('POST', path, { body: { mode: 'full' } })).need(202);
      await reached;
      await die();
      const ended = await until(
        async () => (await other.call<ShownSync>('GET', `${path}/${id}`)).need(200),
        ({ status }) => !['queued', 'running'].includes(status),
        LEASES_MS,
      );
      expect([ended.status, ended.errors]).toEqual(['succeeded', []]);
      const clients = await other.all<Client>('/v1/clients?includeDeleted=true');
      expect(clients.map(({ remoteId }) => remoteId).sort()).toEqual([...clinic.ids('clients')].sort());
      const told = await gateway.rows<{ n: number }>(
        `select count(*)::int as n from events where tenant_id = $1 and resource = 'clients' group by resource_id`,
        [other.id],
      );
      expect(new Set(told.map(({ n }) => n))).toEqual(new Set([1]));
    },
    120_000,
  );
});

it('a delivery, killed when it has arrived, before that is kept: comes again, the same', async () => {
  await subscribe(tenant, receiver.url('/hook'), { payload: 'full' });
  const booked = await dieAt({ statement: 'webhook_deliveries_settle', at: 'statement' }, () => desk.book());
  const calls = await until(
    () => receiver.at('/hook').filter(({ body }) => body.includes(booked!.id)),
    ({ length }) => length > 1,
    LEASES_MS,
  );
  expect(new Set(calls.map(({ id, body }) => `${id} ${body}`)).size).toBe(1);
  await until(
    () => gateway.rows<{ status: string }>('select status from webhook_deliveries'),
    (rows) => rows.every(({ status }) => status === 'delivered'),
    LEASES_MS,
  );
}, 120_000);

it('an erasure, killed in its middle, has erased nothing; killed at its end, everything', async () => {
  const client = await desk.newClient({ lastName: 'Zqhalfway' });
  const visit = await desk.book({ clientId: client.id });
  const erase = (): Promise<Answer<unknown>> => tenant.call('DELETE', `/v1/clients/${client.id}?erase=true`);
  await dieAt({ statement: 'delete from remote_ids', at: 'statement' }, erase);
  expect((await tenant.call<Client>('GET', `/v1/clients/${client.id}`)).need(200).lastName).toBe('Zqhalfway');
  expect((await tenant.call<Appointment>('GET', `/v1/appointments/${visit.id}`)).need(200)).toEqual(visit);
  await dieAt({ statement: 'delete from remote_ids', at: 'commit' }, erase);
  expect((await erase()).status).toBe(404);
  const after = (await tenant.call<Appointment>('GET', `/v1/appointments/${visit.id}`)).need(200);
  expect([after.clientId, after.attendees]).toEqual([null, []]);
  expect((await eventsOf(client.id)).map(({ type }) => type)).toEqual(['client.deleted']);
}, 60_000);

it('PostgreSQL, killed under load: nothing that was acknowledged is lost, nothing is done twice', async () => {
  const directory = mkdtempSync(join(tmpdir(), 'gateway-killed-'));
  chmodSync(directory, 0o711);
  const postgres = await startEmbeddedPostgres({ dataDir: join(directory, 'postgres') });
  const own = await startGateway([clinic.sandbox], {
    DATABASE_URL: postgres.url,
    WRITE_LOOKS_SECONDS: LOOKS,
  });
  try {
    const home = await own.tenant('Westside Clinics');
    const westside = await openDesk(home, clinic, VENDORS.get(VENDOR)!);
    const from = writesAt(westside);
    const over = new AbortController();
    const asked: { body: object; key: Record<string, string>; first: Answer<Appointment> | null }[] = [];
    const lane = async (): Promise<void> => {
      while (!over.signal.aborted) {
        const one = { body: westside.visit(), key: nextKey(), first: null as Answer<Appointment> | null };
        asked.push(one);
        one.first = await westside.post('/v1/appointments', one.body, one.key).catch(() => null);
      }
    };
    const lanes = Promise.all([lane(), lane(), lane(), lane()]);
    const waits: number[] = [];
    for (let kill = 0; kill < 3; kill += 1) {
      await new Promise((soon) => setTimeout(soon, 1_500));
      process.kill(
        Number(readFileSync(join(postgres.dataDir, 'postmaster.pid'), 'utf8').split('\n')[0]),
        'SIGKILL',
      );
      await until(
        () => own.as(null)('GET', '/readyz'),
        ({ status }) => status !== 200,
      );
      const gone = performance.now();
      await until(
        () => own.as(null)('GET', '/readyz'),
        ({ status }) => status === 200,
        30_000,
      );
      waits.push(performance.now() - gone);
    }
    over.abort();
    await lanes;
    process.stderr.write(
      `  ${String(asked.length)} bookings, ready again after ${waits.map(Math.round).join(', ')} ms\n`,
    );
    expect(asked.length).toBeGreaterThan(10);
    expect(Math.max(...waits)).toBeLessThan(readyWithin());
    for (const { body, key, first } of asked) {
      const last = await until(
        () => westside.post<Appointment>('/v1/appointments', body, key).catch(() => null),
        (answer) => answer !== null && answer.status < 400,
        LEASES_MS,
      );
      if (first && first.status < 400) expect(last!.text).toBe(first.text);
      expect((await home.call('GET', `/v1/appointments/${last!.body.id}`)).status).toBe(200);
    }
    expect(writesAt(westside) - from).toBe(asked.length);
    const { status, resources } = await home.sync(westside.connectionId);
    expect([status, resources.appointments?.created]).toEqual(['succeeded', 0]);
  } finally {
    await own.stop();
    await postgres.stop();
    rmSync(directory, { recursive: true, force: true });
  }
}, 240_000);
