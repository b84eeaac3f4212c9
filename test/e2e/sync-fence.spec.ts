import type { ShownSync } from '../support/calls';
import { startClinic, type Clinic } from '../support/clinics';
import { finished, startGateway, type Gateway } from '../support/gateway';
import { until } from '../support/until';

let gateway: Gateway;
let clinic: Clinic;

beforeAll(async () => {
  clinic = await startClinic('cliniko', { clients: 40, appointments: 40 });
  gateway = await startGateway([clinic.sandbox]);
}, 60_000);
afterAll(async () => {
  await gateway.stop();
  await clinic.sandbox.close();
});

it('a process that has lost its sync to another stores nothing any more', async () => {
  const tenant = await gateway.tenant('Northside Clinics');
  const connection = await tenant.connect(clinic.sandbox);
  clinic.sandbox.fail({ fault: { kind: 'slow', ms: 1_500 }, path: clinic.lists.clients, times: 1 });
  const path = `/v1/connections/${connection}/syncs`;
  const { id } = (await tenant.call<ShownSync>('POST', path, { body: { mode: 'full' } })).need(202);
  await until(
    () => clinic.sandbox.requests.some((line) => line.includes('/v1/patients')),
    (isAsked) => isAsked,
  );
  // As if another process had taken it up, and were at work on it: this one does not know yet.
  await gateway.rows(
    "update syncs set fence = fence + 1, lease_until = now() + interval '1 minute' where id = $1",
    [id],
  );
  await until(
    () => gateway.log.some((line) => line.includes('run by another process')),
    (isSaid) => isSaid,
  );
  expect(await gateway.rows('select count(*)::int as n from clients')).toEqual([{ n: 0 }]);
  // The other one dies, and somebody goes on.
  await gateway.rows('update syncs set lease_until = now() where id = $1', [id]);
  expect((await finished(tenant.call, connection, id)).status).toBe('succeeded');
  expect((await gateway.rows<{ n: number }>('select count(*)::int as n from clients'))[0]!.n).toBeGreaterThan(
    30,
  );
}, 30_000);
