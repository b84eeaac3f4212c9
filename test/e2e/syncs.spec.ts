import { randomBytes } from 'node:crypto';
import { startSandbox as startPenga, type PengaState } from '../../src/vendors/penga/sandbox';
import type { Sandbox } from '../../src/vendors/kit/sandbox';
import { CASES } from '../contract/vendors';
import { FOR_GOOD, startClinic, type Clinic } from '../support/clinics';
import { finished, startGateway, type Gateway, type TestTenant } from '../support/gateway';
import type { ListOf, Shown, ShownConnection, ShownSync } from '../support/calls';
import { until } from '../support/until';

const NOWHERE = '019a9c3e-7c1f-7d5a-b0a3-6f3f0f0d9a41';
const LARGE = { clients: 900, appointments: 60 };
/** So many records go into one transaction; Penga hands out ten at a time. */
const [A_TRANSACTION, A_PAGE] = [400, 10];
const CLIENT_PAGES = '^/clients/perpage';

let gateway: Gateway;
let clinics: Clinic[];
let large: Sandbox & { readonly state: PengaState };
let tenant: TestTenant;

beforeAll(async () => {
  clinics = await Promise.all(CASES.map(({ name }) => startClinic(name, { clients: 30, appointments: 60 })));
  large = await startPenga({ size: LARGE });
  gateway = await startGateway([...clinics.map(({ sandbox }) => sandbox), large]);
  tenant = await gateway.tenant('Northside Clinics');
});
afterAll(async () => {
  await gateway.stop();
  await Promise.all([...clinics.map(({ sandbox }) => sandbox.close()), large.close()]);
});
afterEach(() => {
  for (const sandbox of [large, ...clinics.map((one) => one.sandbox)]) sandbox.heal();
});

describe('the syncs of a connection', () => {
  let clinic: Clinic;
  let id: string;
  let path: string;
  beforeAll(async () => {
    clinic = clinics[0]!;
    id = await tenant.connect(clinic.sandbox);
    path = `/v1/connections/${id}/syncs`;
  });

  it('are asked for with 202 and looked at where Location says', async () => {
    const asked = await tenant.call<ShownSync>('POST', path, {
      body: { mode: 'full', resources: ['services', 'locations'] },
    });
    const queued = asked.need(202);
    expect(asked.headers.get('location')).toBe(`${path}/${queued.id}`);
    expect(queued).toMatchObject({ connectionId: id, mode: 'full', startedAt: null, finishedAt: null });
    const done = await finished(tenant.call, id, queued.id);
    expect(done.status).toBe('succeeded');
    expect(Object.keys(done.resources).sort()).toEqual(['locations', 'services']);
    expect(Date.parse(done.finishedAt!)).toBeGreaterThanOrEqual(Date.parse(done.startedAt!));
  });

  it('are listed, the newest first, in pages', async () => {
    for (let i = 0; i < 3; i += 1) await tenant.sync(id, { mode: 'full', resources: ['locations'] });
    const all = await tenant.all<ShownSync>(path);
    expect(all.length).toBeGreaterThanOrEqual(4);
    expect(all.map(({ createdAt }) => createdAt)).toEqual(
      all
        .map(({ createdAt }) => createdAt)
        .sort()
        .reverse(),
    );
    expect(await tenant.all<ShownSync>(`${path}?limit=1`)).toEqual(all);
    const { page } = (await tenant.call<ListOf<ShownSync>>('GET', `${path}?limit=1`)).need(200);
    const other = await tenant.connect(clinic.sandbox);
    const moved = await tenant.call(
      'GET',
      `/v1/connections/${other}/syncs?cursor=${encodeURIComponent(page.nextCursor!)}`,
    );
    expect([moved.status, moved.problem.code]).toEqual([400, 'cursor_invalid']);
  });

  it('join where one is queued already, and do not run beside each other', async () => {
    clinic.sandbox.fail({ fault: { kind: 'slow', ms: 4_000 } });
    const ask = (resources: string[]): Promise<ShownSync> =>
      tenant
        .call<ShownSync>('POST', path, { body: { mode: 'full', resources } })
        .then((one) => one.need(202));
    const running = await ask(['locations']);
    await until(
      async () => (await tenant.call<ShownSync>('GET', `${path}/${running.id}`)).need(200),
      ({ status }) => status === 'running',
    );
    const waiting = await ask(['services']);
    const joined = await ask(['clients']);
    expect(joined.id).toBe(waiting.id);
    expect(waiting.id).not.toBe(running.id);
    const [a, b] = [await finished(tenant.call, id, running.id), await finished(tenant.call, id, waiting.id)];
    expect(Object.keys(b.resources).sort()).toEqual(['clients', 'services']);
    expect(b.startedAt! >= a.finishedAt!).toBe(true);
  });

  it('are not found where they are not', async () => {
    const [own] = await tenant.all<ShownSync>(path);
    const other = await tenant.connect(clinic.sandbox);
    for (const wrong of [
      `${path}/${NOWHERE}`,
      `${path}/latest`,
      `/v1/connections/${other}/syncs/${own!.id}`,
      `/v1/connections/${NOWHERE}/syncs`,
    ]) {
      const answer = await tenant.call('GET', wrong);
      expect([wrong, answer.status, answer.problem.code]).toEqual([wrong, 404, 'not_found']);
    }
  });

  it.each([
    ['/mode', {}],
    ['/mode', { mode: 'quick' }],
    ['/resources', { mode: 'full', resources: [] }],
    ['/resources', { mode: 'full', resources: ['invoices'] }],
    ['/since', { mode: 'incremental', since: '2026-01-01T00:00:00Z' }],
  ])('are refused with %s for %j', async (pointer, body) => {
    const { status, problem } = await tenant.call('POST', path, { body });
    expect([status, problem.errors?.map((one) => one.pointer)]).toEqual([400, [pointer]]);
  });
});

