import { openAdapter } from '../../../../test/support/adapter';
import { ref, type RemoteRef } from '../../../canonical/ids';
import type { BulkItem, Draft, KnownRecord, Port, Seen, WriteCall } from '../../contract';
import type { VendorError } from '../../kit/error';
import { vendor } from '../index';
import { startSandbox } from './index';
import { put, remove, type Appointment, type Patient, type Table } from './state';

const HOUR = 3_600_000;
const WHY = { reason: null, note: null };

let sandbox: Awaited<ReturnType<typeof startSandbox>>;
let appointments: Port<'appointments'>;
let clients: Port<'clients'>;
let marked: [string, RemoteRef, string][];

beforeEach(async () => {
  sandbox = await startSandbox({ size: { clients: 60, appointments: 90 } });
  marked = [];
  const { ports } = openAdapter(vendor, sandbox);
  appointments = ports.appointments as Port<'appointments'>;
  clients = ports.clients as Port<'clients'>;
});
afterEach(() => sandbox.close());

/** Our id of the nth record. */
const idOf = (nth: number): string => `01981f2e-7a3c-7d10-9c55-${String(nth).padStart(12, '0')}`;
const call = (nth: number, known: Partial<KnownRecord> = {}): WriteCall => ({
  id: idOf(nth),
  since: new Date().toISOString(),
  notifyClient: false,
  location: ref('1'),
  known: (resource, { id }) => ({
    id: resource === 'clients' ? idOf(Number(id)) : idOf(nth),
    mark: null,
    seenAt: new Date(Date.now() - 60_000).toISOString(),
    ...known,
  }),
  marked: (...told) => void marked.push(told),
});

const agenda = (calendar = 100): Table<Appointment> => sandbox.state.appointments.get(calendar)!;
const patients = (): Table<Patient> => sandbox.state.patients.get(1)!;
const isPlain = (row: Appointment): boolean =>
  row.remoteId !== null &&
  row.odd === undefined &&
  row.status === 'booked' &&
  !row.noshow &&
  row.arrivedAt === null;
const plain = (nth: number): Appointment => agenda().rows.filter(isPlain)[nth]!;
const refOf = ({ id }: { readonly id: number }, scope = '100'): RemoteRef => ref(String(id), scope);
const NEXT_HOUR = Math.ceil(Date.now() / HOUR) * HOUR;
const at = (hours: number): string => new Date(NEXT_HOUR + hours * HOUR).toISOString();
const made = (
  nth: number,
  change: Draft<'appointments'> = {},
  calendar = '100',
): BulkItem<'appointments'> => ({
  op: 'create',
  draft: { practitionerId: ref(calendar), start: at(nth), end: at(nth + 0.5), ...change },
  call: call(nth),
});
const changed = (row: Appointment, patch: Draft<'appointments'>, nth = row.id): BulkItem<'appointments'> => ({
  op: 'update',
  ref: refOf(row),
  patch,
  call: call(nth, { mark: row.remoteId }),
});
const posts = (): string[] => sandbox.requests.filter((request) => request.startsWith('POST'));
const seenIn = (outcomes: readonly (Seen<'appointments'> | Error)[]): Seen<'appointments'>[] =>
  outcomes.map((outcome) => {
    if (outcome instanceof Error) throw outcome;
    return outcome;
  });
const now = ({ id }: Appointment): Appointment => agenda().byId.get(id)!;

