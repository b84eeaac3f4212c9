import { openAdapter } from '../../../../test/support/adapter';
import { NO_CONSENTS, type Client } from '../../../canonical/client';
import type { RemoteRef } from '../../../canonical/ids';
import type { Draft, Port } from '../../contract';
import type { Sandbox } from '../../kit/sandbox';
import { vendor } from '../index';
import { countryCode, countryName } from '../tables';
import { startSandbox } from './index';
import { idOf, touch, type Row, type State, word } from './state';
import { asked, call, failure, refusal, written as writesTo } from './stories';

let sandbox: Sandbox & { readonly state: State };
let clients: Omit<Port<'clients'>, 'bulk' | 'cancel'>;

beforeEach(async () => {
  sandbox = await startSandbox({ size: { clients: 60, appointments: 200 } });
  sandbox.state.requestsPerMinute = null;
  clients = openAdapter(vendor, sandbox).ports.clients as typeof clients;
});
afterEach(() => sandbox.close());

const sent = (): readonly string[] => asked(sandbox);
const written = (): readonly string[] => writesTo(sandbox);
const lastBody = (): unknown => sandbox.ledger.at(-1)?.body;
const patientRow = (id: string): Row => sandbox.state.tables.patients.byId.get(id) as Row;
const ref = (one: Row | undefined, scope = ''): RemoteRef => ({ id: idOf(one as Row), scope });
const lose = (path: string): void => {
  sandbox.fail({ fault: { kind: 'lost_answer' }, path, method: 'POST' });
};

