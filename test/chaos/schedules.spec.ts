import { setTimeout as pause } from 'node:timers/promises';
import { FOR_GOOD, startClinic, type Clinic } from '../support/clinics';
import type { Gateway, TestTenant } from '../support/gateway';
import { counted, startReplicas, stopReplicas } from '../support/replicas';
import type { Shown, ShownConnection, ShownSync } from '../support/calls';
import { spoiltCredentials } from '../support/secrets';
import { until } from '../support/until';

/** Generous: the machine may have more to do. */
const SOON = 40_000;
const QUICK = { sync: { enabled: true, intervalSeconds: 5 } };
const QUICK_SECONDS = 5;
const WINDOW = { pastDays: 10, futureDays: 30 };

interface Schedule {
  readonly enabled: boolean;
  readonly failures: number;
  readonly next_sync_at: Date | null;
  readonly wait: number | null;
}

let replicas: Gateway[];
let gateway: Gateway;
let cliniko: Clinic;
let penga: Clinic;
let tenant: TestTenant;

beforeAll(async () => {
  cliniko = await startClinic('cliniko', { clients: 60, appointments: 120 });
  penga = await startClinic('penga', { clients: 40, appointments: 80 });
  // Two workers, and one that only answers.
  replicas = await startReplicas([cliniko.sandbox, penga.sandbox], [{ ROLE: 'api' }, {}, { ROLE: 'worker' }]);
  gateway = replicas[0]!;
  tenant = await gateway.tenant('Northside Clinics');
}, 90_000);
afterAll(async () => {
  await stopReplicas(replicas);
  await Promise.all([cliniko.sandbox.close(), penga.sandbox.close()]);
});
afterEach(async () => {
  cliniko.sandbox.heal();
  penga.sandbox.heal();
  for (const { id } of await tenant.all<ShownConnection>('/v1/connections'))
    (await tenant.call('DELETE', `/v1/connections/${id}`)).need(204);
});

const syncsOf = async (id: string): Promise<ShownSync[]> =>
  (await tenant.all<ShownSync>(`/v1/connections/${id}/syncs`)).reverse();
const endedOf = async (id: string): Promise<ShownSync[]> =>
  (await syncsOf(id)).filter(({ finishedAt }) => finishedAt !== null);
const ended = (id: string, count: number): Promise<ShownSync[]> =>
  until(
    () => endedOf(id),
    (all) => all.length >= count,
    SOON + count * 10_000,
  );
const connectionOf = async (id: string): Promise<ShownConnection> =>
  (await tenant.call<ShownConnection>('GET', `/v1/connections/${id}`)).need(200);
const patch = async (id: string, body: object): Promise<void> => {
  (await tenant.call('PATCH', `/v1/connections/${id}`, { body })).need(200);
};
const scheduleOf = async (id: string): Promise<Schedule> =>
  (
    await gateway.rows<Schedule & Record<string, unknown>>(
      `select s.*, extract(epoch from s.next_sync_at - (select max(finished_at) from syncs y where y.connection_id = s.connection_id))::float as wait
       from sync_schedules s where connection_id = $1`,
      [id],
    )
  )[0]!;
const sumOf = (counts: readonly number[]): number => counts.reduce((sum, count) => sum + count, 0);
const seconds = (from: string, to: string): number => (Date.parse(to) - Date.parse(from)) / 1000;

