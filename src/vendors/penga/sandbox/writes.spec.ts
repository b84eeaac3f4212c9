import { openAdapter, type OpenAdapter } from '../../../../test/support/adapter';
import type { Appointment as Booked } from '../../../canonical/appointment';
import { ref, type RemoteRef } from '../../../canonical/ids';
import type { CancelReason, Draft, Port, WriteCall } from '../../contract';
import type { VendorError } from '../../kit/error';
import type { Refusal } from '../../kit/refusal';
import { vendor } from '../index';
import { startSandbox } from './index';
import { schedule } from './schedule';
import { add, change, remove, seconds, standing, type Appointment, type Entry } from './state';

const NO_REASON: CancelReason = { reason: null, note: null };
const START = '2030-01-07T09:00:00.000Z';
const END = '2030-01-07T09:30:00.000Z';

let sandbox: Awaited<ReturnType<typeof startSandbox>>;
let adapter: OpenAdapter;
let port: Port<'appointments'>;

const open = (settings: object = {}): void => {
  adapter = openAdapter(vendor, sandbox, { settings });
  port = adapter.ports.appointments as Port<'appointments'>;
};
beforeEach(async () => {
  sandbox = await startSandbox({ size: { clients: 20, appointments: 60 } });
  open();
});
afterEach(() => sandbox.close());

const call = (more: Partial<WriteCall> = {}): WriteCall => ({
  id: '019a9c3e-7c1f-7d5a-b0a3-6f3f0f0d9a51',
  since: new Date().toISOString(),
  notifyClient: false,
  location: null,
  known: () => null,
  marked: () => undefined,
  ...more,
});
const draft: Draft<'appointments'> = {
  start: START,
  end: END,
  practitionerId: ref('U-00000007'),
  clientId: ref('C-00000002'),
  serviceId: ref('AT-00000003'),
};
/** What was asked of the vendor but to read and to log in. */
const sent = (): string[] => sandbox.requests.filter((one) => !/^GET |\/auth\/login/.test(one));
const failure = async <E = VendorError>(asked: Promise<unknown>): Promise<E> =>
  asked.then(
    () => Promise.reject(new Error('did not fail')),
    (error: unknown) => error as E,
  );
const first = (): Appointment => sandbox.state.schedule.find(({ status }) => status === 'AS-00000001')!;
const refOf = ({ external_id }: { external_id: string }): RemoteRef => ref(external_id);
const held = async (id: RemoteRef): Promise<Booked<RemoteRef>> => (await port.get(id))!.record;
const addStatus = (name: string): Entry =>
  add(sandbox.state.statuses, { name, description: null, color: null }, seconds(sandbox.state));

describe('booking', () => {
  it('sends one request, as documented, and shows what the vendor then holds', async () => {
    const made = await port.create({ ...draft, description: 'Annual checkup' }, call());
    expect(sandbox.ledger).toEqual([
      {
        method: 'POST',
        path: '/appointments',
        body: {
          start_time: '1894006800',
          end_time: '1894008600',
          user_id: 'U-00000007',
          client_id: 'C-00000002',
          appointmenttype_id: 'AT-00000003',
          appointmentstatus_id: 'AS-00000001',
          description: 'Annual checkup',
          send_alerts: false,
        },
      },
    ]);
    expect(made).toEqual(await port.get(made.ref));
    expect(made.record).toMatchObject({ ...draft, status: 'booked', description: 'Annual checkup' });
  });

  it('adds a note, and tells the client where asked to', async () => {
    const { state } = sandbox;
    const said = state.messages.rows.length;
    await port.create({ ...draft, notes: 'Nervous', description: null }, call());
    expect(state.notes.rows.at(-1)).toMatchObject({ note: 'Nervous', appointment: 'APT-00000061' });
    expect(state.messages.rows).toHaveLength(said);
    await port.create(draft, call({ notifyClient: true }));
    expect(state.messages.rows.at(-1)).toMatchObject({ appointment: 'APT-00000062', client: 'C-00000002' });
  });

  it.each(['proposed', 'pending', 'booked', 'arrived', 'fulfilled', 'cancelled', 'noshow'] as const)(
    'can be %s',
    async (status) => {
      const { ref: id } = await port.create({ ...draft, status }, call());
      expect((await held(id)).status).toBe(status);
    },
  );

  it('takes the lowest of the statuses that say the word, by the map before the name', async () => {
    addStatus('Confirmed');
    const made = await port.create(draft, call());
    expect(made.record.remoteStatus).toBe('Pending');
    open({ statusMap: { 'AS-00000001': 'proposed' } });
    expect((await port.create(draft, call())).record.remoteStatus).toBe('Confirmed');
  });

  it('does not take a status of unknown meaning for a booked one, and says what there is', async () => {
    for (const row of standing(sandbox.state, sandbox.state.statuses))
      if (row.name === 'Pending') remove(sandbox.state, row);
    const error = await failure<Refusal>(port.create(draft, call()));
    expect(error).toMatchObject({ name: 'Refusal', code: 'capability_not_supported', field: 'status' });
    expect(error.message).toContain('(there are some for: arrived, cancelled, fulfilled, noshow, pending');
    expect(sent()).toEqual([]);
  });

  it('finds a status on the second page of the list', async () => {
    for (let i = 0; i < 8; i += 1) addStatus(`Room ${String(i)}`);
    const { external_id } = addStatus('Arrived late');
    open({ statusMap: { 'AS-00000004': 'booked', [external_id]: 'arrived' } });
    expect((await port.create({ ...draft, status: 'arrived' }, call())).record.remoteStatus).toBe(
      'Arrived late',
    );
  });
});

