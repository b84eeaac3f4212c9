import { openAdapter, type OpenAdapter } from '../../../../test/support/adapter';
import { ref, type RemoteRef } from '../../../canonical/ids';
import type { Draft, KnownRecord, Port, Seen, WriteCall } from '../../contract';
import type { VendorError } from '../../kit/error';
import { Refusal } from '../../kit/refusal';
import { vendor } from '../index';
import { startSandbox } from './index';
import { put, remove, type Patient, type Table } from './state';

const OUR_ID = '01981f2e-7a3c-7d10-9c55-0a4f2b6d8e91';
const MINUTE = 60_000;
const ago = (ms: number): string => new Date(Date.now() - ms).toISOString();
const secondsAgo = (seconds: number): number => Math.floor(Date.now() / 1000) - seconds;

let sandbox: Awaited<ReturnType<typeof startSandbox>>;
let adapter: OpenAdapter;
let clients: Port<'clients'>;
/** What the gateway was told of remote ids that it did not know. */
let marked: [string, RemoteRef, string][];

const open = (settings: object = {}): void => {
  adapter = openAdapter(vendor, sandbox, { settings });
  clients = adapter.ports.clients as Port<'clients'>;
};
beforeEach(async () => {
  sandbox = await startSandbox({ size: { clients: 60, appointments: 12 } });
  marked = [];
  open();
});
afterEach(() => sandbox.close());

/** A call that knows one record, or none. */
const call = (
  known: Partial<KnownRecord> | null = null,
  location: RemoteRef | null = ref('1'),
): WriteCall => ({
  id: OUR_ID,
  since: ago(0),
  notifyClient: false,
  location,
  known: (resource) =>
    known && resource === 'clients' ? { id: OUR_ID, mark: null, seenAt: ago(MINUTE), ...known } : null,
  marked: (...told) => void marked.push(told),
});

const center = (id = 1): Table<Patient> => sandbox.state.patients.get(id)!;
/** A patient as the sandbox holds it, with or without a remote id. */
const patient = (isMarked: boolean): Patient =>
  center().rows.find((row) => (row.remoteId !== null) === isMarked && row.odd === undefined && row.address)!;
const refOf = ({ id }: Patient, scope = '1'): RemoteRef => ref(String(id), scope);
const now = ({ id }: Patient): Patient => center().byId.get(id)!;
const inList = async (id: string): Promise<Seen<'clients'> | null> => clients.get(ref(id, '1'));
const failure = (asked: Promise<unknown>): Promise<unknown> =>
  asked.then(
    () => Promise.reject(new Error('did not fail')),
    (error: unknown) => error,
  );
const writes = (): string[] => sandbox.ledger.map(({ method, path }) => `${method} ${path.split('?')[0]!}`);
const own = (path: string): string => `/api/v2/centers/1/${path}`;
const noor: Draft<'clients'> = {
  firstName: 'Noor',
  lastName: 'Van Damme',
  phone: '+32470123456',
  birthDate: '1990-05-16',
  language: 'nl',
};

