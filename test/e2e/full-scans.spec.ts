import { stamp, type Row, type State as ClinikoState } from '../../src/vendors/cliniko/sandbox/state';
import { change, type PengaState } from '../../src/vendors/penga/sandbox/state';
import { startClinic, type Clinic } from '../support/clinics';
import { startGateway, type Gateway, type TestTenant } from '../support/gateway';
import { counted } from '../support/replicas';
import type { Answer, Shown, ShownConnection, ShownSync } from '../support/calls';

const DAY = 86_400_000;
const WINDOW = { pastDays: 10, futureDays: 30 };

type Counts = Readonly<Record<'updated' | 'created' | 'deleted', number>> & { readonly drift: number | null };
type Compared = Omit<ShownSync, 'resources'> & { readonly resources: Readonly<Record<string, Counts>> };

let gateway: Gateway;
let cliniko: Clinic;
let penga: Clinic;
let tenant: TestTenant;

beforeAll(async () => {
  cliniko = await startClinic('cliniko', { clients: 60, appointments: 120 });
  penga = await startClinic('penga', { clients: 40, appointments: 80 });
  gateway = await startGateway([cliniko.sandbox, penga.sandbox]);
  tenant = await gateway.tenant('Northside Clinics');
}, 60_000);
afterAll(async () => {
  await gateway.stop();
  await Promise.all([cliniko.sandbox.close(), penga.sandbox.close()]);
});

const clinikoState = (): ClinikoState => (cliniko.sandbox as unknown as { state: ClinikoState }).state;
const pengaState = (): PengaState => (penga.sandbox as unknown as { state: PengaState }).state;
/** Runs a sync to its end. */
const sync = (id: string, body: object = { mode: 'full' }): Promise<Compared> =>
  tenant.sync(id, body) as Promise<Compared>;
const connectionOf = async (id: string): Promise<ShownConnection> =>
  (await tenant.call<ShownConnection>('GET', `/v1/connections/${id}`)).need(200);