describe('changing', () => {
  const changes: [keyof Draft<'appointments'>, unknown][] = [
    ['end', '2031-01-01T00:00:00.000Z'],
    ['practitionerId', ref('U-00000008')],
    ['clientId', ref('C-00000003')],
    ['serviceId', ref('AT-00000005')],
    ['status', 'arrived'],
    ['description', 'Other'],
  ];

  describe.each(['stays', 'is cleared'] as const)('where what a PUT leaves out %s', (leftOut) => {
    it.each(changes)('changes %s and nothing else', async (field, value) => {
      sandbox.state.leftOut = leftOut;
      const row = first();
      change(sandbox.state, row, { description: 'Toothache' });
      const before = await held(refOf(row));
      const { record } = await port.update(refOf(row), { [field]: value }, call());
      const derived = {
        status: { remoteStatus: 'Arrived', attendees: [expect.anything()] },
        practitionerId: { practitionerIds: [value], locationId: expect.anything() },
        clientId: { attendees: [{ ...before.attendees[0], clientId: value }] },
        serviceId: { color: '#807dba' },
      }[field as string];
      expect(record).toEqual({ ...before, [field]: value, ...derived });
      expect(await held(refOf(row))).toEqual(record);
      expect(sent()).toEqual([`PUT /appointments/${row.external_id}`]);
    });
  });

  it('adds a note only where one is named', async () => {
    const { notes } = sandbox.state;
    const before = notes.rows.length;
    await port.update(refOf(first()), { description: 'Other' }, call());
    expect(notes.rows).toHaveLength(before);
    await port.update(refOf(first()), { notes: 'Nervous' }, call());
    expect(notes.rows.at(-1)).toMatchObject({ note: 'Nervous', appointment: first().external_id });
  });

  it('leaves a status that says the word already', async () => {
    const row = first();
    change(sandbox.state, row, { status: addStatus('Confirmed').external_id });
    const { record } = await port.update(refOf(row), { status: 'booked', description: 'Other' }, call());
    expect(record).toMatchObject({ remoteStatus: 'Confirmed', description: 'Other' });
  });

  it('clears a description, and does not believe a vendor that kept it', async () => {
    const row = first();
    change(sandbox.state, row, { description: 'Toothache' });
    expect((await port.update(refOf(row), { description: null }, call())).record.description).toBeNull();
    sandbox.state.odd.set(row.external_id, { description: 'Toothache' });
    const error = await failure(port.update(refOf(row), { description: null }, call()));
    expect(error).toMatchObject({ kind: 'rejected', at: { fields: [{ field: 'description' }] } });
  });

  it.each([
    ['start', { start: '2099-01-01T00:00:00.000Z' }],
    ['end', { end: '1999-01-01T00:00:00.000Z' }],
  ])('refuses a %s that leaves no time, by what the vendor holds now', async (field, patch) => {
    const error = await failure(port.update(refOf(first()), patch, call()));
    expect(error).toMatchObject({ name: 'Refusal', code: 'validation_failed', field });
    expect(sent()).toEqual([]);
  });

  it('of a record that lacks what each change wants has to name it', async () => {
    const row = first();
    sandbox.state.odd.set(row.external_id, { client: null });
    const error = await failure(port.update(refOf(row), { description: 'Other' }, call()));
    expect(error).toMatchObject({ code: 'validation_failed', field: 'clientId' });
    expect(sent()).toEqual([]);
    await port.update(refOf(row), { clientId: ref('C-00000003') }, call());
    expect(row.client).toBe('C-00000003');
  });

  it.each([
    ['notes', { notes: null }],
    ['notes', { notes: 'x'.repeat(256) }],
    ['description', { description: 'x'.repeat(256) }],
    ['start', { start: '2030-01-07T09:00:00.001Z' }],
    ['clientId', { clientId: null }],
  ])('refuses a wrong %s before anything is asked', async (field, patch) => {
    for (const asked of [
      port.update(refOf(first()), patch, call()),
      ...(Object.values(patch)[0] === null ? [] : [port.create({ ...draft, ...patch }, call())]),
    ])
      expect(await failure(asked)).toMatchObject({ name: 'Refusal', field });
    expect(sandbox.requests).toEqual([]);
  });
});

