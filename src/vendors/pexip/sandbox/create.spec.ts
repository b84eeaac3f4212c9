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
  refusal,
  TIMES,
  writesIn,
} from './cast';
import { startSandbox } from './index';
import type { Customer, State } from './state';

let sandbox: Sandbox & { readonly state: State };
let adapter: OpenAdapter;
beforeEach(async () => {
  sandbox = await startSandbox({ now: () => NOW, size: { clients: 60, appointments: 620 } });
  adapter = openAdapter(vendor, sandbox, { settings: { undocumentedActions: true } });
});
afterEach(() => sandbox.close());

const appointments = (from: Pick<OpenAdapter, 'ports'> = adapter): Port<'appointments'> =>
  from.ports.appointments as Port<'appointments'>;
const clients = (from: Pick<OpenAdapter, 'ports'> = adapter): Port<'clients'> =>
  from.ports.clients as Port<'clients'>;
const writes = (): string[] => writesIn(sandbox);
const draft = (changed?: Draft<'appointments'>): Draft<'appointments'> => draftIn(sandbox.state, changed);

describe('a new appointment', () => {
  it('is made in one request, with our id as its mark', async () => {
    const seen = await appointments().create(
      draft({ notes: 'Tolk', clientMessage: 'Breng uw kaart mee' }),
      CALL,
    );
    expect(seen).toMatchObject({
      mark: CALL.id,
      record: {
        ...TIMES,
        status: 'booked',
        modality: 'in_person',
        notes: 'Tolk',
        clientMessage: 'Breng uw kaart mee',
      },
    });
    expect(await appointments().get(seen.ref)).toEqual(seen);
    expect(writes()).toEqual(['POST /appointments']);
  });

  it('takes a group and a way to meet', async () => {
    const [a, b, c] = customers(sandbox.state) as [string, string, string];
    const wanted = draft({ clientId: ref(b), attendees: attendees([a, b, c]), modality: 'video' });
    const { record } = await appointments().create(wanted, CALL);
    expect(record).toMatchObject({ clientId: ref(b), modality: 'video' });
    expect(record.attendees.map(({ clientId }) => clientId.id).sort()).toEqual([a, b, c].sort());
    expect(record.videoUrl).toMatch(/^https:/);
  });

  it('puts the first of a group first where no client is named', async () => {
    const [a, b] = customers(sandbox.state) as [string, string];
    const { clientId: _none, ...rest } = draft({ attendees: attendees([b, a]) });
    expect((await appointments().create(rest, CALL)).record.clientId).toEqual(ref(b));
    expect(await refusal(appointments().create({ ...rest, attendees: [] }, CALL))).toEqual([
      'validation_failed',
      'clientId',
    ]);
  });

  it('goes to the home of the client, where there is one', async () => {
    const { state } = sandbox;
    const [home] = customers(state, ({ location }) => location !== null);
    const [none] = customers(state, ({ location }) => location === null);
    const client = state.customers.get(home!)!;
    const location = { ...client.location!, geolocation: { latitude: 50.1, longitude: 4.2 } };
    state.customers.put({ ...client, location });
    const visit = (id: string): Promise<Seen<'appointments'>> =>
      appointments().create(draft({ clientId: ref(id), modality: 'home_visit' }), CALL);
    const { formattedAddress: _own, ...address } = location;
    expect(await visit(home!)).toMatchObject({
      record: { modality: 'home_visit' },
      raw: { location: address },
    });
    expect(await refusal(visit(none!))).toEqual(['validation_failed', 'modality']);
    expect(writes()).toHaveLength(1);
  });

  it('is refused with the fields that are wrong', async () => {
    await appointments().create(draft(), CALL);
    expect(await failure(appointments().create(draft(), CALL))).toMatchObject({
      kind: 'conflict',
      at: {
        status: 422,
        code: 'APPOINTMENT_NO_AVAILABILITY',
        outcome: 'not_done',
        fields: [{ field: 'start', message: 'An employee is not available at that time' }],
      },
    });
    const { fields } = (await failure(appointments().create(draft({ end: TIMES.start }), CALL))).at;
    expect(fields?.map(({ field }) => field)).toEqual(['start', 'end']);
  });

  it('refuses what cannot be held before anything is sent', async () => {
    const wrong: Draft<'appointments'>[] = [
      { modality: null },
      { attendees: attendees([customers(sandbox.state)[1]!]) },
      { attendees: attendees([customers(sandbox.state)[0]!, customers(sandbox.state)[0]!]) },
      { attendees: attendees([customers(sandbox.state)[0]!], 'arrived') },
    ];
    const codes = [];
    for (const one of wrong) codes.push(await refusal(appointments().create(draft(one), CALL)));
    expect(codes).toEqual([
      ['validation_failed', 'modality'],
      ['validation_failed', 'attendees'],
      ['validation_failed', 'attendees'],
      ['capability_not_supported', 'attendees'],
    ]);
    expect(sandbox.requests).toEqual([]);
  });

  it('is found again by its mark when the answer is lost', async () => {
    sandbox.fail({ method: 'POST', path: '/appointments$', fault: { kind: 'lost_answer' } });
    expect(await failure(appointments().create(draft(), CALL))).toMatchObject({ at: { outcome: 'unknown' } });
    const found = await appointments().find(draft(), CALL);
    expect(found.map(({ mark }) => mark)).toEqual([CALL.id]);
    expect(writes()).toEqual(['POST /appointments']);
  });

  it('is not found where nothing was made, and twice where two carry the mark', async () => {
    sandbox.fail({ method: 'POST', path: '/appointments$', fault: { kind: 'reset' } });
    await failure(appointments().create(draft(), CALL));
    expect(await appointments().find(draft(), CALL)).toEqual([]);
    const { appointments: table } = sandbox.state;
    table
      .all()
      .slice(0, 2)
      .forEach((row) => table.put({ ...row, externalId: CALL.id }));
    expect(await appointments().find(draft(), CALL)).toHaveLength(2);
  });

  it('is never taken for another where the vendor does not heed the mark', async () => {
    const deaf = meddled(adapter, ({ query: { 'external-id[]': _mark, ...query } = {}, ...call }, send) =>
      send({ ...call, query }),
    );
    expect(await failure(appointments(deaf).find(draft(), CALL))).toMatchObject({ kind: 'invalid_response' });
  });

  it('is read back where the answer lacks it', async () => {
    for (const body of [null, { data: {} }, { data: { id: 'x', status: 'ACCEPTED' } }]) {
      const terse = meddled(adapter, async (call, send) => ({
        ...(await send(call)),
        ...(isWrite(call) ? { body } : {}),
      }));
      const call = { ...CALL, id: `${CALL.id}-${JSON.stringify(body)}` };
      const start = `2027-06-0${String(sandbox.ledger.length + 1)}T09:00:00.000Z`;
      const wanted = draft({ start, end: start.replace('T09', 'T10') });
      expect(await appointments(terse).create(wanted, call)).toMatchObject({
        mark: call.id,
        record: { start },
      });
    }
    expect(writes()).toHaveLength(3);
  });

  it('counts as made after a 409 only where it was', async () => {
    const conflict = {
      method: 'POST',
      path: '/appointments$',
      fault: { kind: 'status', status: 409 },
    } as const;
    sandbox.fail(conflict);
    expect(await failure(appointments().create(draft(), CALL))).toMatchObject({ kind: 'conflict' });
    given(sandbox.state, { externalId: CALL.id });
    sandbox.fail(conflict);
    expect(await appointments().create(draft(), CALL)).toMatchObject({ mark: CALL.id });
    given(sandbox.state, { id: 'another', externalId: CALL.id });
    sandbox.fail(conflict);
    expect(await failure(appointments().create(draft(), CALL))).toMatchObject({ kind: 'conflict' });
    expect(writes()).toHaveLength(3);
  });
});