describe('a new client', () => {
  it('is made once, under our id, with blanks for what must be there', async () => {
    const seen = await clients.create({ lastName: 'Claes', notes: 'New' }, call());
    expect(seen).toMatchObject({
      mark: OUR_ID,
      ref: { scope: '1' },
      record: { lastName: 'Claes', email: null },
    });
    expect(await inList(seen.ref.id)).toEqual(seen);
    expect(sandbox.ledger.map(({ body }) => body)).toEqual([
      {
        patient: {
          remote_id: OUR_ID,
          first_name: '',
          last_name: 'Claes',
          email: '',
          phone_number: '',
          notes: 'New',
        },
      },
    ]);
  });

  it('shows all that was asked for', async () => {
    const address = { line1: null, line2: null, line3: null, city: null, region: null, postalCode: null };
    const draft = {
      ...noor,
      email: 'noor@example.com',
      address: { ...address, country: null, formatted: 'Kerkstraat 16, Brussel' },
      notes: 'Prefers mornings',
    };
    expect((await clients.create(draft, call())).record).toMatchObject(draft);
  });

  it('goes to the center that the caller names, or to the only one', async () => {
    expect((await clients.create(noor, call(null, ref('2')))).ref.scope).toBe('2');
    open({ centerIds: ['2'] });
    const seen = await clients.create(noor, { ...call(null, null), id: 'another' });
    expect(seen.ref.scope).toBe('2');
  });

  it('goes nowhere where the center is not clear, or not ours', async () => {
    const wrong = [await failure(clients.create(noor, call(null, null)))];
    open({ centerIds: ['2'] });
    wrong.push(await failure(clients.create(noor, call(null, ref('1')))));
    for (const error of wrong) {
      expect(error).toBeInstanceOf(Refusal);
      expect(error).toMatchObject({ code: 'validation_failed', field: 'locationId' });
    }
    expect(sandbox.ledger).toEqual([]);
  });

  it('is refused before anything is asked where Progenda cannot hold a value', async () => {
    expect(await failure(clients.create({ ...noor, language: 'nl-BE' }, call()))).toMatchObject({
      field: 'language',
    });
    expect(sandbox.requests).toEqual([]);
  });

  it.each([422, 409])('is the one of an earlier try where its remote id is taken (%d)', async (status) => {
    sandbox.state.takenStatus = status;
    const first = await clients.create(noor, call());
    expect(await clients.create({ ...noor, firstName: 'Nora' }, call())).toEqual(first);
    expect(writes()).toEqual([`POST ${own('patients')}`]);
  });

  it.each(['ids', 'nothing'] as const)('is read back where the answer shows %s', async (shown) => {
    sandbox.state.writesShow = shown;
    const seen = await clients.create(noor, call());
    expect(seen.record).toMatchObject(noor);
    expect(await inList(seen.ref.id)).toEqual(seen);
  });

  it('that the vendor refuses says which fields are wrong', async () => {
    const errors = { phone_number: ['is too short', 'is foreign'], base: ['no'], birthdate: 'is odd' };
    sandbox.fail({ fault: { kind: 'status', status: 422, body: { errors } }, method: 'POST' });
    const error = (await failure(clients.create(noor, call()))) as VendorError;
    expect(error).toMatchObject({ kind: 'rejected', at: { status: 422, outcome: 'not_done' } });
    expect(error.at.fields).toEqual([
      { field: 'phone', message: 'is too short' },
      { field: 'phone', message: 'is foreign' },
      { field: 'birthDate', message: 'is odd' },
    ]);
  });

  it.each(['lost_answer', 'error_after'] as const)('is found after a %s, and made once', async (kind) => {
    sandbox.fail({ fault: { kind, status: 500 }, method: 'POST' });
    expect(await clients.find(noor, call())).toEqual([]);
    expect(await failure(clients.create(noor, call()))).toMatchObject({ at: { outcome: 'unknown' } });
    const [seen, ...others] = await clients.find(noor, call());
    expect(seen).toMatchObject({ mark: OUR_ID, record: noor });
    expect(others).toEqual([]);
    expect(writes()).toEqual([`POST ${own('patients')}`]);
  });

  it('is not believed in where a yes is a lie', async () => {
    sandbox.fail({ fault: { kind: 'status', status: 200, body: { success: false } }, method: 'POST' });
    expect(await failure(clients.create(noor, call()))).toMatchObject({
      kind: 'invalid_response',
      at: { outcome: 'unknown' },
    });
    expect(await clients.find(noor, call())).toEqual([]);
  });
});

describe('a change', () => {
  it.each([true, false])('loses nothing that was not named (a PUT keeps: %s)', async (putKeeps) => {
    sandbox.state.putKeeps = putKeeps;
    const held = patient(true);
    put(center(), { ...held, notes: 'Allergic', birthdate: '1961-02-03', languageCode: 'fr' });
    const seen = await clients.update(
      refOf(held),
      { email: 'new@example.com' },
      call({ mark: held.remoteId }),
    );
    expect(seen.record).toMatchObject({ email: 'new@example.com', notes: 'Allergic', language: 'fr' });
    const { updatedAt: _when, ...after } = now(held);
    expect(after).toMatchObject({
      firstName: held.firstName,
      lastName: held.lastName,
      phoneNumber: held.phoneNumber,
      address: held.address,
      email: 'new@example.com',
      notes: 'Allergic',
      birthdate: '1961-02-03',
      languageCode: 'fr',
    });
    expect(writes()).toEqual([`PUT ${own(`patients/remote_id:${held.remoteId!}`)}`]);
    expect(marked).toEqual([]);
  });

  it('empties what is null', async () => {
    const held = patient(true);
    const patch = { email: null, phone: null, birthDate: null, address: null, notes: null, language: null };
    const seen = await clients.update(refOf(held), patch, call({ mark: held.remoteId }));
    expect(seen.record).toMatchObject({ ...patch, firstName: held.firstName });
  });

  it('is looked into where the vendor says yes and does not do it', async () => {
    const held = patient(true);
    const known = call({ mark: held.remoteId });
    sandbox.fail({ fault: { kind: 'status', status: 200, body: { success: false } }, method: 'PUT' });
    expect(await failure(clients.update(refOf(held), { notes: 'New' }, known))).toMatchObject({
      kind: 'invalid_response',
      at: { outcome: 'unknown' },
    });
    sandbox.state.writesShow = 'nothing';
    expect((await clients.update(refOf(held), { notes: 'New' }, known)).record.notes).toBe('New');
  });

  it('is unknown, and not refused, where the vendor says yes and cannot be asked afterwards', async () => {
    const held = patient(true);
    sandbox.state.writesShow = 'nothing';
    sandbox.fail({ fault: { kind: 'status', status: 422, body: {} }, path: 'remote_id', skip: 2 });
    const asked = clients.update(refOf(held), { notes: 'New' }, call({ mark: held.remoteId }));
    expect(await failure(asked)).toMatchObject({ kind: 'rejected', at: { outcome: 'unknown' } });
    expect(now(held).notes).toBe('New');
  });
});