describe('cancelling', () => {
  it('sets the status that says so, and keeps everything else', async () => {
    const row = first();
    const before = await held(refOf(row));
    const why: CancelReason = { reason: 'sick', note: 'Called' };
    const { record } = await port.cancel(refOf(row), why, call());
    expect(record).toMatchObject({ status: 'cancelled', remoteStatus: 'Cancelled', start: before.start });
    expect(record.description).toBe(before.description);
    expect(record.cancellation).toEqual({ at: null, reason: null, remoteReason: null, note: null });
    expect(sent()).toEqual([`PUT /appointments/${row.external_id}`]);
  });

  it('sends nothing for one that is cancelled', async () => {
    const row = sandbox.state.schedule.find(({ status }) => status === 'AS-00000002')!;
    expect((await port.cancel(refOf(row), NO_REASON, call())).record.status).toBe('cancelled');
    expect(sent()).toEqual([]);
  });

  it('is refused where no status of the practice says so any more', async () => {
    change(sandbox.state, sandbox.state.statuses.rows[1]!, { name: 'Missed Appointment' });
    const error = await failure(port.cancel(refOf(first()), NO_REASON, call()));
    expect(error).toMatchObject({ code: 'capability_not_supported', field: 'status' });
    expect(sent()).toEqual([]);
  });
});

describe('deleting', () => {
  it('leaves nothing, and is gone the second time', async () => {
    const id = refOf(first());
    expect(await port.delete(id, call())).toBeNull();
    expect(await port.get(id)).toBeNull();
    expect(await failure(port.delete(id, call()))).toMatchObject({ kind: 'not_found' });
  });

  it('shows what the vendor still shows', async () => {
    const row = first();
    const { raw } = (await port.get(refOf(row)))!;
    const body = { ...(raw as object), deleted_at: 1_893_456_000 };
    sandbox.fail({ fault: { kind: 'status', status: 200, body }, method: 'GET' });
    expect(await port.delete(refOf(row), call())).toMatchObject({ deletedAt: '2030-01-01T00:00:00.000Z' });
  });
});

describe('a vendor that refuses', () => {
  it.each([
    ['user_id', { practitionerId: ref('U-99999999') }, 'practitionerId'],
    ['client_id', { clientId: ref('C-99999999') }, 'clientId'],
    ['appointmenttype_id', { serviceId: ref('AT-99999999') }, 'serviceId'],
  ])('by naming %s names our field', async (name, wrong, field) => {
    const { kind, at } = await failure(port.create({ ...draft, ...wrong }, call()));
    expect(kind).toBe('rejected');
    expect(at).toMatchObject({ status: 422, outcome: 'not_done' });
    expect(at.fields).toEqual([{ field, message: `The ${name.replaceAll('_', ' ')} is invalid.` }]);
  });

  it.each([
    [409, { message: 'Slot taken' }, 'conflict'],
    [200, { success: false }, 'rejected'],
  ])('with %i %j is believed', async (status, body, kind) => {
    const row = first();
    for (const [method, deed] of [
      ['POST', () => port.create(draft, call())],
      ['PUT', () => port.update(refOf(row), { description: 'Other' }, call())],
      ['DELETE', () => port.delete(refOf(row), call())],
    ] as const) {
      sandbox.fail({ fault: { kind: 'status', status, body }, method, path: '^/appointments' });
      expect(await failure(deed())).toMatchObject({ kind, at: { outcome: 'not_done' } });
    }
    expect(sandbox.ledger).toEqual([]);
    expect(standing(sandbox.state, sandbox.state.appointments)).toHaveLength(60);
  });
});

