import { openAdapter } from '../../../../test/support/adapter';
import { ref, type RemoteRef } from '../../../canonical/ids';
import type { ResourceName } from '../../../canonical/index';
import type { Draft, KnownRecord, Port, WriteCall } from '../../contract';
import type { VendorError } from '../../kit/error';
import { vendor } from '../index';
import { startSandbox } from './index';
import { put, remove, type Appointment, type Patient, type Service, type Table } from './state';

const DAY = 86_400_000;
const OURS = {
  appointments: '01981f2e-7a3c-7d10-9c55-0a4f2b6d8e91',
  clients: '01981f2e-7a3c-7d10-9c55-0a4f2b6d8e92',
  services: '01981f2e-7a3c-7d10-9c55-0a4f2b6d8e93',
} as const;
const CALENDAR = 100;
const WHY = { reason: null, note: null };
const PARSED_AT = '2031-05-06T07:08:09.876Z';

let sandbox: Awaited<ReturnType<typeof startSandbox>>;
let port: Port<'appointments'>;
let marked: [ResourceName, RemoteRef, string][];

beforeEach(async () => {
  sandbox = await startSandbox({ size: { clients: 60, appointments: 90 } });
  marked = [];
  port = openAdapter(vendor, sandbox).ports.appointments as Port<'appointments'>;
});
afterEach(() => sandbox.close());

type Known = { readonly [R in ResourceName]?: Partial<KnownRecord> };
/** A call that knows the records of these resources by these remote ids; the others it knows without one. */
const call = (known: Known = {}, since = new Date().toISOString()): WriteCall => ({
  id: OURS.appointments,
  since,
  notifyClient: false,
  location: null,
  known: (resource) => ({
    id: OURS[resource as keyof typeof OURS],
    mark: null,
    seenAt: new Date(Date.now() - 60_000).toISOString(),
    ...known[resource],
  }),
  marked: (...told) => void marked.push(told),
});
const calledBy = (mark: string | null): WriteCall => call({ appointments: { mark } });

const agenda = (calendar = CALENDAR): Table<Appointment> => sandbox.state.appointments.get(calendar)!;
const patients = (center = 1): Table<Patient> => sandbox.state.patients.get(center)!;
const services = (): Table<Service> => sandbox.state.services.get(CALENDAR)!;
const patient = (isMarked: boolean): Patient =>
  patients().rows.find((row) => (row.remoteId !== null) === isMarked && row.odd === undefined)!;
const service = (isMarked: boolean): Service =>
  services().rows.find((row) => (row.remoteId !== null) === isMarked)!;
/** A plain booking with a client and a service, with a remote id or without. */
const booking = (isMarked = true, change: Partial<Appointment> = {}): Appointment => {
  const row = agenda().rows.find(
    (one) => (one.remoteId !== null) === isMarked && one.patientId !== null && one.odd === undefined,
  )!;
  const { id: serviceId } = service(true);
  return put(agenda(), { ...row, serviceId, status: 'booked', noshow: false, arrivedAt: null, ...change });
};
const now = ({ id }: Appointment): Appointment => agenda().byId.get(id)!;
const refOf = ({ id }: { readonly id: number }, scope = CALENDAR): RemoteRef =>
  ref(String(id), String(scope));
const clientRef = ({ id }: Patient, center = 1): RemoteRef => ref(String(id), String(center));
const start = new Date(Math.ceil(Date.now() / DAY) * DAY + 9 * 3_600_000).toISOString();
const end = new Date(Date.parse(start) + 20 * 60_000).toISOString();
const draft: Draft<'appointments'> = { practitionerId: ref(String(CALENDAR)), start, end };
const failure = (asked: Promise<unknown>): Promise<unknown> =>
  asked.then(
    () => Promise.reject(new Error('did not fail')),
    (error: unknown) => error,
  );
const bodies = (): unknown[] =>
  sandbox.ledger.map(({ body }) => (body as { appointment: unknown } | null)?.appointment);
