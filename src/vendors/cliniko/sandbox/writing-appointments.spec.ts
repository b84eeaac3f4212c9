import { openAdapter, type OpenAdapter } from '../../../../test/support/adapter';
import type { AppointmentStatus, Attendee } from '../../../canonical/appointment';
import type { RemoteRef } from '../../../canonical/ids';
import type { Draft, Port, Seen } from '../../contract';
import type { Sandbox } from '../../kit/sandbox';
import { vendor } from '../index';
import { startSandbox } from './index';
import { idOf, stands, touch, type Collections, type Row, type State } from './state';
import { asked, call, failure, refusal, refused, written as writesTo } from './stories';

type Wanted = Draft<'appointments'>;
let sandbox: Sandbox & { readonly state: State };
let adapter: OpenAdapter;
let port: Omit<Port<'appointments'>, 'bulk'>;

beforeEach(async () => {
  sandbox = await startSandbox({ size: { clients: 60, appointments: 260 } });
  sandbox.state.requestsPerMinute = null;
  adapter = openAdapter(vendor, sandbox);
  port = adapter.ports.appointments as typeof port;
});
afterEach(() => sandbox.close());

const sent = (): readonly string[] => asked(sandbox);
const written = (): readonly string[] => writesTo(sandbox);
const bodies = (): unknown[] => sandbox.ledger.map(({ body }) => body);

const rows = (table: Collections): Row[] => sandbox.state.tables[table].rows.filter(stands);
const ref = (one: Row | undefined, scope = ''): RemoteRef => ({ id: idOf(one as Row), scope });
const patient = (nth: number): RemoteRef => ref(rows('patients')[nth]);
const type = (isGroup: boolean): Row =>
  rows('appointment_types').find((one) => Number(one['max_attendees']) > 1 === isGroup) as Row;
const draft = (isGroup: boolean, more: Wanted = {}): Wanted => ({
  start: '2031-03-03T00:00:00.000Z',
  practitionerId: ref(rows('practitioners').find((one) => one['active'] === true)),
  serviceId: ref(type(isGroup)),
  locationId: ref(rows('businesses')[0]),
  ...(isGroup ? {} : { clientId: patient(0) }),
  ...more,
});
const person = (nth: number, status: AppointmentStatus = 'booked'): Attendee<RemoteRef> => ({
  clientId: patient(nth),
  status,
  arrivedAt: null,
  cancelledAt: null,
  remoteId: null,
});
const peopleOf = ({ record }: Seen<'appointments'>): string[] =>
  record.attendees.map(({ clientId, status }) => {
    const nth = rows('patients').findIndex((one) => idOf(one) === clientId.id);
    return `${String(nth)} ${status}`;
  });
const standing = (): Row =>
  rows('individual_appointments').find((one) => one['patient_arrived'] !== true) as Row;
const refuse = (path: string, status = 422): void => {
  sandbox.fail({ fault: { kind: 'status', status }, path });
};