describe('many new appointments', () => {
  it('go out fifty at a time by calendar, and come back in their order', async () => {
    const items = Array.from({ length: 120 }, (_, i) => made(i, {}, i % 3 === 0 ? '101' : '100'));
    const outcomes = seenIn(await appointments.bulk(items));
    expect(outcomes.map(({ mark }) => mark)).toEqual(items.map((item) => item.call.id));
    expect(outcomes.map(({ record }) => record.start)).toEqual(items.map((_, i) => at(i)));
    expect(posts()).toHaveLength(3);
    expect(sandbox.requests).toHaveLength(4);
  });

  it('are all accounted for where the answer shows the last one alone, and each is made once', async () => {
    sandbox.state.collectionShows = 'last';
    const before = agenda().rows.length;
    const outcomes = seenIn(await appointments.bulk([made(1), made(2), made(3)]));
    expect(outcomes.map(({ mark }) => mark)).toEqual([idOf(1), idOf(2), idOf(3)]);
    expect([posts().length, agenda().rows.length]).toEqual([1, before + 3]);
  });

  it.each(['all', 'record'] as const)(
    'are made in spite of a bad one among them (%s is refused)',
    async (who) => {
      sandbox.state.collectionRefuses = who;
      const gone = { clientId: ref('77', '1') };
      const bad = { ...made(2, gone), call: call(2, { id: idOf(77), mark: idOf(77) }) };
      const [first, second, third] = await appointments.bulk([made(1), bad, made(3)]);
      expect([first, third]).toMatchObject([{ mark: idOf(1) }, { mark: idOf(3) }]);
      expect(second).toMatchObject({ kind: 'rejected', at: { outcome: 'not_done' } });
      expect((second as VendorError).at.fields).toEqual([{ field: 'clientId', message: 'does not exist' }]);
      expect(await appointments.find({ practitionerId: ref('100') }, bad.call)).toEqual([]);
    },
  );

  it('are not held up by one that Progenda cannot hold', async () => {
    const outcomes = await appointments.bulk([made(1, { color: 'red' }), made(2)]);
    expect(outcomes).toMatchObject([{ name: 'Refusal', field: 'color' }, { mark: idOf(2) }]);
  });

  it('are unknown after a lost answer, and found', async () => {
    sandbox.fail({ fault: { kind: 'lost_answer' }, method: 'POST' });
    const items = [made(1), made(2)];
    const outcomes = await appointments.bulk(items);
    expect(outcomes).toMatchObject([{ at: { outcome: 'unknown' } }, { at: { outcome: 'unknown' } }]);
    for (const { call: asked } of items)
      expect(await appointments.find({ practitionerId: ref('100') }, asked)).toHaveLength(1);
    expect(posts()).toHaveLength(1);
  });

  it('are none where the vendor forbids it: nobody tries them one by one', async () => {
    sandbox.fail({ fault: { kind: 'status', status: 403 }, method: 'POST', times: 9 });
    const outcomes = await appointments.bulk([made(1), made(2)]);
    expect(outcomes).toMatchObject([{ kind: 'forbidden' }, { kind: 'forbidden' }]);
    expect(posts()).toHaveLength(1);
  });

  it('that could not be made ready were not sent', async () => {
    sandbox.fail({ fault: { kind: 'status', status: 500 }, path: '/calendars', times: 9 });
    const outcomes = await appointments.bulk([made(1), made(2)]);
    expect(outcomes).toMatchObject([{ at: { outcome: 'not_done' } }, { at: { outcome: 'not_done' } }]);
  });

  it('give their clients remote ids from one look at what changed', async () => {
    const own = patients().rows.filter((row) => row.remoteId === null && row.odd === undefined);
    const [theirs, ...others] = own.slice(0, 3);
    put(patients(), { ...theirs!, remoteId: 'theirs-1', updatedAt: Math.floor(Date.now() / 1000) - 20 });
    const items = [theirs!, ...others].map((row, i) => made(i, { clientId: refOf(row, '1') }));
    const outcomes = seenIn(await appointments.bulk(items));
    expect(outcomes.map(({ record }) => record.clientId)).toEqual(
      [theirs!, ...others].map((row) => refOf(row, '1')),
    );
    expect(sandbox.requests.filter((request) => request.includes('since='))).toHaveLength(1);
    expect(marked.map(([, , mark]) => mark).sort()).toEqual(
      [...others.map(({ id }) => idOf(id)), 'theirs-1'].sort(),
    );
  });
});