describe('a schedule', () => {
  it('reads at the interval, what changed alone after the first time, and never twice at once', async () => {
    const id = await tenant.connect(cliniko.sandbox, QUICK);
    await ended(id, 1);
    const renamed = cliniko.ids('clients')[0]!;
    cliniko.rename(renamed, 'Between Two Syncs');
    const all = await ended(id, 4);
    expect(all.map(({ mode }) => mode).slice(0, 4)).toEqual([
      'full',
      'incremental',
      'incremental',
      'incremental',
    ]);
    expect(all.every(({ status }) => status === 'succeeded')).toBe(true);
    for (const [i, { startedAt }] of all.slice(1).entries()) {
      const gap = seconds(all[i]!.finishedAt!, startedAt!);
      expect(gap).toBeGreaterThanOrEqual(QUICK_SECONDS * 0.85);
      expect(gap).toBeLessThan(QUICK_SECONDS + 20);
    }
    const clients = await tenant.all<Shown<'clients'>>(`/v1/clients?connectionId=${id}`);
    expect(clients.find(({ remoteId }) => remoteId === renamed)!.lastName).toBe('Between Two Syncs');
    const [api, ...workers] = await Promise.all(
      replicas.map((one) => counted(one, 'gateway_sync_lag_seconds_bucket', '+Inf')),
    );
    expect([api, sumOf(workers) >= 4]).toEqual([0, true]);
  }, 180_000);

  it('is not shared out twice: each sync is run by one of the workers, one after the other', async () => {
    const ids = await Promise.all([1, 2, 3, 4].map(() => tenant.connect(penga.sandbox, QUICK)));
    penga.sandbox.fail({ fault: { kind: 'slow', ms: 150 }, times: FOR_GOOD });
    for (const id of ids) await ended(id, 2);
    for (const id of ids) {
      const all = await endedOf(id);
      for (const [i, { startedAt }] of all.slice(1).entries())
        expect(startedAt! >= all[i]!.finishedAt!).toBe(true);
      expect(all.every(({ status }) => status === 'succeeded')).toBe(true);
    }
    const fences = await gateway.rows<{ fence: number }>('select distinct fence from syncs');
    expect(fences).toEqual([{ fence: 1 }]);
  }, 180_000);

  it('leaves alone what is switched off, one way or the other, and goes on when it is switched on', async () => {
    const [off, disabled] = [
      await tenant.connect(cliniko.sandbox),
      await tenant.connect(cliniko.sandbox, QUICK),
    ];
    await ended(disabled, 1);
    await patch(disabled, { enabled: false });
    expect(await scheduleOf(off)).toMatchObject({ enabled: false, next_sync_at: null });
    expect(await scheduleOf(disabled)).toMatchObject({ enabled: false, next_sync_at: null });
    const [before, asked] = [(await syncsOf(disabled)).length, cliniko.sandbox.requests.length];
    await pause(2 * QUICK_SECONDS * 1000);
    expect((await syncsOf(disabled)).length).toBe(before);
    expect(await syncsOf(off)).toEqual([]);
    expect(cliniko.sandbox.requests.length).toBe(asked);
    await patch(disabled, { enabled: true });
    expect((await ended(disabled, before + 1)).at(-1)).toMatchObject({ mode: 'full', status: 'succeeded' });
    // A sync that was asked for does not set a schedule going that is switched off.
    await tenant.sync(off);
    expect(await scheduleOf(off)).toMatchObject({ enabled: false, next_sync_at: null });
  }, 180_000);

  it('a run that is under way stops calling the vendor when its connection is switched off', async () => {
    const id = await tenant.connect(penga.sandbox);
    penga.sandbox.fail({ fault: { kind: 'slow', ms: 700 }, times: FOR_GOOD });
    (await tenant.call('POST', `/v1/connections/${id}/syncs`, { body: { mode: 'full' } })).need(202);
    await until(
      () => syncsOf(id),
      ([run]) => run!.status === 'running' && Object.keys(run!.resources).length > 0,
      SOON,
    );
    await patch(id, { enabled: false });
    const [run] = await ended(id, 1);
    expect(['failed', 'partial']).toContain(run!.status);
    expect(run!.errors.map(({ code }) => code)).toEqual(['connection_disabled']);
    expect((await connectionOf(id)).status).toBe('disabled');
  }, 120_000);

  it('changes with the settings, without reading everything anew for it', async () => {
    const id = await tenant.connect(cliniko.sandbox, { sync: { enabled: true, intervalSeconds: 3600 } });
    await ended(id, 1);
    expect(
      (
        await until(
          () => scheduleOf(id),
          ({ wait }) => wait! > 3000,
          SOON,
        )
      ).wait,
    ).toBeLessThan(3600 * 1.11);
    await patch(id, { settings: { sync: { enabled: true, intervalSeconds: 5 } } });
    const [, second] = await ended(id, 2);
    expect(second).toMatchObject({ mode: 'incremental' });
    await patch(id, { settings: { window: WINDOW, sync: { enabled: true, intervalSeconds: 3600 } } });
    const all = await ended(id, 3);
    expect(all.filter(({ mode }) => mode === 'full')).toHaveLength(2);
  }, 120_000);

  it('reads everything now and then', async () => {
    const id = await tenant.connect(cliniko.sandbox, QUICK);
    await ended(id, 1);
    const [{ days } = { days: 0 }] = await gateway.rows<{ days: number }>(
      'select extract(epoch from next_full_at - now())::float / 86400 as days from sync_schedules where connection_id = $1',
      [id],
    );
    expect(days).toBeGreaterThan(0.85);
    expect(days).toBeLessThan(1.15);
    await gateway.rows('update sync_schedules set next_full_at = now() where connection_id = $1', [id]);
    await until(
      () => endedOf(id),
      (all) => all.filter(({ mode }) => mode === 'full').length === 2,
      SOON,
    );
    expect((await ended(id, 4)).at(-1)!.mode).toBe('incremental');
  }, 120_000);
});