describe('a full scan', () => {
  const clientRow = (id: string): Row => clinikoState().tables.patients.byId.get(id)!;
  /** Changes a record as if its change had never been noted. */
  const changeUnseen = (row: Row, fields: Row): void => {
    Object.assign(row, fields);
    clinikoState().version += 1;
  };

  it('finds what incremental syncs missed, and says how much that was', async () => {
    const id = await tenant.connect(cliniko.sandbox);
    expect((await sync(id)).resources['clients']).toMatchObject({ drift: null });
    const standing = await tenant.all<Shown<'clients'>>(`/v1/clients?connectionId=${id}&status=active`);
    const [changed, renamed, gone] = standing.map(({ remoteId }) => remoteId) as [string, string, string];
    changeUnseen(clientRow(changed), { last_name: 'Unnoticed', updated_at: '2020-01-01T00:00:00Z' });
    const row = clientRow(gone);
    const { patients } = clinikoState().tables;
    patients.rows.splice(patients.rows.indexOf(row), 1);
    patients.byId.delete(gone);
    const missed = await sync(id, { mode: 'incremental' });
    expect(missed.resources['clients']).toMatchObject({ updated: 0, deleted: 0, drift: null });
    cliniko.rename(renamed, 'In The Ordinary Way');
    const full = await sync(id);
    expect(full.resources['clients']).toMatchObject({ updated: 2, deleted: 1, drift: 2 });
    expect(full.resources['practitioners']).toMatchObject({ drift: 0 });
    expect(await counted(gateway, 'gateway_sync_drift_total', 'resource="clients"')).toBe(2);
    const clients = await tenant.all<Shown<'clients'>>(`/v1/clients?connectionId=${id}`);
    expect(clients.find(({ remoteId }) => remoteId === changed)!.lastName).toBe('Unnoticed');
    expect(clients.find(({ remoteId }) => remoteId === gone)).toBeUndefined();
    expect((await sync(id)).resources['clients']).toMatchObject({ updated: 0, deleted: 0, drift: 0 });
  }, 120_000);

  it('does not take for drift what changed because the connection did', async () => {
    const id = await tenant.connect(cliniko.sandbox);
    await sync(id);
    (await tenant.call('PATCH', `/v1/connections/${id}`, { body: { settings: { region: 'GB' } } })).need(200);
    const { clients } = (await sync(id)).resources;
    expect(clients!.updated).toBeGreaterThan(0);
    expect(clients!.drift).toBeNull();
  }, 120_000);

  it.each(['cliniko', 'penga'])(
    '%s: an appointment that moved out of the window moves in the mirror, too',
    async (vendor) => {
      const clinic = vendor === 'cliniko' ? cliniko : penga;
      const id = await tenant.connect(clinic.sandbox, { window: WINDOW });
      await sync(id);
      const appointments = (): Promise<Shown<'appointments'>[]> =>
        tenant.all<Shown<'appointments'>>(`/v1/appointments?connectionId=${id}&includeDeleted=true`);
      const [before] = (await appointments()).filter(
        ({ start, deletedAt }) => start !== null && deletedAt === null,
      );
      const start = new Date(Math.floor(Date.now() / 1000) * 1000 + 90 * DAY);
      const end = new Date(start.getTime() + 1_800_000);
      if (vendor === 'cliniko') {
        const { individual_appointments: individual, group_appointments: group } = clinikoState().tables;
        const row = individual.byId.get(before!.remoteId) ?? group.byId.get(before!.remoteId)!;
        changeUnseen(row, { starts_at: stamp(start), ends_at: stamp(end), updated_at: stamp(new Date()) });
      } else {
        const row = pengaState().schedule.find(({ external_id }) => external_id === before!.remoteId)!;
        change(pengaState(), row, { start_time: start.getTime() / 1000, end_time: end.getTime() / 1000 });
      }
      const { resources } = await sync(id);
      expect(resources['appointments']).toMatchObject({ updated: 1, deleted: 0 });
      const after = (await appointments()).find((one) => one.id === before!.id)!;
      expect(after).toMatchObject({ start: start.toISOString(), deletedAt: null });
      expect((await sync(id)).resources['appointments']).toMatchObject({ updated: 0, deleted: 0 });
    },
    120_000,
  );

  it('that misses more than a tenth waits for force, and believes it then', async () => {
    const id = await tenant.connect(penga.sandbox);
    await sync(id);
    const gone = penga.ids('clients').slice(0, 12);
    for (const remoteId of gone) penga.remove(remoteId);
    const doubted = await sync(id);
    expect(doubted.resources['clients']).toMatchObject({ deleted: 0 });
    const warningsOf = async (): Promise<string[]> =>
      (await connectionOf(id)).warnings
        .map(({ code }) => code)
        .filter((code) => code === 'deletions_not_believed');
    expect(await warningsOf()).toEqual(['deletions_not_believed']);
    expect((await sync(id)).resources['clients']).toMatchObject({ deleted: 0 });
    const forced = await sync(id, { mode: 'full', force: true });
    expect(forced).toMatchObject({ status: 'succeeded', resources: { clients: { deleted: gone.length } } });
    expect(await warningsOf()).toEqual([]);
    const left = await tenant.all<Shown<'clients'>>(`/v1/clients?connectionId=${id}`);
    expect(left.filter(({ remoteId }) => gone.includes(remoteId))).toEqual([]);
    expect((await sync(id)).resources['clients']).toMatchObject({ deleted: 0 });
  }, 120_000);

  it('is forced only as a whole, and only by who may manage connections', async () => {
    const id = await tenant.connect(penga.sandbox);
    const path = `/v1/connections/${id}/syncs`;
    const asked = (body: unknown, call = tenant.call): Promise<Answer<unknown>> =>
      call('POST', path, { body });
    const half = await asked({ mode: 'incremental', force: true });
    expect([half.status, half.problem.errors?.map(({ pointer }) => pointer)]).toEqual([400, ['/force']]);
    expect((await asked({ mode: 'full', force: 'yes' })).status).toBe(400);
    const reader = gateway.as(await tenant.key(['read', 'write']));
    expect((await asked({ mode: 'full', force: true }, reader)).status).toBe(403);
  });
});
