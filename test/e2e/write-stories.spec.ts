import type { AppointmentStatus } from '../../src/canonical/appointment';
import { mapReferences, type ResourceName } from '../../src/canonical/index';
import type { RemoteRef } from '../../src/canonical/ids';
import type { Port, Seen } from '../../src/vendors/contract';
import { CASES } from '../contract/vendors';
import { openAdapter, type OpenAdapter } from '../support/adapter';
import { openDesk, writesAt, type Desk } from '../support/bookings';
import type { Shown, ShownMapping, ListOf } from '../support/calls';
import { startClinic, type Clinic } from '../support/clinics';
import { startGateway, type Gateway, type TestTenant } from '../support/gateway';
import { mappedName, remoteName } from '../support/remote-names';

type Appointment = Shown<'appointments'>;
type Client = Shown<'clients'>;

let gateway: Gateway;
let clinics: Clinic[];
let tenant: TestTenant;

beforeAll(async () => {
  clinics = await Promise.all(CASES.map(({ name }) => startClinic(name, { clients: 20, appointments: 60 })));
  gateway = await startGateway(
    clinics.map(({ sandbox }) => sandbox),
    { WRITE_LOOKS_SECONDS: '0.1,0.3,1,2' },
  );
  tenant = await gateway.tenant('Northside Clinics');
});
afterAll(async () => {
  await gateway.stop();
  await Promise.all(clinics.map(({ sandbox }) => sandbox.close()));
});