describe('a client without a remote id', () => {
  it('is given ours, and changed by it', async () => {
    const held = patient(false);
    const seen = await clients.update(refOf(held), { notes: 'New' }, call({}));
    expect(seen).toMatchObject({ mark: OUR_ID, record: { notes: 'New', firstName: held.firstName } });
    expect(writes()).toEqual([
      `PUT ${own(`patients/${held.id}`)}`,
      `PUT ${own(`patients/remote_id:${OUR_ID}`)}`,
    ]);
    expect(marked).toEqual([['clients', refOf(held), OUR_ID]]);
  });

  it('keeps the one that somebody else gave it meanwhile', async () => {
    const held = patient(false);
    put(center(), { ...held, remoteId: 'theirs-7', updatedAt: secondsAgo(30) });
    const seen = await clients.update(refOf(held), { notes: 'New' }, call({ seenAt: ago(2 * MINUTE) }));
    expect(seen.mark).toBe('theirs-7');
    expect(writes()).toEqual([`PUT ${own('patients/remote_id:theirs-7')}`]);
    expect(marked).toEqual([['clients', refOf(held), 'theirs-7']]);
  });

  it('is looked up first where it was only ever mentioned', async () => {
    const held = patient(true);
    await clients.update(refOf(held), { notes: 'New' }, call({ seenAt: null }));
    expect(writes()).toEqual([`PUT ${own(`patients/remote_id:${held.remoteId!}`)}`]);
    expect(marked).toEqual([['clients', refOf(held), held.remoteId]]);
  });

  it('is tried again to give it one, as that may be repeated', async () => {
    const held = patient(false);
    sandbox.fail({ fault: { kind: 'lost_answer' }, method: 'PUT' });
    expect((await clients.update(refOf(held), { notes: 'New' }, call({}))).record.notes).toBe('New');
  });

  it('is not changed where the vendor does not keep the remote id', async () => {
    const held = patient(false);
    sandbox.fail({ fault: { kind: 'status', status: 200, body: { success: true } }, method: 'PUT' });
    const error = await failure(clients.update(refOf(held), { notes: 'New' }, call({})));
    expect(error).toMatchObject({ kind: 'invalid_response' });
    expect(writes()).toEqual([]);
  });
});

describe('a remote id of somebody else', () => {
  it('that has gone over to another client leads to the right one', async () => {
    const [held, other] = [patient(true), patient(false)];
    put(center(), { ...held, remoteId: 'renumbered' });
    put(center(), { ...other, remoteId: held.remoteId });
    await clients.update(refOf(held), { notes: 'New' }, call({ mark: held.remoteId }));
    expect([now(held).notes, now(other).notes]).toEqual(['New', other.notes]);
    expect(marked).toEqual([['clients', refOf(held), 'renumbered']]);
  });

  it('leads nowhere where the client is gone', async () => {
    const held = patient(true);
    remove(center(), held);
    const asked = clients.update(refOf(held), { notes: 'New' }, call({ mark: held.remoteId }));
    expect(await failure(asked)).toMatchObject({ kind: 'not_found', at: { outcome: 'not_done' } });
    expect(writes()).toEqual([]);
  });
});

describe('a deletion', () => {
  it.each([true, false])('takes the client out of the list (has a remote id: %s)', async (isMarked) => {
    const held = patient(isMarked);
    expect(await clients.delete(refOf(held), call({ mark: held.remoteId }))).toBeNull();
    expect(await inList(String(held.id))).toBeNull();
    expect(writes().at(-1)).toBe(`DELETE ${own(`patients/remote_id:${held.remoteId ?? OUR_ID}`)}`);
  });

  it('is not believed in while the client is still shown', async () => {
    const held = patient(true);
    sandbox.fail({ fault: { kind: 'status', status: 200, body: { success: false } }, method: 'DELETE' });
    expect(await failure(clients.delete(refOf(held), call({ mark: held.remoteId })))).toMatchObject({
      kind: 'invalid_response',
      at: { outcome: 'unknown' },
    });
  });

  it('gives back the client whom the vendor keeps as archived', async () => {
    const held = patient(true);
    put(center(), { ...held, status: 'archived' });
    sandbox.fail({ fault: { kind: 'status', status: 200, body: {} }, method: 'DELETE' });
    const left = await clients.delete(refOf(held), call({ mark: held.remoteId }));
    expect(left?.record.status).toBe('archived');
  });
});
