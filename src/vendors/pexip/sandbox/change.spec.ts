import { openAdapter, type OpenAdapter } from '../../../../test/support/adapter';
import { ref } from '../../../canonical/ids';
import type { Draft, Port, Seen } from '../../contract';
import type { Sandbox } from '../../kit/sandbox';
import { vendor } from '../index';
import {
  attendees,
  CALL,
  customers,
  draftIn,
  failure,
  given,
  isWrite,
  meddled,
  NOW,
  office,
  practitioner,
  primary,
  refusal,
  writesIn,
} from './cast';
import { startSandbox } from './index';
import type { Appointment, State } from './state';

let sandbox: Sandbox & { readonly state: State };
let adapter: OpenAdapter;
beforeEach(async () => {
  sandbox = await startSandbox({ now: () => NOW, size: { clients: 60, appointments: 620 } });
  adapter = openAdapter(vendor, sandbox, { settings: { undocumentedActions: true } });
});
afterEach(() => sandbox.close());

const appointments = (from: Pick<OpenAdapter, 'ports'> = adapter): Port<'appointments'> =>
  from.ports.appointments as Port<'appointments'>;
const writes = (): string[] => writesIn(sandbox);
const bodies = (): unknown[] => sandbox.ledger.map(({ body }) => body);
const draft = (changed?: Draft<'appointments'>): Draft<'appointments'> => draftIn(sandbox.state, changed);