describe('a client', () => {
  const ADA: Draft<'clients'> = {
    firstName: 'Ada',
    lastName: 'Lovelace',
    email: 'ada@example.com',
    phone: '+61491570156',
    birthDate: '1990-12-10',
    notes: 'Likes engines',
    address: {
      line1: '1 Smith Street',
      line2: null,
      line3: 'Level 2',
      city: 'Sydney',
      region: 'NSW',
      postalCode: '2000',
      country: 'AU',
      formatted: null,
    },
    consents: { smsReminders: true, emailReminders: false, smsMarketing: null, emailMarketing: true },
  };
  const patient = (nth: number): Row => sandbox.state.tables.patients.rows[nth] as Row;
  const phones = (of: Row): string[] =>
    (of['patient_phone_numbers'] as Row[]).map((one) => `${word(one, 'phone_type')} ${word(one, 'number')}`);
  const said = (told: Partial<Client['consents']>): Draft<'clients'> => ({
    consents: { ...NO_CONSENTS, ...told },
  });

  it('is made in one request, with our id as its mark, and reads back as it was drafted', async () => {
    const made = call();
    const seen = await clients.create(ADA, made);
    expect(sent()).toEqual(['POST /v1/patients']);
    expect([seen.mark, seen.record.consents.smsMarketing]).toEqual([made.id, null]);
    expect(seen.record).toMatchObject({ ...ADA, consents: { ...ADA.consents, smsMarketing: null } });
    expect(await clients.get(seen.ref)).toEqual(seen);
  });

  it('costs nothing when Cliniko could not hold it', async () => {
    const drafts: Draft<'clients'>[] = [
      { firstName: 'x'.repeat(256) },
      { email: 'jürgen@example.com' },
      { lastName: null },
    ];
    for (const wrong of drafts) {
      const [code] = await refusal(clients.create({ ...ADA, ...wrong }, call()));
      expect([code, await refusal(clients.update(ref(patient(0)), wrong, call()))]).toEqual([
        code,
        [code, Object.keys(wrong)[0]],
      ]);
    }
    expect(sandbox.requests).toEqual([]);
  });

  it('is refused with the fields that Cliniko names, in our words', async () => {
    const errors = {
      first_name: 'is odd',
      'patient_phone_numbers.number': ['is short'],
      base: 'No',
      sex: 'is new',
    };
    const body = { message: 'Validation Failed', errors };
    sandbox.fail({ fault: { kind: 'status', status: 422, body }, method: 'POST' });
    const error = await failure(clients.create(ADA, call()));
    expect([error.kind, error.at.outcome, error.at.fields]).toEqual([
      'rejected',
      'not_done',
      [
        { field: 'firstName', message: 'is odd' },
        { field: 'phone', message: '["is short"]' },
      ],
    ]);
    expect(error.message).toContain('base No; sex is new');
  });

  it('keeps its other numbers when the one that counts changes', async () => {
    const change = (nth: number, phone: string | null) =>
      clients.update(ref(patient(nth)), { phone }, call());
    const [home, mobile] = phones(patient(5));
    expect([home, mobile]).toEqual([expect.stringMatching(/^Home/), expect.stringMatching(/^Mobile/)]);
    expect((await change(5, '+61491570156')).record.phone).toBe('+61491570156');
    expect(phones(patient(5))).toEqual([home, 'Mobile +61491570156']);
    expect(lastBody()).toEqual({
      patient_phone_numbers: [
        { phone_type: 'Home', number: home?.slice(5) },
        { phone_type: 'Mobile', number: '+61491570156' },
      ],
    });
    expect((await change(5, null)).record.phoneRaw).toBe(home?.slice(5));
    expect((await change(3, '+61255500100')).record.phone).toBe('+61255500100'); // a work and a home number: home counts
    expect(phones(patient(3))).toEqual(['Work (02) 5550 0123', 'Home +61255500100']);
    touch(sandbox.state, patient(1), {
      patient_phone_numbers: [
        { phone_type: 'Fax', number: '02 5550 0111' },
        { phone_type: '', number: '' },
      ],
    });
    expect((await change(1, '+61491570157')).record.phone).toBe('+61491570157');
    expect(phones(patient(1))).toEqual(['Fax 02 5550 0111', 'Mobile +61491570157']);
  });

  it('keeps the reminders of which nothing is said', async () => {
    const [both, pigeon] = [patient(2), patient(8)];
    expect([both['reminder_type'], pigeon['reminder_type']]).toEqual(['SMS & Email', 'Carrier pigeon']);
    const { record } = await clients.update(ref(both), said({ smsReminders: false }), call());
    expect([both['reminder_type'], record.consents.emailReminders]).toEqual(['Email', true]);
    await clients.update(ref(pigeon), said({ emailMarketing: true, emailReminders: null }), call());
    expect([pigeon['reminder_type'], pigeon['accepted_email_marketing']]).toEqual(['Carrier pigeon', true]);
    expect(sent().slice(-1)).toEqual(['PATCH /v1/patients/N']);
  });

  it('loses nothing that the change does not name', async () => {
    const before = { ...patient(4) };
    await clients.update(ref(patient(4)), { notes: null }, call());
    expect(patient(4)).toEqual({ ...before, notes: null, updated_at: expect.any(String) });
    expect(sandbox.requests).toHaveLength(1);
  });

  it('has a country that reads back, whatever its code', () => {
    const letters = Array.from('ABCDEFGHIJKLMNOPQRSTUVWXYZ');
    const named = letters
      .flatMap((one) => letters.map((two) => one + two))
      .filter((code) => countryName(code) !== code);
    expect(named.length).toBeGreaterThan(240);
    expect(named.map((code) => countryCode(countryName(code)))).toEqual(named);
    expect([countryName('AU'), countryName(null), countryName('Atlantis')]).toEqual([
      'Australia',
      null,
      'Atlantis',
    ]);
  });

  it('is archived by a delete, and shown so; there is no second time', async () => {
    const gone = await clients.delete(ref(patient(0)), call());
    expect([gone?.record.status, gone?.deletedAt === null]).toEqual(['archived', false]);
    expect((await failure(clients.delete(ref(patient(0)), call()))).kind).toBe('not_found');
    expect((await failure(clients.update(ref(patient(0)), { notes: 'x' }, call()))).kind).toBe('not_found');
    expect(
      (await failure(clients.update({ id: '404', scope: '' }, { phone: '+61491570156' }, call()))).kind,
    ).toBe('not_found');
    expect(written().filter((one) => /PUT|DELETE/.test(one))).toEqual([]);
  });

  it('is found by its mark when the answer was lost, and only then', async () => {
    const [lost, other, never] = [call(), call(), call()];
    lose('/patients');
    expect((await failure(clients.create(ADA, lost))).at.outcome).toBe('unknown');
    const { ref: second } = await clients.create(ADA, other);
    sandbox.fail({ fault: { kind: 'reset' }, method: 'POST' });
    expect((await failure(clients.create(ADA, never))).at.outcome).toBe('unknown');
    touch(sandbox.state, patient(0), { old_reference_id: lost.id.toUpperCase() }); // the sandbox's `=` heeds no case
    expect((await clients.find(ADA, lost)).map(({ mark }) => mark)).toEqual([lost.id]);
    expect(await clients.find(ADA, never)).toEqual([]);
    touch(sandbox.state, patientRow(second.id), { old_reference_id: lost.id });
    expect(await clients.find(ADA, lost)).toHaveLength(2);
    expect(sandbox.ledger).toHaveLength(2);
  });

  it('is in doubt where the answer holds no record', async () => {
    for (const kind of ['empty', 'html'] as const) {
      sandbox.fail({ fault: { kind }, method: 'POST' });
      const { kind: found, at } = await failure(clients.create(ADA, call()));
      expect([found, at.outcome]).toEqual(['invalid_response', 'unknown']);
    }
  });

  it('is changed and archived by the older verbs where Cliniko knows no others, which is learnt once', async () => {
    Object.assign(sandbox.state, { acceptsPatch: false, acceptsArchive: false });
    await clients.update(ref(patient(0)), { notes: 'one' }, call());
    await clients.update(ref(patient(1)), { notes: 'two' }, call());
    await clients.delete(ref(patient(0)), call());
    await clients.delete(ref(patient(1)), call());
    expect(written().map((one) => one.replace(/ .*N/, ''))).toEqual([
      'PATCH',
      'PUT',
      'PUT',
      'POST/archive',
      'DELETE',
      'DELETE',
    ]);
    expect([patient(0)['notes'], patient(1)['notes']]).toEqual(['one', 'two']);
  });
});