describe('an answer that is lost', () => {
  const POST = { method: 'POST', path: '^/appointments$' };
  const lose = async (more: Draft<'appointments'> = {}): Promise<void> => {
    sandbox.fail({ ...POST, fault: { kind: 'lost_answer' } });
    const error = await failure(port.create({ ...draft, ...more }, call()));
    expect(error.at.outcome).toBe('unknown');
    expect(sent()).toEqual(['POST /appointments']);
  };
  const found = async (more: Draft<'appointments'> = {}): Promise<string[]> =>
    (await port.find({ ...draft, ...more }, call())).map(({ ref: { id } }) => id);
  const twin = (more: Partial<Appointment> = {}, created = seconds(sandbox.state)): void => {
    const own = sandbox.state.appointments.byId.get('APT-00000061')!;
    const { external_id, created_at, updated_at, deleted_at, ...rest } = { ...own, ...more };
    schedule(sandbox.state, add(sandbox.state.appointments, rest, created));
  };

  it.each(['starts', 'contained', 'overlaps'] as const)(
    'is found, with one request, where a period means %s',
    async (rule) => {
      sandbox.state.periodRule = rule;
      await lose({ description: ' Checkup ', notes: 'Nervous' });
      const before = sandbox.requests.length;
      const [seen, ...others] = await port.find(
        { ...draft, description: ' Checkup ', notes: 'Nervous' },
        call(),
      );
      expect(others).toEqual([]);
      expect(sandbox.requests).toHaveLength(before + 1);
      expect(seen).toMatchObject({ ref: ref('APT-00000061'), record: await held(ref('APT-00000061')) });
    },
  );

  it('is not found where the request never came', async () => {
    sandbox.fail({ ...POST, fault: { kind: 'reset' } });
    expect((await failure(port.create(draft, call()))).at.outcome).toBe('unknown');
    expect(await found()).toEqual([]);
  });

  it('gives every record that fits, and those alone', async () => {
    await lose();
    const since = seconds(sandbox.state);
    twin({}, since - 60);
    expect(await found()).toEqual(['APT-00000061', 'APT-00000062']);
    twin({}, since - 300);
    twin({ status: 'AS-00000006' });
    twin({ description: 'Other' });
    twin({ client: 'C-00000003' });
    twin({ type: 'AT-00000001' });
    twin({ end_time: 1_894_008_660 });
    twin({ start_time: 1_894_006_860 });
    expect(await found()).toEqual(['APT-00000061', 'APT-00000062']);
    expect(await found({ status: 'arrived' })).toEqual([]);
    expect(await port.find({ ...draft, practitionerId: null }, call())).toEqual([]);
  });

  it('is found where the practitioner is gone meanwhile', async () => {
    const practitionerId = ref('U-00000008');
    await lose({ practitionerId });
    remove(sandbox.state, sandbox.state.users.byId.get(practitionerId.id)!);
    expect(await found({ practitionerId })).toEqual(['APT-00000061']);
  });

  it('of a change is read from the record', async () => {
    sandbox.fail({ method: 'PUT', fault: { kind: 'lost_answer' } });
    const error = await failure(port.update(refOf(first()), { description: 'Other' }, call()));
    expect(error.at.outcome).toBe('unknown');
    expect((await held(refOf(first()))).description).toBe('Other');
    expect(sent()).toHaveLength(1);
  });
});

describe('an answer that tells little', () => {
  const answer = (body: unknown): void => {
    const fault = { kind: 'status', status: 200, body } as const;
    sandbox.fail({ method: 'PUT', fault });
  };

  it('is made up for by the record', async () => {
    const row = first();
    answer({ external_id: row.external_id });
    const { record } = await port.update(refOf(row), { description: 'Other' }, call());
    expect(record).toEqual(await held(refOf(row)));
  });

  it.each([[null], [[]], [{ id: 3 }], [{ external_id: '' }]])('or nothing (%j) is unknown', async (body) => {
    answer(body);
    const error = await failure(port.update(refOf(first()), { description: null }, call()));
    expect(error).toMatchObject({ kind: 'invalid_response', at: { outcome: 'unknown' } });
  });

  it('and a record that cannot be read then leave the outcome unknown', async () => {
    const row = first();
    answer({ external_id: row.external_id });
    sandbox.fail({ method: 'GET', skip: 1, fault: { kind: 'status', status: 403 } });
    const error = await failure(port.update(refOf(row), { description: null }, call()));
    expect(error).toMatchObject({ kind: 'forbidden', at: { outcome: 'unknown' } });
  });
});
