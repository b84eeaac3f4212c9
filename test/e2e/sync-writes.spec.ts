import { setTimeout as pause } from 'node:timers/promises';
import { VENDORS } from '../../src/vendors/registry';
import { openDesk, type Desk } from '../support/bookings';
import type { Shown, ShownSync } from '../support/calls';
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

describe.each(NAMES)('a write while a sync holds an older page, at %s', (name) => {
  let desk: Desk;
  const clinic = (): Clinic => clinics.find(({ sandbox }) => sandbox.vendor === name)!;
  beforeAll(async () => {
    desk = await openDesk(tenant, clinic(), VENDORS.get(name)!);
  });

  it('is not undone by that page', async () => {
    const [renamed, removed] = [await desk.newClient(), await desk.newClient()];
    clinic().sandbox.fail({
      fault: { kind: 'drip', ms: SECOND_HALF_MS },
      method: 'GET',
      path: clinic().lists.clients,
    });
    const syncing = tenant.sync(desk.connectionId, { mode: 'incremental', resources: ['clients'] });
    await pause(SECOND_HALF_MS / 2);
    (await desk.patch<Client>(`/v1/clients/${renamed.id}`, { lastName: 'Lovelace' })).need(200);
    (await tenant.call('DELETE', `/v1/clients/${removed.id}`, {})).need(204);
    const { status, resources }: ShownSync = await syncing;
    expect([status, resources.clients!.failed]).toEqual(['succeeded', 0]);
    const read = await tenant.call<Client>('GET', `/v1/clients/${renamed.id}`);
    expect(read.need(200).lastName).toBe('Lovelace');
    expect((await tenant.call('GET', `/v1/clients/${removed.id}`)).status).toBe(404);
    const [mapping] = await tenant.all<{ goneAt: string | null }>(`/v1/remote-ids?canonicalId=${removed.id}`);
    expect(mapping!.goneAt).not.toBeNull();
  });
});

it('a client who was made while a sync read is not taken for deleted, whatever the time is here', async () => {
  const clinic = clinics.find(({ sandbox }) => sandbox.vendor === 'progenda')!;
  const late = await startGateway([clinic.sandbox], {
    NODE_OPTIONS: `--import=data:text/javascript,${encodeURIComponent(AN_HOUR_BACK)}`,
  });
  try {
    const desk = await openDesk(await late.tenant('Southside Clinics'), clinic, VENDORS.get('progenda')!);
    clinic.sandbox.fail({
      fault: { kind: 'drip', ms: SECOND_HALF_MS },
      method: 'GET',
      path: clinic.lists.clients,
    });
    const syncing = desk.tenant.sync(desk.connectionId, { mode: 'full', resources: ['clients'] });
    await pause(SECOND_HALF_MS / 2);
    const made = await desk.newClient();
    expect((await syncing).resources.clients!.deleted).toBe(0);
    (await desk.tenant.call<Client>('GET', `/v1/clients/${made.id}`)).need(200);
  } finally {
    await late.stop();
  }
});