describe('an individual appointment', () => {
  it('is made by one write and four reads, in the form that is documented', async () => {
    const seen = await port.create(
      draft(false, { end: '2031-03-03T00:40:00.000Z', notes: 'Left knee' }),
      call(),
    );
    expect([...sent()].sort()).toEqual([
      'GET /v1/appointment_types',
      'GET /v1/attendees',
      'GET /v1/businesses',
      'GET /v1/individual_appointments/N/conflicts',
      'POST /v1/individual_appointments',
    ]);
    const { practitionerId: practitioner, serviceId: service, locationId: business } = draft(false);
    const ids = {
      practitioner_id: practitioner?.id,
      appointment_type_id: service?.id,
      business_id: business?.id,
    };
    const times = { starts_at: '2031-03-03T00:00:00Z', ends_at: '2031-03-03T00:40:00Z' };
    expect(bodies()).toEqual([{ ...times, ...ids, patient_id: patient(0).id, notes: 'Left knee' }]);
    expect(seen.record).toMatchObject({
      status: 'booked',
      end: '2031-03-03T00:40:00.000Z',
      timeZone: 'Australia/Sydney',
    });
    expect([seen.ref.scope, seen.warnings, seen.record.attendees[0]?.remoteId === null]).toEqual([
      'individual',
      [],
      false,
    ]);
    expect(await port.get(seen.ref)).toEqual(seen);
  });

  it('says when the practitioner is booked twice then, unless Cliniko does not say', async () => {
    const { ref: first } = await port.create(draft(false), call());
    const warnings = [{ field: 'conflicts', value: 'the practitioner is booked twice then' }];
    expect((await port.create(draft(false, { clientId: patient(1) }), call())).warnings).toEqual(warnings);
    const later = { start: '2031-03-04T00:00:00.000Z', end: '2031-03-04T01:00:00.000Z' };
    expect((await port.update(first, later, call())).warnings).toEqual([]);
    expect((await port.update(first, { notes: 'x' }, call())).warnings).toEqual([]);
    expect((await port.update(first, { start: '2031-03-03T00:30:00.000Z' }, call())).warnings).toEqual(
      warnings,
    );
    refuse('/conflicts', 403);
    expect((await port.create(draft(false), call())).warnings).toEqual([]);
  });

  it('costs no write where Cliniko could not hold it', async () => {
    for (const [wrong, field] of [
      [{ start: '2031-03-03T00:00:00.001Z' }, 'start'],
      [{ practitionerId: null }, 'practitionerId'],
      [{ status: 'cancelled' }, 'status'],
    ] as const) {
      expect((await refusal(port.create(draft(false, wrong), call())))[1]).toBe(field);
      expect((await refusal(port.update(ref(standing(), 'individual'), wrong, call())))[1]).toBe(field);
    }
    expect(sandbox.requests).toEqual([]);
    const { clientId: _nobody, ...alone } = draft(false);
    expect(await refusal(port.create(alone, call()))).toEqual(['validation_failed', 'clientId']);
    const several = port.update(ref(standing(), 'individual'), { attendees: [person(0)] }, call());
    expect(await refusal(several)).toEqual(['capability_not_supported', 'attendees']);
    expect(written()).toEqual([]);
  });

  it('is refused in our words for a service whose id was damaged', async () => {
    const damaged = port.create(
      draft(false, { serviceId: { id: '1665207670417663700', scope: '' } }),
      call(),
    );
    const { kind, at } = await failure(damaged);
    expect([kind, at.outcome, at.fields]).toEqual([
      'rejected',
      'not_done',
      [{ field: 'serviceId', message: 'is not a number' }],
    ]);
  });

  it('changes what the patch names, and nothing else', async () => {
    const one = standing();
    const before = { ...one };
    const seen = await port.update(ref(one, 'individual'), { notes: null }, call());
    expect(one).toEqual({ ...before, notes: null, updated_at: expect.any(String) });
    expect([seen.record.notes, bodies()]).toEqual([null, [{ notes: null }]]);
    await port.update(
      ref(one, 'individual'),
      { clientId: patient(7), locationId: ref(rows('businesses')[1]) },
      call(),
    );
    const { record } = (await port.get(ref(one, 'individual')))!;
    expect([record.clientId, record.attendees[0]?.clientId, record.timeZone]).toEqual([
      patient(7),
      patient(7),
      'Australia/Perth',
    ]);
  });

  it('keeps on its attendee that the client came, did not come, or neither', async () => {
    const at = ref(standing(), 'individual');
    for (const status of ['arrived', 'booked', 'noshow'] as const) {
      const seen = await port.update(at, { status }, call());
      expect([seen.record.status, seen.record.attendees[0]?.status]).toEqual([status, status]);
      expect(await port.get(at)).toEqual(seen);
    }
    expect(written()).toEqual(Array(3).fill('PATCH /v1/attendees/N'));
    expect(bodies()).toEqual([{ arrived: true }, { arrived: null }, { arrived: false }]);
    const seen = await port.update(at, { status: 'arrived', notes: 'Late' }, call());
    expect([seen.record.status, seen.record.notes]).toEqual(['arrived', 'Late']);
    await port.update(at, { status: 'arrived' }, call()); // as it is already
    expect(written().slice(3)).toEqual(['PATCH /v1/individual_appointments/N', 'PATCH /v1/attendees/N']);
    refuse('/attendees/');
    const halfway = await failure(port.update(at, { status: 'booked', notes: 'x' }, call()));
    expect(halfway.message).toMatch(/steps done before it: 1/);
  });

  it('is made with a client who came already; where that is refused, nothing is left', async () => {
    expect((await port.create(draft(false, { status: 'arrived' }), call())).record.status).toBe('arrived');
    refuse('/attendees/', 403);
    const { kind, at } = await failure(port.create(draft(false, { status: 'noshow' }), call()));
    expect([kind, at.outcome, written().at(-1)]).toEqual([
      'forbidden',
      'not_done',
      'POST /v1/individual_appointments/N/archive',
    ]);
    expect(stands(sandbox.state.tables.individual_appointments.rows.at(-1) as Row)).toBe(false);
  });

  it('is in doubt, and not refused, where only the reading after it fails', async () => {
    refuse('/attendees', 403);
    const { kind, at } = await failure(port.create(draft(false), call()));
    expect([kind, at.outcome]).toEqual(['forbidden', 'unknown']);
    expect(await port.find(draft(false), call())).toHaveLength(1);
    sandbox.fail({ fault: { kind: 'empty' }, method: 'POST' });
    expect((await failure(port.create(draft(false), call()))).at.outcome).toBe('unknown');
  });

  it('is found by all that the draft names when the answer was lost', async () => {
    const [wanted, lost] = [draft(false, { notes: 'Left knee' }), call()];
    expect(await port.find(wanted, lost)).toEqual([]);
    const read = sandbox.requests.find((one) => one.includes('individual_appointments')) ?? '';
    expect(decodeURIComponent(read)).toMatch(
      /starts_at:>=2031-03-03T00:00:00Z.*starts_at:<=2031-03-03T00:00:00Z/,
    );
    sandbox.fail({ fault: { kind: 'lost_answer' }, method: 'POST' });
    expect((await failure(port.create(wanted, lost))).at.outcome).toBe('unknown');
    const [found] = await port.find(wanted, lost);
    expect([found?.record.notes, sandbox.ledger.length]).toEqual(['Left knee', 1]);
    const others: Wanted[] = [
      { notes: 'Right knee' },
      { end: '2031-03-03T05:00:00.000Z' },
      { clientId: patient(1) },
      { locationId: ref(rows('businesses')[1]) },
    ];
    for (const other of others) expect(await port.find({ ...wanted, ...other }, lost)).toEqual([]);
    const tomorrow = new Date(Date.now() + 86_400_000).toISOString();
    expect(await port.find(wanted, { ...lost, since: tomorrow })).toEqual([]);
    await port.create(wanted, call());
    expect(await port.find(wanted, lost)).toHaveLength(2);
    await port.cancel(found!.ref, { reason: null, note: null }, call());
    expect(await port.find(wanted, lost)).toHaveLength(2); // the clinic called it off since
    await port.delete(found!.ref, call());
    expect(await port.find(wanted, lost)).toHaveLength(1);
  });

  it('is cancelled for a reason of the list, once and for all', async () => {
    const [one, other] = rows('individual_appointments');
    const seen = await port.cancel(ref(one, 'individual'), { reason: 'covid_19', note: 'Rang' }, call());
    expect(seen.record.cancellation).toMatchObject({ reason: 'covid_19', note: 'Rang' });
    expect([seen.record.status, seen.record.attendees[0]?.status]).toEqual(['cancelled', 'cancelled']);
    await port.cancel(ref(other, 'individual'), { reason: null, note: null }, call());
    expect(bodies()).toEqual([
      { cancellation_reason: 31, cancellation_note: 'Rang' },
      { cancellation_reason: 50 },
    ]);
    const again = port.cancel(ref(one, 'individual'), { reason: null, note: null }, call());
    expect((await failure(again)).kind).toBe('conflict');
    expect((await failure(port.update(ref(one, 'individual'), { notes: 'x' }, call()))).kind).toBe(
      'conflict',
    );
    expect((await port.delete(ref(one, 'individual'), call()))?.deletedAt).not.toBeNull();
    for (const missing of [{ notes: 'x' }, { status: 'arrived' }] as const)
      expect((await failure(port.update({ id: '404', scope: 'individual' }, missing, call()))).kind).toBe(
        'not_found',
      );
  });
});

