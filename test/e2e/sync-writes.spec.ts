import { setTimeout as pause } from 'node:timers/promises';
import { VENDORS } from '../../src/vendors/registry';
import { openDesk, type Desk } from '../support/bookings';
import type { Shown, ShownMapping } from '../support/calls';
import { startClinic, type Clinic } from '../support/clinics';
import { startGateway, type Gateway, type TestTenant } from '../support/gateway';

type Client = Shown<'clients'>;

const SECOND_HALF_MS = 2_000;
const NAMES = ['penga', 'progenda'];

/** Sets the clock of the gateway's own process an hour back; the database's stays. */
const AN_HOUR_BACK = `const real = Date;
  globalThis.Date = class extends real {
    constructor(...given) { given.length === 0 ? super(real.now() - 3_600_000) : super(...given); }
    static now() { return real.now() - 3_600_000; }
  };`;

let gateway: Gateway;
let clinics: Clinic[];
let tenant: TestTenant;

beforeAll(async () => {
  clinics = await Promise.all(NAMES.map((name) => startClinic(name, { clients: 20, appointments: 40 })));
  gateway = await startGateway(clinics.map(({ sandbox }) => sandbox));
  tenant = await gateway.tenant('Northside Clinics');
});
afterAll(async () => {
  await gateway.stop();
  await Promise.all(clinics.map(({ sandbox }) => sandbox.close()));
});

const clinicOf = (name: string): Clinic => clinics.find(({ sandbox }) => sandbox.vendor === name)!;

/** Changes and deletes clients while a page with both is on its way into a sync. */
async function writeDuringSync(desk: Desk): Promise<void> {
  const { connectionId, clinic, tenant: here } = desk;
  const [renamed, removed] = [await desk.newClient(), await desk.newClient()];
  const { clients: path } = clinic.lists;
  clinic.sandbox.fail({ fault: { kind: 'drip', ms: SECOND_HALF_MS }, method: 'GET', path });
  const syncing = here.sync(connectionId, { mode: 'incremental', resources: ['clients'] });
  await pause(SECOND_HALF_MS / 2);
  (await desk.patch<Client>(`/v1/clients/${renamed.id}`, { lastName: 'Lovelace' })).need(200);
  (await here.call('DELETE', `/v1/clients/${removed.id}`, {})).need(204);
  const { status, resources } = await syncing;
  expect([status, resources.clients!.failed]).toEqual(['succeeded', 0]);
  expect((await here.call<Client>('GET', `/v1/clients/${renamed.id}`)).need(200).lastName).toBe('Lovelace');
  expect((await here.call('GET', `/v1/clients/${removed.id}`)).status).toBe(404);
  const [mapping] = await here.all<ShownMapping>(`/v1/remote-ids?canonicalId=${removed.id}`);
  expect(mapping!.goneAt).not.toBeNull();
}

describe('a write while a sync holds an older page is not undone by that page', () => {
  it.each(NAMES)('at %s', async (name) => {
    await writeDuringSync(await openDesk(tenant, clinicOf(name), VENDORS.get(name)!));
  });

  it('where the clock of the gateway is an hour behind that of its database', async () => {
    const clinic = clinicOf('progenda');
    const late = await startGateway([clinic.sandbox], {
      NODE_OPTIONS: `--import=data:text/javascript,${encodeURIComponent(AN_HOUR_BACK)}`,
    });
    try {
      const other = await late.tenant('Southside Clinics');
      await writeDuringSync(await openDesk(other, clinic, VENDORS.get('progenda')!));
    } finally {
      await late.stop();
    }
  });
});
