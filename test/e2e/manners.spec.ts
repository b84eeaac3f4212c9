import { CASES } from '../contract/vendors';
import { openDesk, type Desk } from '../support/bookings';
import type { Answer, ListOf, Shown, ShownConnection } from '../support/calls';
import { startClinic, type Clinic } from '../support/clinics';
import { startGateway, type Gateway, type TestTenant } from '../support/gateway';

type Client = Shown<'clients'>;
type Appointment = Shown<'appointments'>;

const DAY = 86_400_000;
const { name, vendor } = CASES.find((one) => one.vendor.availability)!;

let gateway: Gateway;
let clinic: Clinic;
let tenant: TestTenant;
let desk: Desk;

beforeAll(async () => {
  clinic = await startClinic(name, { clients: 20, appointments: 60 });
  gateway = await startGateway([clinic.sandbox]);
  tenant = await gateway.tenant('Northside Clinics');
  desk = await openDesk(tenant, clinic, vendor);
});
afterEach(() => {
  clinic.sandbox.heal();
});
afterAll(async () => {
  await gateway.stop();
  await clinic.sandbox.close();
});

const get = <T = unknown>(path: string, headers: Record<string, string> = {}): Promise<Answer<T>> =>
  tenant.call<T>('GET', path, { headers });
const etagAt = async (path: string): Promise<string> => (await get(path)).headers.get('etag')!;
const knowing = async (path: string, etag: string): Promise<number> =>
  (await get(path, { 'if-none-match': etag })).status;

describe('an id in capitals', () => {
  it('is the same id in a path, whatever is done there', async () => {
    const { id } = await desk.newClient();
    const path = `/v1/clients/${id.toUpperCase()}`;
    expect((await get<Client>(path)).need(200).id).toBe(id);
    expect((await get<Client>(path, { 'cache-control': 'no-cache' })).need(200).id).toBe(id);
    expect((await desk.patch<Client>(path, { firstName: 'Augusta' })).need(200).id).toBe(id);
    (await tenant.call('DELETE', path)).need(204);
  });

  it('is the same id in a body, in a batch and in a query', async () => {
    const visit = desk.visit() as Record<string, string>;
    const loud = Object.fromEntries(
      Object.entries(visit).map(([field, value]) => [
        field,
        field.endsWith('Id') ? value.toUpperCase() : value,
      ]),
    );
    const made = (await desk.post('/v1/appointments', loud)).need(201);
    expect(made).toMatchObject({ clientId: visit.clientId, practitionerId: visit.practitionerId });
    const operations = [{ op: 'update', id: made.id.toUpperCase(), data: { notes: 'by the window' } }];
    const { results } = (
      await desk.post<{ results: { status: number }[] }>('/v1/appointments/batch', { operations })
    ).need(200);
    expect(results).toMatchObject([{ status: 200, data: { id: made.id, notes: 'by the window' } }]);
    const query = new URLSearchParams({
      ...Object.fromEntries(
        Object.entries(loud).filter(([field]) => field.endsWith('Id') && field !== 'clientId'),
      ),
      from: new Date(Date.now() + DAY).toISOString(),
      to: new Date(Date.now() + 8 * DAY).toISOString(),
    });
    (await get(`/v1/availability?${query.toString()}`)).need(200);
  });
});