describe('a group', () => {
  const group = async (...people: Attendee<RemoteRef>[]): Promise<Seen<'appointments'>> => {
    const seen = await port.create(draft(true, { attendees: people }), call());
    (sandbox.requests as string[]).splice(0);
    return seen;
  };
  const change = ({ ref: at }: Seen<'appointments'>, ...attendees: Attendee<RemoteRef>[]) =>
    port.update(at, { attendees }, call());

  it('is made with its attendees, or with the one client', async () => {
    const seen = await port.create(draft(true, { attendees: [person(0), person(1, 'arrived')] }), call());
    expect(written()).toEqual(['POST /v1/group_appointments', 'POST /v1/attendees', 'POST /v1/attendees']);
    expect([seen.ref.scope, peopleOf(seen)]).toEqual(['group', ['0 booked', '1 arrived']]);
    expect(seen.raw).toMatchObject({ max_attendees: 8, patient_ids: [patient(0).id, patient(1).id] });
    expect(await port.get(seen.ref)).toEqual({ ...seen, warnings: [] });
    expect(peopleOf(await port.create(draft(true, { clientId: patient(3) }), call()))).toEqual(['3 booked']);
    expect(peopleOf(await port.create(draft(true), call()))).toEqual([]);
  });

  it('has room for those who are named, whatever the service says', async () => {
    const many = Array.from({ length: 9 }, (_, nth) => person(nth));
    expect((await port.create(draft(true, { attendees: many }), call())).raw).toMatchObject({
      max_attendees: 9,
    });
    const single = draft(false, { attendees: [person(0)] });
    expect((await port.create(single, call())).raw).toMatchObject({ max_attendees: 2 });
  });

  it('costs no write where its attendees are none that can be', async () => {
    for (const [wrong, field] of [
      [{ attendees: [person(0), person(0, 'arrived')] }, 'attendees'],
      [{ attendees: [person(0, 'cancelled')] }, 'attendees'],
      [{ attendees: [person(0, 'fulfilled')] }, 'attendees'],
      [{ attendees: Array(100).fill(person(0)) }, 'attendees'],
      [{ attendees: [person(0)], clientId: patient(1) }, 'clientId'],
      [{ status: 'arrived' }, 'status'],
    ] as const)
      expect((await refusal(port.create(draft(true, wrong as Wanted), call())))[1]).toBe(field);
    expect(written()).toEqual([]);
  });

  it('leaves nothing behind where one of its attendees is refused', async () => {
    const archived = sandbox.state.tables.patients.rows.find((one) => !stands(one));
    const gone = { ...person(0), clientId: ref(archived) };
    const wanted = draft(true, { attendees: [person(1), gone] });
    const error = await failure(port.create(wanted, call()));
    expect([error.kind, error.at.outcome, error.at.fields?.[0]?.field]).toEqual([
      'rejected',
      'not_done',
      'clientId',
    ]);
    expect(await port.find(wanted, call())).toEqual([]);
    refuse('/attendees$');
    refuse('/archive', 403);
    expect((await failure(port.create(wanted, call()))).at.outcome).toBe('unknown');
  });

  it('is found though an answer was lost before all its attendees were there, and never among others', async () => {
    const [wanted, lost] = [draft(true, { attendees: [person(0), person(1)] }), call()];
    sandbox.fail({ fault: { kind: 'reset' }, path: '/attendees', method: 'POST', skip: 1 });
    expect((await failure(port.create(wanted, lost))).at.outcome).toBe('unknown');
    const found = await port.find(wanted, lost);
    expect(found.map(peopleOf)).toEqual([['0 booked']]);
    expect(await port.find(draft(true, { attendees: [person(1)] }), lost)).toEqual([]);
    await port.create(draft(true, { attendees: [person(2)] }), call());
    expect(await port.find(wanted, lost)).toHaveLength(1);
  });

  it('gets the attendees that it shall have, each by the act that does it', async () => {
    const made = await group(person(0), person(1), person(2), person(3));
    const seen = await change(
      made,
      person(0),
      person(1, 'cancelled'),
      person(2, 'noshow'),
      person(4, 'arrived'),
    );
    expect(written()).toEqual([
      'POST /v1/attendees',
      'PATCH /v1/attendees/N/cancel',
      'PATCH /v1/attendees/N',
      'POST /v1/attendees/N/archive',
    ]);
    expect(peopleOf(seen)).toEqual(['0 booked', '1 cancelled', '2 noshow', '4 arrived']);
    expect(await port.get(seen.ref)).toEqual(seen);
    const same = await change(
      seen,
      person(0),
      person(1, 'cancelled'),
      person(2, 'noshow'),
      person(4, 'arrived'),
    );
    expect([same, written()]).toEqual([seen, written().slice(0, 4)]);
    expect(peopleOf(await change(seen, person(1), person(2, 'booked')))).toEqual(['2 booked', '1 booked']);
  });

  it('is changed in one write where nobody is named, and moved with a warning', async () => {
    const made = await group(person(0));
    const seen = await port.update(made.ref, { notes: 'Mats', status: 'booked' }, call());
    expect([written(), seen.record.notes, peopleOf(seen)]).toEqual([
      ['PATCH /v1/group_appointments/N'],
      'Mats',
      ['0 booked'],
    ]);
    await port.create(draft(true, { start: '2031-03-04T00:00:00.000Z' }), call());
    const moved = { start: '2031-03-04T00:00:00.000Z', end: '2031-03-04T01:00:00.000Z' };
    expect((await port.update(made.ref, moved, call())).warnings).toHaveLength(1);
  });

  it('swaps people where it is full, and refuses more of them than it has room for', async () => {
    const made = await group(person(0), person(1));
    touch(sandbox.state, sandbox.state.tables.group_appointments.byId.get(made.ref.id) as Row, {
      max_attendees: 2,
    });
    expect(await refusal(change(made, person(0), person(1), person(2)))).toEqual([
      'validation_failed',
      'attendees',
    ]);
    expect(written()).toEqual([]);
    expect(peopleOf(await change(made, person(0), person(2)))).toEqual(['0 booked', '2 booked']);
    expect(written()).toEqual(['POST /v1/attendees/N/archive', 'POST /v1/attendees']);
  });

  it('says how far it came when a later attendee is refused', async () => {
    const made = await group(person(0));
    sandbox.fail({ fault: { kind: 'status', status: 422 }, path: '/attendees', method: 'POST', skip: 1 });
    const { kind, message } = await failure(change(made, person(0), person(1), person(2)));
    expect([kind, message]).toEqual(['rejected', expect.stringMatching(/steps done before it: 1/)]);
  });

  it('has neither a client nor an arrival of its own, and is not cancelled but deleted', async () => {
    const { ref: at } = await group(person(0));
    for (const [patch, field] of [
      [{ clientId: patient(1) }, 'clientId'],
      [{ status: 'arrived' }, 'status'],
    ] as const)
      expect(await refusal(port.update(at, patch, call()))).toEqual(['capability_not_supported', field]);
    const cancelling = await refused(port.cancel(at, { reason: null, note: null }, call()));
    expect([cancelling.code, cancelling.message]).toEqual([
      'capability_not_supported',
      expect.stringMatching(/attendees.*delete/),
    ]);
    expect(sandbox.requests).toEqual([]);
    const gone = await port.delete(at, call());
    expect([gone?.record.status, gone?.deletedAt === null, written()]).toEqual([
      'cancelled',
      false,
      ['POST /v1/group_appointments/N/archive'],
    ]);
  });
});