it('a new connection syncs at once', async () => {
  const { vendor, credentials, settings } = clinics[0]!.sandbox;
  const body = { vendor, name: 'New', credentials, settings };
  const { id } = (await tenant.call<ShownConnection>('POST', '/v1/connections', { body })).need(201);
  const [sync] = await until(
    () => tenant.all<ShownSync>(`/v1/connections/${id}/syncs`),
    ([one]) => one?.finishedAt !== null && one !== undefined,
    30_000,
  );
  expect(sync).toMatchObject({ mode: 'full' });
  expect(['succeeded', 'partial']).toContain(sync!.status);
});

describe('a sync whose process ends in the middle', () => {
  /** Starts a sync and waits until its first transaction is stored and `waiting` pages more were asked for. */
  async function midway(
    connection: string,
    slow: { ms: number; after: number },
  ): Promise<{ sync: ShownSync; path: string }> {
    large.fail({
      fault: { kind: 'slow', ms: slow.ms },
      path: CLIENT_PAGES,
      skip: slow.after,
      times: FOR_GOOD,
    });
    const path = `/v1/connections/${connection}/syncs`;
    const { id } = (await tenant.call<ShownSync>('POST', path, { body: { mode: 'full' } })).need(202);
    const sync = await until(
      async () => (await tenant.call<ShownSync>('GET', `${path}/${id}`)).need(200),
      ({ resources }) => (resources.clients?.seen ?? 0) >= A_TRANSACTION,
      30_000,
    );
    expect(sync.status).toBe('running');
    return { sync, path };
  }

  async function expectWhole(connection: string, done: ShownSync): Promise<void> {
    expect(done).toMatchObject({ status: 'succeeded', errors: [] });
    const counts = {
      seen: LARGE.clients,
      created: LARGE.clients,
      updated: 0,
      deleted: 0,
      failed: 0,
      drift: null,
    };
    expect(done.resources.clients).toEqual(counts);
    const clients = await tenant.all<Shown<'clients'>>(`/v1/clients?connectionId=${connection}`);
    expect(clients.map(({ remoteId }) => remoteId).sort()).toEqual(
      large.state.clients.rows.map((row) => row.external_id).sort(),
    );
    expect(clients.filter(({ version }) => version !== 1)).toEqual([]);
    const appointments = await tenant.all<Shown<'appointments'>>(
      `/v1/appointments?connectionId=${connection}`,
    );
    expect(appointments.map(({ remoteId }) => remoteId).sort()).toEqual(
      large.state.schedule.map((row) => row.external_id).sort(),
    );
  }
  const pagesSince = (mark: number): number[] =>
    large.requests
      .slice(mark)
      .flatMap((one) => /clients\/perpage.*[?&]page=(\d+)/.exec(one)?.[1] ?? [])
      .map(Number);

  it('goes on at its last page after kill -9, and brings every record once', async () => {
    const connection = await tenant.connect(large);
    const { sync } = await midway(connection, { ms: 60_000, after: A_TRANSACTION / A_PAGE + 5 });
    expect(await gateway.kill('SIGKILL')).toBeNull();
    large.heal();
    const mark = large.requests.length;
    await gateway.restart();
    // The half minute that the dead holder's lease still lasts, gone by.
    await gateway.rows("update syncs set lease_until = now() where status = 'running'");
    const done = await finished(tenant.call, connection, sync.id);
    await expectWhole(connection, done);
    const pages = pagesSince(mark);
    expect(Math.min(...pages)).toBe(A_TRANSACTION / A_PAGE + 1);
    expect(pages).toEqual([...new Set(pages)]);
    expect(done.startedAt).toBe(sync.startedAt);
  }, 90_000);

  it('is put down on SIGTERM after the page it stores, and goes on elsewhere', async () => {
    const connection = await tenant.connect(large);
    const { sync } = await midway(connection, { ms: 25, after: A_TRANSACTION / A_PAGE });
    const stopping = performance.now();
    expect(await gateway.kill('SIGTERM')).toBe(0);
    expect(performance.now() - stopping).toBeLessThan(10_000);
    large.heal();
    await gateway.restart();
    await expectWhole(connection, await finished(tenant.call, connection, sync.id));
  }, 90_000);
});