describe('a client', () => {
  const ADDRESS = {
    line1: 'Kouter 12',
    line2: null,
    line3: null,
    city: 'Gent',
    region: 'Oost-Vlaanderen',
    postalCode: '9000',
    country: 'BE',
    formatted: null,
  };
  const NEW = { firstName: 'Lotte', lastName: 'Peeters', email: 'lotte@example.com', phone: '+32470123456' };
  const known = (): Customer => sandbox.state.customers.get(customers(sandbox.state)[3]!)!;

  it('is made with our id as its mark, and found by it when the answer is lost', async () => {
    const wanted = { ...NEW, language: 'nl', address: ADDRESS };
    sandbox.fail({ method: 'POST', path: '/customers', fault: { kind: 'lost_answer' } });
    expect(await failure(clients().create(wanted, CALL))).toMatchObject({ at: { outcome: 'unknown' } });
    const [found, ...others] = await clients().find(wanted, CALL);
    expect(others).toEqual([]);
    const { formatted: _none, ...address } = ADDRESS;
    expect(found).toMatchObject({ mark: CALL.id, record: { ...NEW, language: 'nl', address } });
    expect(writes()).toEqual(['POST /customers']);
  });

  it('keeps what a change does not name', async () => {
    const before = known();
    await clients().update(ref(before.id), { lastName: 'Claes', notes: ' ' }, CALL);
    expect(sandbox.state.customers.get(before.id)).toEqual({
      ...before,
      lastName: 'Claes',
      notes: null,
      updatedAt: NOW.toISOString(),
    });
    expect(sandbox.ledger[0]?.body).toEqual({ lastName: 'Claes', notes: null });
  });

  it('moves house, and has no address any more', async () => {
    const at = ref(known().id);
    const { formatted: _none, ...address } = ADDRESS;
    expect((await clients().update(at, { address: ADDRESS }, CALL)).record.address).toMatchObject(address);
    expect((await clients().get(at))?.record.address).toMatchObject(address);
    expect((await clients().update(at, { address: null, phone: null }, CALL)).record).toMatchObject({
      address: null,
      phone: null,
      phoneRaw: null,
    });
  });

  it('is not sent with what the vendor cannot hold', async () => {
    const at = ref(known().id);
    const wrong = [
      { language: 'pt' },
      { address: { ...ADDRESS, city: null } },
      { address: { ...ADDRESS, country: null } },
    ];
    const fields = [];
    for (const patch of wrong) fields.push((await refusal(clients().update(at, patch, CALL)))[1]);
    expect(fields).toEqual(['language', 'address.city', 'address.country']);
    expect(sandbox.requests).toEqual([]);
  });

  it('is refused with the field that is wrong', async () => {
    const body = {
      errors: [{ code: 'LOCATION_GEOCODING_FAILED', message: 'No such place', statusCode: '422' }],
    };
    sandbox.fail({ method: 'PATCH', fault: { kind: 'status', status: 422, body } });
    expect(await failure(clients().update(ref(known().id), { address: ADDRESS }, CALL))).toMatchObject({
      kind: 'rejected',
      message: 'No such place',
      at: { outcome: 'not_done', fields: [{ field: 'address', message: 'No such place' }] },
    });
  });

  it('counts as changed after a 409 only where all of it holds', async () => {
    const { id } = known();
    const patch = { lastName: 'Claes', address: ADDRESS };
    const conflict = { method: 'PATCH', fault: { kind: 'status', status: 409 } } as const;
    sandbox.fail(conflict);
    expect(await failure(clients().update(ref(id), patch, CALL))).toMatchObject({ kind: 'conflict' });
    const overtaken = meddled(adapter, async (call, send) => {
      if (!isWrite(call)) return send(call);
      await send(call);
      sandbox.fail(conflict);
      return send(call);
    });
    expect((await clients(overtaken).update(ref(id), patch, CALL)).record.lastName).toBe('Claes');
    expect(await failure(clients().update(ref('none'), patch, CALL))).toMatchObject({ kind: 'not_found' });
  });

  it('is deleted, and shown as archived', async () => {
    const at = ref(known().id);
    expect(await clients().delete(at, CALL)).toMatchObject({
      deletedAt: NOW.toISOString(),
      record: { status: 'archived' },
    });
    expect(await failure(clients().delete(ref('none'), CALL))).toMatchObject({ kind: 'not_found' });
    sandbox.fail({ method: 'DELETE', fault: { kind: 'status', status: 409 } });
    expect(await clients().delete(at, CALL)).toMatchObject({ record: { status: 'archived' } });
  });

  it('cannot be made or deleted where the vendor has no such call: it was assumed', async () => {
    sandbox.state.undocumentedActions = false;
    const missing = { kind: 'rejected', at: { status: 404, outcome: 'not_done' } };
    expect(await failure(clients().create(NEW, CALL))).toMatchObject(missing);
    expect(await failure(clients().delete(ref(known().id), CALL))).toMatchObject(missing);
  });
});
