import { put, secondsNow, type Patient, type State } from '../../src/vendors/progenda/sandbox/state';
import { openDesk, type Desk } from '../support/bookings';
import { VENDORS } from '../../src/vendors/registry';
import { startClinic, type Clinic } from '../support/clinics';
import { startGateway, type Gateway, type TestTenant } from '../support/gateway';
import type { Shown } from '../support/calls';

type Client = Shown<'clients'>;

// Progenda tells no times of its records: neither when one changed, nor when it was archived.
let gateway: Gateway;
let clinic: Clinic;
let tenant: TestTenant;
let desk: Desk;

beforeAll(async () => {
  clinic = await startClinic('progenda', { clients: 20, appointments: 40 });
  gateway = await startGateway([clinic.sandbox]);
  tenant = await gateway.tenant('Northside Clinics');
  desk = await openDesk(tenant, clinic, VENDORS.get('progenda')!);
});
afterAll(async () => {
  await gateway.stop();
  await clinic.sandbox.close();
});

/** Changes a patient at the vendor, and reads all of them into the mirror. */
async function change(remoteId: string, changes: Partial<Patient>): Promise<void> {
  const { state } = clinic.sandbox as unknown as { state: State };
  const table = [...state.patients.values()].find(({ byId }) => byId.has(Number(remoteId)))!;
  const patient = table.byId.get(Number(remoteId))!;
  put(table, { ...patient, ...changes, updatedAt: secondsNow(state) });
  const sync = await tenant.sync(desk.connectionId, { mode: 'full', resources: ['clients'] });
  expect(sync.status).toBe('succeeded');
}
const isListed = async (id: string, query = ''): Promise<boolean> =>
  (await tenant.all<Client>(`/v1/clients?limit=200${query}`)).some((one) => one.id === id);
const hidden = async (id: string): Promise<Client> => {
  expect((await tenant.call('GET', `/v1/clients/${id}`)).status).toBe(404);
  expect(await isListed(id)).toBe(false);
  expect(await isListed(id, '&status=archived')).toBe(true);
  return (await tenant.call<Client>('GET', `/v1/clients/${id}?includeDeleted=true`)).need(200);
};

it('a client who was archived without a word of when is hidden since we found out', async () => {
  const { id, remoteId } = await desk.newClient();
  const before = Date.now();
  await change(remoteId, { status: 'archived' });
  const { status, deletedAt } = await hidden(id);
  expect(status).toBe('archived');
  expect(Math.abs(Date.parse(deletedAt!) - before)).toBeLessThan(60_000);

  await change(remoteId, { lastName: 'Lovelace' });
  expect(await hidden(id)).toMatchObject({ lastName: 'Lovelace', deletedAt });

  await change(remoteId, { status: 'active' });
  const back = (await tenant.call<Client>('GET', `/v1/clients/${id}`)).need(200);
  expect([back.status, back.deletedAt, await isListed(id)]).toEqual(['active', null, true]);
});

it('the vendor’s own record is as it was last seen, also in what we do not map', async () => {
  const { id, remoteId, version } = await desk.newClient();
  await change(remoteId, { odd: { nickname: 'Ada' } });
  const shown = (
    await tenant.call<Client & { remote: { nickname?: string } }>('GET', `/v1/clients/${id}?include=remote`)
  ).need(200);
  expect([shown.remote.nickname, shown.version]).toEqual(['Ada', version]);
});