describe("a vendor's nonsense", () => {
  it.each(CASES)(
    '$name: words of a refusal that no database keeps do not hold up the sync',
    async ({ name }) => {
      const clinic = clinics.find(({ sandbox }) => sandbox.vendor === name)!;
      const message = 'Not \u0000 today \ud800, sorry';
      clinic.sandbox.fail({
        fault: {
          kind: 'status',
          status: 422,
          body: { message, error: message, errors: [{ message, code: message }] },
        },
        path: clinic.lists.clients,
        times: FOR_GOOD,
      });
      const id = await tenant.connect(clinic.sandbox);
      const sync = await tenant.sync(id);
      expect(sync.status).toBe('partial');
      expect(sync.errors).toEqual([
        expect.objectContaining({ resource: 'clients', remoteId: null, code: 'vendor_rejected' }),
      ]);
      const shown = (await tenant.call<ShownConnection>('GET', `/v1/connections/${id}`)).need(200);
      expect(shown).toMatchObject({ status: 'degraded', lastError: { code: 'vendor_rejected' } });
    },
  );

  it.each([
    ['half a surrogate pair in a name', { last_name: 'Ha\ud800lf' }, 'C-00000003'],
    ['a NUL in a name', { last_name: 'Nu\u0000ll' }, 'C-00000003'],
    ['a name of ten thousand letters', { last_name: 'x'.repeat(10_000) }, 'C-00000003'],
    ['half a surrogate pair in an id', { external_id: 'C-\ud800' }, null],
    ['a NUL in an id', { external_id: 'C-\u0000' }, null],
    ['an id of five thousand letters', { external_id: `C-${randomBytes(2_500).toString('hex')}` }, null],
    ['an id that is a list', { external_id: ['C-1'] }, null],
    ['no id', { external_id: null }, null],
    ['a time at the end of time', { updated_at: 253_402_300_799 }, 'C-00000003'],
    ['a time before all times', { created_at: -253_402_300_799 }, null],
  ])('in one record is that record’s own: %s', async (_what, fields, kept) => {
    const clinic = clinics.find(({ sandbox }) => sandbox.vendor === 'penga')!;
    const state = (clinic.sandbox as typeof large).state;
    state.odd.set('C-00000003', fields);
    state.lists.clear();
    const id = await tenant.connect(clinic.sandbox);
    const sync = await tenant.sync(id).finally(() => {
      state.odd.clear();
      state.lists.clear();
    });
    expect(['succeeded', 'partial']).toContain(sync.status);
    const clients = await tenant.all<Shown<'clients'>>(`/v1/clients?connectionId=${id}&limit=3`);
    const held = new Set(clients.map(({ remoteId }) => remoteId));
    const others = clinic.ids('clients').filter((one) => one !== 'C-00000003');
    expect(others.filter((one) => !held.has(one))).toEqual([]);
    if (kept !== null) expect(held).toContain(kept);
    if (clients.length < 30) expect(sync.resources.clients).toMatchObject({ failed: 1 });
  });
});