describe('changes together', () => {
  it('of all kinds are one request, and lose nothing', async () => {
    const [moved, noted, dropped] = [plain(0), plain(1), plain(2)];
    const cancel: BulkItem<'appointments'> = {
      op: 'cancel',
      ref: refOf(dropped),
      why: WHY,
      call: call(7, { mark: dropped.remoteId }),
    };
    const items = [
      changed(moved, { start: at(1), end: at(2) }),
      made(3),
      changed(noted, { notes: 'Fasting' }),
      cancel,
    ];
    const outcomes = seenIn(await appointments.bulk(items));
    expect(outcomes.map(({ record }) => record.status)).toEqual(['booked', 'booked', 'booked', 'cancelled']);
    expect(posts()).toHaveLength(1);
    expect(now(noted)).toMatchObject({ start: noted.start, patientId: noted.patientId, notes: 'Fasting' });
    expect(now(moved)).toMatchObject({ patientId: moved.patientId, serviceId: moved.serviceId });
    expect(now(dropped)).toMatchObject({ ...dropped, status: 'cancelled', updatedAt: expect.any(Number) });
  });

  it('make nothing anew that is gone', async () => {
    const held = plain(0);
    remove(agenda(), held);
    const before = agenda().rows.length;
    const ours = { ...held, remoteId: idOf(held.id) };
    for (const one of [held, ours]) {
      const [gone, other] = await appointments.bulk([changed(one, { start: at(1), end: at(2) }), made(1)]);
      expect(gone).toMatchObject({ kind: 'not_found', at: { outcome: 'not_done' } });
      expect(other).not.toBeInstanceOf(Error);
    }
    expect(agenda().rows).toHaveLength(before + 1);
  });

  it('refuse what cannot follow a cancellation, and do the others', async () => {
    const [held, other] = [plain(0), plain(1)];
    put(agenda(), { ...held, status: 'cancelled' });
    const outcomes = await appointments.bulk([
      changed(held, { status: 'booked' }),
      changed(other, { status: 'noshow' }),
    ]);
    expect(outcomes[0]).toMatchObject({ name: 'Refusal', code: 'transition_not_allowed' });
    expect(outcomes[1]).toMatchObject({ record: { status: 'noshow' } });
  });

  it('of one record wait for each other', async () => {
    const held = patients().rows.find((row) => row.remoteId !== null && row.odd === undefined)!;
    const item = (patch: Draft<'clients'>): BulkItem<'clients'> => ({
      op: 'update',
      ref: refOf(held, '1'),
      patch,
      call: call(held.id, { mark: held.remoteId }),
    });
    const outcomes = await clients.bulk([item({ firstName: 'Noor' }), item({ notes: 'New' })]);
    expect(outcomes[1]).toMatchObject({ record: { firstName: 'Noor', notes: 'New' } });
    expect(patients().byId.get(held.id)).toMatchObject({
      firstName: 'Noor',
      notes: 'New',
      email: held.email,
    });
  });
});

describe('clients together', () => {
  it('are made and changed by center', async () => {
    const held = patients().rows.find((row) => row.remoteId !== null && row.odd === undefined)!;
    const create = (nth: number, center: string): BulkItem<'clients'> => ({
      op: 'create',
      draft: { lastName: 'Claes' },
      call: { ...call(nth), location: ref(center) },
    });
    const update: BulkItem<'clients'> = {
      op: 'update',
      ref: refOf(held, '1'),
      patch: { phone: '+32470123456' },
      call: call(held.id, { mark: held.remoteId }),
    };
    const outcomes = await clients.bulk([create(1, '2'), update, create(2, '1'), create(3, '9')]);
    expect(outcomes).toMatchObject([
      { mark: idOf(1), ref: { scope: '2' } },
      { mark: held.remoteId, record: { phone: '+32470123456', lastName: held.lastName } },
      { mark: idOf(2), ref: { scope: '1' } },
      { name: 'Refusal', field: 'locationId' },
    ]);
    expect(posts()).toHaveLength(2);
  });

  it('cannot be cancelled', async () => {
    const held = patients().rows[0]!;
    const outcomes = await clients.bulk([{ op: 'cancel', ref: refOf(held, '1'), why: WHY, call: call(1) }]);
    expect(outcomes).toMatchObject([{ name: 'Refusal', code: 'capability_not_supported' }]);
    expect(sandbox.requests).toEqual([]);
  });
});