const paths = (): string[] =>
  sandbox.requests.map((request) => request.split('?')[0]!.replace(/^(\w+) \/api\/v2\//, '$1 '));

describe('a new appointment', () => {
  it('is made once, linked by the remote ids of client and service', async () => {
    const [who, what] = [patient(true), service(true)];
    const known = call({ clients: { mark: who.remoteId }, services: { mark: what.remoteId } });
    const wanted = {
      ...draft,
      clientId: clientRef(who),
      serviceId: refOf(what),
      title: 'Intake',
      notes: 'Bring the scan',
      color: '#7ed321',
    };
    const seen = await port.create(wanted, known);
    expect(seen).toMatchObject({
      mark: OURS.appointments,
      record: { ...wanted, status: 'booked', locationId: ref('1') },
    });
    expect(await port.get(seen.ref)).toEqual(seen);
    expect(sandbox.ledger).toHaveLength(1);
    expect(marked).toEqual([]);
  });

  it('gives client and service our ids first, where they have none, and changes nothing else of them', async () => {
    const [who, what] = [patient(false), service(false)];
    const seen = await port.create({ ...draft, clientId: clientRef(who), serviceId: refOf(what) }, call());
    expect(seen.record).toMatchObject({ clientId: clientRef(who), serviceId: refOf(what) });
    expect(services().byId.get(what.id)).toEqual({ ...what, remoteId: OURS.services });
    expect(patients().byId.get(who.id)).toMatchObject({ lastName: who.lastName, remoteId: OURS.clients });
    expect(marked).toEqual([
      ['services', refOf(what), OURS.services],
      ['clients', clientRef(who), OURS.clients],
    ]);
    expect(bodies().at(-1)).toMatchObject({
      patient_remote_id: OURS.clients,
      service_remote_id: OURS.services,
    });
  });

  it('uses the remote ids that others gave client and service since they were seen', async () => {
    const [who, what] = [patient(false), service(false)];
    put(patients(), { ...who, remoteId: 'theirs-1', updatedAt: Math.floor(Date.now() / 1000) - 20 });
    put(services(), { ...what, remoteId: 'theirs-2' });
    await port.create({ ...draft, clientId: clientRef(who), serviceId: refOf(what) }, call());
    expect(sandbox.ledger).toHaveLength(1);
    expect(marked.map(([, , mark]) => mark)).toEqual(['theirs-2', 'theirs-1']);
  });

  it('without a client is a block of time', async () => {
    const seen = await port.create({ ...draft, title: 'Lunch', clientId: null }, call());
    expect(seen.record).toMatchObject({ title: 'Lunch', clientId: null, attendees: [] });
  });

  it('asks little where client and service are known by our ids', async () => {
    const [who, what] = [patient(true), service(true)];
    put(patients(), { ...who, remoteId: OURS.clients });
    put(services(), { ...what, remoteId: OURS.services });
    const known = call({ clients: { mark: OURS.clients }, services: { mark: OURS.services } });
    await port.create({ ...draft, clientId: clientRef(who), serviceId: refOf(what) }, known);
    expect(paths()).toEqual([
      'GET calendars',
      'GET calendars/100/services',
      'POST calendars/100/appointments',
    ]);
  });

  it.each([
    ['clientId', { clientId: ref('10002', '2') }],
    ['serviceId', { serviceId: ref('1004', '101') }],
    ['serviceId', { serviceId: ref('99999', '100') }],
    ['practitionerId', { practitionerId: ref('999') }],
    ['clientId', { clientId: ref('99999', '1') }],
  ])('is not made where %s cannot be linked', async (field, wrong) => {
    const error = await failure(port.create({ ...draft, ...wrong }, call()));
    expect(error).toMatchObject({ name: 'Refusal', code: 'validation_failed', field });
    expect(sandbox.ledger).toEqual([]);
  });

  it.each([
    ['start', { start: '2031-01-01T09:00:00.250Z' }],
    ['color', { color: 'red' }],
    ['status', { status: 'fulfilled' as const }],
  ])('is refused for its %s before anything is asked', async (field, wrong) => {
    expect(await failure(port.create({ ...draft, ...wrong }, call()))).toMatchObject({
      name: 'Refusal',
      field,
    });
    expect(sandbox.requests).toEqual([]);
  });

  it('tells which fields the vendor refuses', async () => {
    const gone = call({ clients: { mark: OURS.clients } }); // and nobody there has it
    const asked = port.create({ ...draft, clientId: clientRef(patient(true)) }, gone);
    const { at, kind } = (await failure(asked)) as VendorError;
    expect([kind, at.outcome]).toEqual(['rejected', 'not_done']);
    expect(at.fields).toEqual([{ field: 'clientId', message: 'does not exist' }]);
  });

  it('is found after a lost answer, and there is one of it', async () => {
    sandbox.fail({ fault: { kind: 'lost_answer' }, method: 'POST' });
    expect(await failure(port.create(draft, call()))).toMatchObject({ at: { outcome: 'unknown' } });
    expect(await port.find(draft, call())).toMatchObject([
      { mark: OURS.appointments, record: { start, end } },
    ]);
    expect(await port.find(draft, { ...call(), id: 'another' })).toEqual([]);
    expect(sandbox.ledger).toHaveLength(1);
  });

  it('that an earlier try made is given back, whatever the refusal of its remote id is', async () => {
    const first = await port.create(draft, call());
    expect(await port.create(draft, call())).toEqual(first);
    sandbox.state.takenStatus = 500;
    expect(await failure(port.create(draft, call()))).toMatchObject({ at: { outcome: 'unknown' } });
    expect(await port.find(draft, call())).toEqual([first]);
    expect(sandbox.ledger).toHaveLength(1);
  });
});

describe('a status', () => {
  it.each(['booked', 'arrived', 'noshow', 'cancelled'] as const)('%s can be made', async (status) => {
    const seen = await port.create({ ...draft, status }, call({}, PARSED_AT));
    const arrivedAt = status === 'arrived' ? '2031-05-06T07:08:09.000Z' : null;
    expect(seen.record).toMatchObject({ status, arrivedAt });
  });

  const stands = {
    booked: {},
    arrived: { arrivedAt: 1_700_000_000 },
    noshow: { noshow: true },
  };
  const others = (['booked', 'arrived', 'noshow'] as const).flatMap((from) =>
    (['booked', 'arrived', 'noshow'] as const).map((to) => ({ from, to })),
  );
  it.each(others)('$to can follow $from', async ({ from, to }) => {
    const held = booking(true, stands[from]);
    const known = call({ appointments: { mark: held.remoteId } }, PARSED_AT);
    const seen = await port.update(refOf(held), { status: to }, known);
    expect(seen.record.status).toBe(to);
    // A time of arrival stays as it was noted, and goes when there was none.
    const [first, later] = ['2023-11-14T22:13:20.000Z', '2031-05-06T07:08:09.000Z'];
    expect(seen.record.arrivedAt).toBe(to === 'arrived' ? (from === 'arrived' ? first : later) : null);
    expect(now(held).noshow).toBe(to === 'noshow');
  });

  it.each(['booked', 'arrived', 'noshow'] as const)('%s cannot follow cancelled', async (status) => {
    const held = booking(true, { status: 'cancelled' });
    const error = await failure(port.update(refOf(held), { status }, calledBy(held.remoteId)));
    expect(error).toMatchObject({ name: 'Refusal', code: 'transition_not_allowed', field: 'status' });
    expect(sandbox.ledger).toEqual([]);
  });

  it.each([{}, { arrivedAt: 1_700_000_000 }, { noshow: true }, { status: 'cancelled' }])(
    'cancelled can follow %j',
    async (stand) => {
      const held = booking(true, stand);
      const seen = await port.cancel(refOf(held), WHY, calledBy(held.remoteId));
      expect(seen.record).toMatchObject({ status: 'cancelled', cancellation: { at: null } });
      expect(bodies()).toEqual([{ status: 'cancelled' }]);
    },
  );
});

describe('a change', () => {
  it('sends what was named, and loses nothing', async () => {
    const held = booking(true, { notes: 'Fasting', title: 'Check', color: '#101010' });
    const seen = await port.update(refOf(held), { start, end }, calledBy(held.remoteId));
    expect(seen.record).toMatchObject({ start, end, notes: 'Fasting', title: 'Check', color: '#101010' });
    const at = Date.parse(start) / 1000;
    expect(bodies()).toEqual([{ start: String(at), stop: String(at + 1200) }]);
    const { updatedAt: _then, ...before } = held;
    expect(now(held)).toMatchObject({ ...before, start: at, stop: at + 1200 });
  });

  it('replaces client and service', async () => {
    const held = booking();
    const [who, what] = [patient(false), service(false)];
    const known = call({ appointments: { mark: held.remoteId } });
    const patch = { clientId: clientRef(who), serviceId: refOf(what) };
    expect((await port.update(refOf(held), patch, known)).record).toMatchObject(patch);
  });

  it.each(['clientId', 'serviceId'])('does not take a %s out: nothing documented does', async (field) => {
    const held = booking();
    const error = await failure(port.update(refOf(held), { [field]: null }, calledBy(held.remoteId)));
    expect(error).toMatchObject({ name: 'Refusal', code: 'capability_not_supported', field });
    expect(sandbox.requests).toEqual([]);
  });

  it('is one request where the appointment is known by our id', async () => {
    const held = booking(true, { remoteId: OURS.appointments, serviceId: null });
    await port.update(refOf(held), { notes: 'Fasting' }, calledBy(OURS.appointments));
    expect(paths()).toEqual([
      'GET calendars',
      `PUT calendars/100/appointments/remote_id:${OURS.appointments}`,
    ]);
  });

  it.each(['serviceId', 'clientId'])('to a %s that cannot be linked touches nothing', async (field) => {
    const change = { notes: 'Call first', [field]: ref('1', 'elsewhere') };
    const refused = await failure(port.update(refOf(booking(false)), change, call()));
    expect(refused).toMatchObject({ name: 'Refusal', field });
    expect(sandbox.ledger).toEqual([]);
  });

  it('gives our id to an appointment that was made inside Progenda', async () => {
    const held = booking(false);
    const seen = await port.update(refOf(held), { notes: 'Fasting' }, call());
    expect(seen).toMatchObject({ mark: OURS.appointments, record: { notes: 'Fasting' } });
    expect(marked).toEqual([['appointments', refOf(held), OURS.appointments]]);
    expect(bodies()).toEqual([{ remote_id: OURS.appointments }, { notes: 'Fasting' }]);
  });

  it.each(['ids', 'nothing'] as const)('is read back where the answer shows %s', async (shown) => {
    sandbox.state.writesShow = shown;
    const held = booking();
    const seen = await port.update(refOf(held), { status: 'noshow', start, end }, calledBy(held.remoteId));
    expect(seen.record).toMatchObject({
      status: 'noshow',
      start,
      clientId: ref(String(held.patientId), '1'),
    });
  });

  it('tells which fields the vendor refuses', async () => {
    const held = booking();
    const late = new Date((held.stop + 60) * 1000).toISOString();
    const { at } = (await failure(
      port.update(refOf(held), { start: late }, calledBy(held.remoteId)),
    )) as VendorError;
    expect(at.fields).toEqual([{ field: 'end', message: 'must be after start' }]);
  });

  it('of one that is gone says so, and makes no new one', async () => {
    const held = booking();
    remove(agenda(), held);
    for (const mark of [held.remoteId, OURS.appointments, null])
      expect(await failure(port.update(refOf(held), { start, end }, calledBy(mark)))).toMatchObject({
        kind: 'not_found',
        at: { outcome: 'not_done' },
      });
    expect(sandbox.ledger).toEqual([]);
  });

  it.each([
    [{ noshow: true }, { status: 'booked' as const }],
    [{}, { notes: 'Fasting' }],
    [{ notes: 'Fasting' }, { notes: null }],
  ])('of %j to %j is not believed in where a yes is a lie', async (stand, patch) => {
    const held = booking(true, stand);
    sandbox.fail({ fault: { kind: 'status', status: 200, body: { success: false } }, method: 'PUT' });
    expect(await failure(port.update(refOf(held), patch, calledBy(held.remoteId)))).toMatchObject({
      kind: 'invalid_response',
      at: { outcome: 'unknown' },
    });
  });

  it('whose answer cannot be read is unknown', async () => {
    const held = booking();
    sandbox.fail({ fault: { kind: 'lost_answer' }, method: 'PUT' });
    const asked = port.update(refOf(held), { notes: 'Fasting' }, calledBy(held.remoteId));
    expect(await failure(asked)).toMatchObject({ at: { outcome: 'unknown' } });
    expect((await port.get(refOf(held)))?.record.notes).toBe('Fasting');
  });
});

describe('a deletion', () => {
  it.each([true, false])('takes the appointment out of the list (has a remote id: %s)', async (isMarked) => {
    const held = booking(isMarked);
    expect(await port.delete(refOf(held), calledBy(held.remoteId))).toBeNull();
    expect(await port.get(refOf(held))).toBeNull();
  });

  it('is not believed in while the appointment still stands', async () => {
    const held = booking();
    sandbox.fail({ fault: { kind: 'status', status: 200, body: { success: false } }, method: 'DELETE' });
    expect(await failure(port.delete(refOf(held), calledBy(held.remoteId)))).toMatchObject({
      kind: 'invalid_response',
      at: { outcome: 'unknown' },
    });
  });
});