describe('a change of an appointment', () => {
  const change = (row: Appointment, patch: Draft<'appointments'>, from?: Pick<OpenAdapter, 'ports'>) =>
    appointments(from).update(ref(row.id), patch, CALL);
  const MOVED = { start: '2027-05-09T09:00:00.000Z', end: '2027-05-09T10:00:00.000Z' };
  const colleague = (row: Appointment): string => practitioner(sandbox.state, primary(row, 'EMPLOYEE'));

  it('touches what it names and nothing else', async () => {
    const row = given(sandbox.state, { messageForCustomer: 'Nuchter', hybrid: true });
    await change(row, { notes: 'Rolstoel' });
    expect(sandbox.state.appointments.get(row.id)).toEqual({
      ...row,
      internalNotes: 'Rolstoel',
      updatedAt: NOW.toISOString(),
      updatedBy: null,
    });
    expect(bodies()).toEqual([{ internalNotes: 'Rolstoel' }]);
    expect((await change(row, { notes: null })).record.notes).toBeNull();
  });

  it('sends nothing where all of it holds already', async () => {
    const row = given(sandbox.state, { internalNotes: 'Tolk' });
    const { start, end } = row;
    expect(
      await change(row, {
        start,
        end,
        notes: 'Tolk ',
        status: 'booked',
        modality: 'in_person',
        attendees: attendees([primary(row, 'CUSTOMER')]),
      }),
    ).toMatchObject({ ref: ref(row.id) });
    expect(writes()).toEqual([]);
  });

  it('moves it with both ends, and with the words for the client', async () => {
    const row = given(sandbox.state);
    const end = new Date(Date.parse(row.end!) + 900_000).toISOString();
    expect((await change(row, { end, clientMessage: 'Iets langer' })).record).toMatchObject({
      start: row.start,
      end,
      clientMessage: 'Iets langer',
    });
    expect(bodies()).toEqual([{ start: row.start, end, messageForCustomer: 'Iets langer' }]);
    expect(await refusal(change(row, { end: row.start }))).toEqual(['validation_failed', 'end']);
    expect(await refusal(change(row, { clientMessage: 'Nog iets' }))).toEqual([
      'capability_not_supported',
      'clientMessage',
    ]);
    expect(
      await refusal(
        change(given(sandbox.state, { start: null, end: null, status: 'INCOMING_REQUEST' }), {
          start: MOVED.start,
        }),
      ),
    ).toEqual(['validation_failed', 'end']);
  });

  it('gives it to another practitioner or location, the other one stays', async () => {
    const row = given(sandbox.state);
    const other = office(sandbox.state, row.office.id);
    await change(row, { practitionerId: ref(colleague(row)), clientMessage: 'Een collega' });
    expect((await change(row, { locationId: ref(other) })).record).toMatchObject({
      practitionerId: ref(colleague(row)),
      locationId: ref(other),
    });
    expect(bodies()).toEqual([
      { officeId: row.office.id, primaryEmployeeId: colleague(row), messageForCustomer: 'Een collega' },
      { officeId: other, primaryEmployeeId: colleague(row) },
    ]);
  });

  it('does all at once, the right practitioner first and the notes last', async () => {
    const row = given(sandbox.state, { status: 'INCOMING_REQUEST' });
    const [extra] = customers(sandbox.state, (one) => one.id !== primary(row, 'CUSTOMER'));
    const patch = {
      ...MOVED,
      practitionerId: ref(colleague(row)),
      modality: 'phone',
      status: 'booked',
      notes: 'Alles',
      clientMessage: 'Nieuw',
      attendees: attendees([primary(row, 'CUSTOMER'), extra!]),
    } as const;
    const { record } = await change(row, patch);
    expect(record).toMatchObject({
      ...MOVED,
      practitionerId: ref(colleague(row)),
      modality: 'phone',
      status: 'booked',
      notes: 'Alles',
      clientMessage: 'Nieuw',
      clientId: ref(primary(row, 'CUSTOMER')),
    });
    expect(writes()).toEqual(
      ['reassign', 'reschedule', 'update-meeting-type', 'accept']
        .map((one) => `POST /appointments/ID/_actions/${one}`)
        .concat('PATCH /appointments/ID'),
    );
    expect(record.attendees).toHaveLength(2);
  });

  it('does nothing where the new practitioner is booked at the new time', async () => {
    const row = given(sandbox.state);
    await appointments().create(draft({ ...MOVED, practitionerId: ref(colleague(row)) }), CALL);
    expect(await refusal(change(row, { ...MOVED, practitionerId: ref(colleague(row)), notes: 'x' }))).toEqual(
      ['validation_failed', 'practitionerId'],
    );
    expect(writes()).toEqual(['POST /appointments']);
    const after = { start: MOVED.end, end: '2027-05-09T11:00:00.000Z', practitionerId: ref(colleague(row)) };
    expect((await change(row, after)).record).toMatchObject(after);
  });

  it('becomes a visit to the client, or stays where it was to be', async () => {
    const { state } = sandbox;
    const { location } = state.customers.get(customers(state, (one) => one.location !== null)[0]!)!;
    const row = given(state);
    const client = state.customers.get(primary(row, 'CUSTOMER'))!;
    state.customers.put({ ...client, location: null });
    expect(await refusal(change(row, { modality: 'home_visit' }))).toEqual(['validation_failed', 'modality']);
    state.customers.put({ ...client, location });
    const { formattedAddress: _own, ...address } = location!;
    const changed = await change(row, { modality: 'home_visit' });
    expect(changed).toMatchObject({ record: { modality: 'home_visit' }, raw: { location: address } });
    state.appointments.put({ ...row, location });
    await change(row, { modality: 'home_visit' });
    expect(bodies()[1]).toEqual({ meetingType: 'ON_LOCATION' });
  });

  it('says what was done before a step was refused; the same again does the rest', async () => {
    const row = given(sandbox.state);
    sandbox.fail({
      path: 'update-meeting-type',
      fault: { kind: 'status', status: 422, body: { errors: [{ code: 'APPOINTMENT_LOCATION_REQUIRED' }] } },
    });
    const patch = { ...MOVED, modality: 'phone', notes: 'Later' } as const;
    expect(await failure(change(row, patch))).toMatchObject({
      kind: 'rejected',
      message: expect.stringContaining('changed before that: the time') as string,
      at: { outcome: 'not_done', fields: [{ field: 'modality' }] },
    });
    expect((await change(row, patch)).record).toMatchObject({ ...MOVED, modality: 'phone', notes: 'Later' });
    expect(writes().filter((line) => line.endsWith('reschedule'))).toHaveLength(1);
  });

  it('keeps to the ways between the statuses', async () => {
    const ways: [string, Draft<'appointments'>, Partial<Appointment>?][] = [
      ['OUTGOING_INVITE', { status: 'booked' }],
      ['CANCELLED', { status: 'booked', ...MOVED }],
      ['INCOMING_REQUEST', { status: 'booked' }, { start: null, end: null }],
      ['INCOMING_REQUEST', { status: 'fulfilled' }],
      ['COMPLETED', { status: 'noshow', notes: 'Niet gekomen' }],
    ];
    for (const [status, patch, more] of ways)
      expect(await refusal(change(given(sandbox.state, { status, ...more }), patch))).toEqual([
        'transition_not_allowed',
        'status',
      ]);
    expect(writes()).toEqual([]);
    const dated = given(sandbox.state, { status: 'ALTERNATIVE_DATE_REQUESTED', start: null, end: null });
    expect((await change(dated, { ...MOVED, status: 'booked' })).record).toMatchObject({
      ...MOVED,
      status: 'booked',
    });
    expect((await change(given(sandbox.state), { status: 'noshow' })).record.remoteStatus).toBe('NO_SHOW');
    const begun = given(sandbox.state, {
      start: '2026-03-10T10:00:00.000Z',
      end: '2026-03-10T10:30:00.000Z',
    });
    expect((await change(begun, { status: 'fulfilled' })).record.remoteStatus).toBe('COMPLETED');
  });

  it('passes on what the vendor says of a status', async () => {
    expect(await failure(change(given(sandbox.state), { status: 'fulfilled' }))).toMatchObject({
      kind: 'rejected',
      at: { code: 'APPOINTMENT_COMPLETION_TOO_EARLY', fields: [{ field: 'status' }] },
    });
    const message = expect.stringMatching(/^The status is CANCELLED \(ACCEPTED, /) as string;
    expect(await failure(change(given(sandbox.state, { status: 'CANCELLED' }), MOVED))).toMatchObject({
      at: { code: 'APPOINTMENT_STATUS_INVALID', fields: [{ field: 'status', message }] },
    });
  });

  it('changes who comes along, never who comes first', async () => {
    const [a, b, c] = customers(sandbox.state) as [string, string, string];
    const { ref: made } = await appointments().create(
      draft({ clientId: ref(a), attendees: attendees([a, b]) }),
      CALL,
    );
    const row = sandbox.state.appointments.get(made.id)!;
    const { record } = await change(row, { attendees: attendees([c, a]) });
    expect(record.attendees.map(({ clientId }) => clientId.id)).toEqual([a, c]);
    expect(await refusal(change(row, { attendees: attendees([b, c]) }))).toEqual([
      'validation_failed',
      'attendees',
    ]);
    expect(await refusal(change(row, { attendees: attendees([a], 'arrived') }))).toEqual([
      'capability_not_supported',
      'attendees',
    ]);
    const second = {
      ...row.appointmentParticipants[0]!,
      role: 'SECONDARY',
      participant: { id: colleague(row) },
    };
    const pair = { ...row, appointmentParticipants: [...row.appointmentParticipants, second] };
    sandbox.state.appointments.put(pair);
    expect(await refusal(change(pair, { practitionerId: ref(colleague(row)) }))).toEqual([
      'validation_failed',
      'practitionerId',
    ]);
    await change(pair, { attendees: attendees([a]) });
    expect(
      sandbox.state.appointments.get(row.id)!.appointmentParticipants.map(({ participant: { id } }) => id),
    ).toEqual([primary(row, 'EMPLOYEE'), a, colleague(row)]);
  });

  it('looks after a 409 and never sends again', async () => {
    const row = given(sandbox.state);
    const conflict = { path: 'reschedule', fault: { kind: 'status', status: 409 } } as const;
    sandbox.fail(conflict);
    expect(await failure(change(row, MOVED))).toMatchObject({ kind: 'conflict' });
    sandbox.fail(conflict);
    const overtaken = meddled(adapter, (call, send) => {
      if (isWrite(call)) sandbox.state.appointments.put({ ...row, ...MOVED });
      return send(call);
    });
    expect((await change(row, MOVED, overtaken)).record).toMatchObject(MOVED);
    sandbox.state.appointments.put(row);
    sandbox.fail(conflict);
    const told = change(row, { ...MOVED, clientMessage: 'Later' }, overtaken);
    expect(await failure(told)).toMatchObject({ kind: 'conflict' }); // the client was not told
    expect(writes()).toHaveLength(3);
  });

  it('is unknown when the answer is lost, and sent once', async () => {
    const row = given(sandbox.state);
    sandbox.fail({ method: 'PATCH', fault: { kind: 'lost_answer' } });
    expect(await failure(change(row, { notes: 'Tolk' }))).toMatchObject({ at: { outcome: 'unknown' } });
    expect((await appointments().get(ref(row.id)))?.record.notes).toBe('Tolk');
    expect(writes()).toHaveLength(1);
    expect(await failure(change({ ...row, id: 'none' }, { notes: 'x' }))).toMatchObject({
      kind: 'not_found',
    });
  });

  it('cancels, once, what can be cancelled', async () => {
    const row = given(sandbox.state);
    const cancel = (): Promise<Seen<'appointments'>> =>
      appointments().cancel(ref(row.id), { reason: null, note: 'Ziek' }, CALL);
    expect((await cancel()).record).toMatchObject({ status: 'cancelled', remoteStatus: 'CANCELLED' });
    await cancel();
    expect(writes()).toEqual(['POST /appointments/ID/_actions/cancel']);
    sandbox.state.appointments.put({ ...row, status: 'COMPLETED' });
    expect(await refusal(cancel())).toEqual(['transition_not_allowed', 'status']);
    sandbox.state.undocumentedActions = false;
    sandbox.state.appointments.put(row);
    expect(await failure(cancel())).toMatchObject({
      kind: 'rejected',
      at: { status: 404, outcome: 'not_done' },
    });
  });
});