it('a write brings the next sync forward: the vendor may have changed more than its answer tells', async () => {
  const id = await tenant.connect(cliniko.sandbox, { sync: { enabled: true, intervalSeconds: 3600 } });
  await ended(id, 1);
  await until(
    () => scheduleOf(id),
    ({ wait }) => wait! > 3000,
    SOON,
  );
  const through = async (request: object): Promise<void> => {
    (await tenant.call('POST', `/v1/connections/${id}/passthrough`, { body: request })).need(200);
  };
  await through({ method: 'GET', path: '/patients' });
  expect((await scheduleOf(id)).wait).toBeGreaterThan(3000);
  await through({ method: 'POST', path: '/patients', body: { first_name: 'Ada', last_name: 'Byron' } });
  const { next_sync_at } = await until(
    () => scheduleOf(id),
    ({ wait }) => wait! < 120,
    SOON,
  );
  expect(next_sync_at!.getTime() - Date.now()).toBeLessThan(31_000);
}, 120_000);

describe('a connection that fails', () => {
  it('says why, is asked less and less often, and heals by itself', async () => {
    const id = await tenant.connect(penga.sandbox, QUICK);
    await ended(id, 1);
    penga.sandbox.fail({ fault: { kind: 'status', status: 500 }, times: FOR_GOOD });
    const waits: number[] = [];
    for (let failures = 1; failures <= 2; failures += 1) {
      const schedule = await until(
        () => scheduleOf(id),
        (now) => now.failures === failures,
        SOON,
      );
      waits.push(schedule.wait!);
    }
    for (const [i, wait] of waits.entries()) {
      expect(wait).toBeGreaterThan(QUICK_SECONDS * 2 ** i * 0.85);
      expect(wait).toBeLessThan(QUICK_SECONDS * 2 ** i * 1.15);
    }
    expect(await connectionOf(id)).toMatchObject({
      status: 'failing',
      lastError: { code: 'vendor_error', retryable: true },
    });
    await gateway.rows('update sync_schedules set failures = 30 where connection_id = $1', [id]);
    const long = await until(
      () => scheduleOf(id),
      ({ failures }) => failures === 31,
      SOON,
    );
    expect(long.wait).toBeGreaterThan(3600 * 0.85);
    expect(long.wait).toBeLessThan(3600 * 1.15);
    penga.sandbox.heal();
    await gateway.rows('update sync_schedules set next_sync_at = now() where connection_id = $1', [id]);
    await until(
      () => connectionOf(id),
      ({ status, lastError }) => status === 'active' && lastError === null,
      SOON,
    );
    expect(await scheduleOf(id)).toMatchObject({ failures: 0 });
  }, 180_000);

  it('is not asked again with credentials that the vendor refused, until they change', async () => {
    const { vendor, credentials, settings } = cliniko.sandbox;
    const body = {
      vendor,
      name: 'Locked out',
      credentials: spoiltCredentials(credentials),
      settings: { ...settings, ...QUICK },
    };
    const { id } = (await tenant.call<ShownConnection>('POST', '/v1/connections', { body })).need(201);
    await ended(id, 1);
    await until(
      () => connectionOf(id),
      ({ status }) => status === 'failing',
      SOON,
    );
    expect(await scheduleOf(id)).toMatchObject({ enabled: true, next_sync_at: null });
    const asked = cliniko.sandbox.requests.length;
    await pause(2.5 * QUICK_SECONDS * 1000);
    expect(cliniko.sandbox.requests.length).toBe(asked);
    expect(await syncsOf(id)).toHaveLength(1);
    await patch(id, { credentials });
    await until(
      () => connectionOf(id),
      ({ status }) => status === 'active',
      SOON,
    );
    await ended(id, 3);
  }, 120_000);
});

describe('a worker', () => {
  it('that dies leaves its sync to another, which goes on', async () => {
    const id = await tenant.connect(penga.sandbox);
    penga.sandbox.fail({ fault: { kind: 'slow', ms: 20_000 }, path: '^/clients/perpage', times: 1 });
    const path = `/v1/connections/${id}/syncs`;
    (await tenant.call('POST', path, { body: { mode: 'full' } })).need(202);
    const holder = await until(
      async () => {
        const running = await Promise.all(replicas.map((one) => runningOf(one)));
        return running.findIndex((count) => count > 0);
      },
      (index) => index > 0,
      SOON,
    );
    await until(
      () => penga.sandbox.requests.some((request) => request.includes('/clients/perpage')),
      Boolean,
      SOON,
    );
    await replicas[holder]!.kill('SIGKILL');
    await gateway.rows("update syncs set lease_until = now() where status = 'running'");
    const [run] = await ended(id, 1);
    expect(run).toMatchObject({ status: 'succeeded', errors: [] });
    expect(await gateway.rows('select fence from syncs')).toEqual([{ fence: 2 }]);
    await replicas[holder]!.restart();
  }, 180_000);

  const runningOf = async (one: Gateway): Promise<number> => {
    const { text } = await one.as(null)('GET', '/metrics');
    return Number(/^gateway_syncs_running (\d+)$/m.exec(text)?.[1] ?? 0);
  };

  it('answers for its health, and tells its figures', async () => {
    for (const path of ['/healthz', '/readyz', '/metrics'])
      expect([path, (await replicas[2]!.as(null)('GET', path)).status]).toEqual([path, 200]);
  });
});