describe.each(CASES)('a day at $name', ({ name, vendor }) => {
  let desk: Desk;
  /** Asks the vendor without the gateway. */
  let witness: OpenAdapter;

  beforeAll(async () => {
    const clinic = clinics.find(({ sandbox }) => sandbox.vendor === name)!;
    desk = await openDesk(tenant, clinic, vendor);
    witness = openAdapter(vendor, clinic.sandbox);
  });
  afterEach(() => {
    desk.clinic.sandbox.heal();
  });

  const mapping = async (canonicalId: string): Promise<ShownMapping> =>
    (await tenant.call<ListOf<ShownMapping>>('GET', `/v1/remote-ids?canonicalId=${canonicalId}`)).need(200)
      .data[0]!;
  /** The record as the vendor holds it, asked for without the gateway. */
  const held = async <R extends ResourceName>(resource: R, id: string): Promise<Seen<R> | null> => {
    const { remoteId, remoteScope } = await mapping(id);
    const port = witness.ports[resource] as unknown as Port<R>;
    return port.get({ id: remoteId, scope: remoteScope ?? '' });
  };
  /** What the API shows is what the vendor holds, field by field, references and all. */
  const expectHeld = async <R extends 'appointments' | 'clients'>(
    resource: R,
    shown: Shown<R>,
  ): Promise<void> => {
    const seen = (await held(resource, shown.id))!;
    const names = new Map<string, string>();
    const asked: Promise<void>[] = [];
    mapReferences[resource](shown as never, (_to, id: string) => {
      asked.push(
        mapping(id).then((found) => {
          names.set(id, mappedName(found));
        }),
      );
      return id;
    });
    await Promise.all(asked);
    const byName = mapReferences[resource](shown as never, (_to, id: string) => names.get(id)) as object;
    const vendors = mapReferences[resource](
      seen.record as never,
      (to: string, ref: RemoteRef) => remoteName(to, ref) as never,
    );
    const { cancellation, ...rest } = vendors as unknown as Appointment;
    expect(byName).toMatchObject(rest);
    if (cancellation) expect((byName as Appointment).cancellation).toMatchObject({ at: cancellation.at });
    expect(shown.updatedAt).toBe(seen.updatedAt);
  };
  const offers = (op: 'delete' | 'cancel' | 'create', resource: 'appointments' | 'clients'): boolean =>
    vendor.capabilities[resource]!.operations.includes(op);
  const canSet = (status: AppointmentStatus): boolean =>
    vendor.capabilities.appointments!.statuses!.includes(status);
  const newClient = async (): Promise<Client> => {
    const made = await desk.post<Client>('/v1/clients', desk.person());
    expect([made.status, made.headers.get('location')]).toEqual([201, `/v1/clients/${made.need(201).id}`]);
    return made.need(201);
  };

  it('a client is made, changed, and is what the vendor holds', async () => {
    const client = await newClient();
    expect(client).toMatchObject({ firstName: 'Ada', status: 'active', connectionId: desk.connectionId });
    await expectHeld('clients', client);
    const changed = await desk.patch<Client>(`/v1/clients/${client.id}`, { lastName: 'Lovelace' });
    const { updatedAt: _vendors, changedAt: _ours, syncedAt: _last, ...unchanged } = client;
    expect(changed.need(200)).toMatchObject({
      ...unchanged,
      lastName: 'Lovelace',
      fullName: 'Ada Lovelace',
      version: 2,
    });
    await expectHeld('clients', changed.need(200));
    // The list has it at once, by any way of looking for it.
    const found = await tenant.all<Client>(`/v1/clients?email=${encodeURIComponent(client.email!)}`);
    expect(found.map(({ id }) => id)).toEqual([client.id]);
  });

  it('an appointment is booked, moved, and the client arrives', async () => {
    const client = await newClient();
    const booked = await desk.book({ clientId: client.id });
    expect(booked).toMatchObject({ status: 'booked', clientId: client.id, version: 1 });
    await expectHeld('appointments', booked);

    const time = desk.time();
    const moved = (await desk.patch(`/v1/appointments/${booked.id}`, time)).need(200);
    expect(moved).toMatchObject({ id: booked.id, ...time, clientId: client.id, version: 2 });
    await expectHeld('appointments', moved);

    const before = writesAt(desk);
    const arrived = await desk.patch(`/v1/appointments/${booked.id}`, { status: 'arrived' });
    if (canSet('arrived')) {
      expect(arrived.need(200)).toMatchObject({ status: 'arrived', ...time });
      await expectHeld('appointments', arrived.need(200));
    } else {
      expect([arrived.status, arrived.problem.code]).toEqual([422, 'capability_not_supported']);
      expect(writesAt(desk)).toBe(before);
    }
    const missed = await desk.patch(`/v1/appointments/${booked.id}`, { status: 'noshow' });
    if (canSet('noshow')) {
      expect(missed.need(200)).toMatchObject({ status: 'noshow', ...time });
      await expectHeld('appointments', missed.need(200));
    } else expect(missed.status).toBe(422);
  });

  it('another is cancelled with a reason, and stays so through a full sync', async () => {
    const booked = await desk.book();
    const path = `/v1/appointments/${booked.id}`;
    const answer = await desk.post(`${path}/cancel`, { reason: 'sick', note: 'Called in the morning' });
    const cancelled = answer.need(200);
    expect(cancelled).toMatchObject({
      status: 'cancelled',
      start: booked.start,
      cancellation: { reason: 'sick', note: 'Called in the morning' },
    });
    await expectHeld('appointments', cancelled);
    expect((await tenant.sync(desk.connectionId)).status).toBe('succeeded');
    const later = (await tenant.call<Appointment>('GET', path)).need(200);
    expect([later.status, later.cancellation]).toEqual(['cancelled', cancelled.cancellation]);
    // It is over: what is final is refused before the vendor is asked, what is not is the vendor's to decide.
    const before = writesAt(desk);
    const again = await desk.patch(path, { status: 'booked' });
    if (vendor.capabilities.appointments!.finalStatuses?.includes('cancelled')) {
      expect([again.status, again.problem.code]).toEqual([422, 'transition_not_allowed']);
      expect(writesAt(desk)).toBe(before);
    } else expect(again.need(200).status).toBe('booked');
  });

  it('PATCH status: cancelled is the same action, and stands alone', async () => {
    const booked = await desk.book();
    const mixed = await desk.patch(`/v1/appointments/${booked.id}`, { status: 'cancelled', ...desk.time() });
    expect([mixed.status, mixed.problem.errors?.[0]?.pointer]).toEqual([400, '/status']);
    const cancelled = await desk.patch(`/v1/appointments/${booked.id}`, { status: 'cancelled' });
    expect(cancelled.need(200).status).toBe('cancelled');
  });

  it.each(['appointments', 'clients'] as const)('one of the %s is deleted', async (resource) => {
    const made = resource === 'clients' ? await newClient() : await desk.book();
    const path = `/v1/${resource}/${made.id}`;
    const before = writesAt(desk);
    const deleted = await tenant.call('DELETE', path);
    if (!offers('delete', resource)) {
      expect([deleted.status, deleted.problem.code]).toEqual([422, 'capability_not_supported']);
      expect(writesAt(desk)).toBe(before);
      return;
    }
    expect([deleted.status, deleted.text]).toEqual([204, '']);
    const there = await held(resource, made.id);
    expect(there === null || there.deletedAt !== null || (there.record as Client).status === 'archived').toBe(
      true,
    );
    for (let round = 0; round < 2; round += 1) {
      expect((await tenant.call('GET', path)).status).toBe(404);
      expect((await tenant.call('GET', `${path}?includeDeleted=true`)).status).toBe(200);
      const listed = await tenant.all<Appointment>(`/v1/${resource}?connectionId=${desk.connectionId}`);
      expect(listed.map(({ id }) => id)).not.toContain(made.id);
      if (round === 0) await tenant.sync(desk.connectionId);
    }
    expect((await tenant.call('DELETE', path)).status).toBe(404);
  });

  it('a lost answer is found again, for each kind of write', async () => {
    const lose = (): void => {
      desk.clinic.sandbox.fail({
        fault: { kind: 'lost_answer' },
        path: 'appointments(?!_collections)(?!/search)',
        method: 'POST',
      });
    };
    const before = writesAt(desk);
    lose();
    const booked = await desk.book();
    await expectHeld('appointments', booked);
    desk.clinic.sandbox.heal();
    expect(writesAt(desk)).toBe(before + 1);
    for (const method of ['PUT', 'PATCH', 'POST'])
      desk.clinic.sandbox.fail({ fault: { kind: 'error_after', status: 500 }, path: 'appointments', method });
    const time = desk.time();
    const moved = await desk.patch(`/v1/appointments/${booked.id}`, time);
    expect(moved.need(200)).toMatchObject(time);
    expect(writesAt(desk)).toBe(before + 2);
  });

  it('what the caller calls a record is unique, and finds it', async () => {
    const externalId = `visit-${name}`;
    const booked = await desk.book({ externalId });
    expect(booked.externalId).toBe(externalId);
    const before = writesAt(desk);
    const taken = await desk.post('/v1/appointments', desk.visit({ externalId }));
    expect([taken.status, taken.problem.code, taken.problem.errors?.[0]?.pointer]).toEqual([
      409,
      'conflict',
      '/externalId',
    ]);
    const found = await tenant.all<Appointment>(`/v1/appointments?externalId=${externalId}`);
    expect(found.map(({ id }) => id)).toEqual([booked.id]);
    const renamed = await desk.patch(`/v1/appointments/${booked.id}`, { externalId: `${externalId}-2` });
    expect(renamed.need(200)).toMatchObject({ externalId: `${externalId}-2`, version: booked.version + 1 });
    expect(writesAt(desk)).toBe(before);
    await tenant.sync(desk.connectionId);
    expect(
      (await tenant.call<Appointment>('GET', `/v1/appointments/${booked.id}`)).need(200).externalId,
    ).toBe(`${externalId}-2`);
  });

  it('several go out together, each for itself', async () => {
    const [first, second] = [await desk.book(), await desk.book()];
    const time = desk.time();
    const before = writesAt(desk);
    const answer = await desk.post<{
      results: { status: number; data?: Appointment; problem?: { code: string } }[];
    }>(
      '/v1/appointments/batch',
      {
        operations: [
          { op: 'create', data: desk.visit() },
          { op: 'create', data: desk.visit({ start: 'tomorrow' }) },
          { op: 'update', id: first.id, data: time },
          { op: 'cancel', id: second.id, reason: 'away' },
          { op: 'update', id: '019a9c3e-7c1f-7d5a-b0a3-6f3f0f0d9a41', data: time },
          { op: 'create', data: desk.visit() },
        ],
      },
      { 'idempotency-key': `batch at ${name}` },
    );
    const { results } = answer.need(200);
    expect(results.map(({ status }) => status)).toEqual([201, 400, 200, 200, 404, 201]);
    expect(results[2]!.data).toMatchObject({ id: first.id, ...time });
    expect(results[3]!.data).toMatchObject({ id: second.id, status: 'cancelled' });
    for (const { data } of results) if (data) await expectHeld('appointments', data);
    // A vendor that takes many at once was asked fewer times than there were operations.
    const port = witness.ports.appointments as { bulk?: unknown };
    if (port.bulk) expect(writesAt(desk) - before).toBeLessThan(4);
    else expect(writesAt(desk) - before).toBe(4);
  });
});
