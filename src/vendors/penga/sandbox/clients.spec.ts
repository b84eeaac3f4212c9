import { openAdapter } from '../../../../test/support/adapter';
import type { Address, Client as Person, Consents } from '../../../canonical/client';
import { ref, type RemoteRef } from '../../../canonical/ids';
import type { Draft, Port, WriteCall } from '../../contract';
import type { VendorError } from '../../kit/error';
import { vendor } from '../index';
import { startSandbox } from './index';
import { add, change, seconds, standing, type Client } from './state';

let sandbox: Awaited<ReturnType<typeof startSandbox>>;
let port: Port<'clients'>;

beforeEach(async () => {
  sandbox = await startSandbox({ size: { clients: 20, appointments: 10 } });
  port = openAdapter(vendor, sandbox).ports.clients as Port<'clients'>;
});
afterEach(() => sandbox.close());

const call = (): WriteCall => ({
  id: '019a9c3e-7c1f-7d5a-b0a3-6f3f0f0d9a51',
  since: new Date().toISOString(),
  notifyClient: false,
  location: null,
  known: () => null,
  marked: () => undefined,
});
const ADDRESS: Address = {
  line1: '10 Downing Street',
  line2: null,
  line3: null,
  city: 'London',
  region: null,
  postalCode: 'SW1A 2AA',
  country: null,
  formatted: null,
};
const consents = (more: Partial<Consents>): Consents => ({
  smsReminders: null,
  emailReminders: null,
  smsMarketing: null,
  emailMarketing: null,
  ...more,
});
const draft: Draft<'clients'> = {
  firstName: 'Jane',
  lastName: 'Smith',
  email: 'jane.smith@example.com',
  phone: '+447400123999',
  notes: 'Registered online',
  address: ADDRESS,
};
const NEW = ref('C-00000021');

/** What was asked of the vendor but to read and to log in. */
const sent = (): string[] => sandbox.requests.filter((one) => !/^GET |\/auth\/login/.test(one));
const bodies = (path: string): unknown[] =>
  sandbox.ledger.filter((entry) => entry.path.startsWith(path)).map(({ body }) => body);
const failure = async (asked: Promise<unknown>): Promise<VendorError> =>
  asked.then(
    () => Promise.reject(new Error('did not fail')),
    (error: unknown) => error as VendorError,
  );
const held = async (id: RemoteRef): Promise<Person> => (await port.get(id))!.record;
const everyone = (): Client[] => [...standing(sandbox.state, sandbox.state.clients)];
/** A client with a number that fits, and an address. */
const first = (): Client => sandbox.state.clients.rows[2]!;
const FIRST = ref('C-00000003');
const MARKETING = 'marketing-options-client';

describe('a new client', () => {
  it('is one request, and what the vendor then holds', async () => {
    const { address, ...plain } = draft;
    const made = await port.create({ ...plain, address: null }, call());
    expect(sent()).toEqual(['POST /clients']);
    expect(made).toEqual(await port.get(made.ref));
    expect(made.record).toMatchObject({
      ...plain,
      fullName: 'Jane Smith',
      phoneRaw: '07400123999',
      address: null,
    });
  });

  it('has its address made before, and what it may be sent written after', async () => {
    const wanted = consents({ smsMarketing: false, emailReminders: true });
    const made = await port.create({ ...draft, consents: wanted }, call());
    expect(sent()).toEqual(['POST /postaladdress', 'POST /clients', `PUT /${MARKETING}/MOC-00000021`]);
    expect(made).toEqual(await port.get(NEW));
    expect(made.record).toMatchObject({
      ...draft,
      consents: { smsReminders: true, emailReminders: true, smsMarketing: false, emailMarketing: true },
    });
    expect(bodies('/marketing')).toEqual([
      {
        notification_sms_allow: '1',
        notification_email_allow: '1',
        marketing_sms_allow: '1',
        marketing_email_allow: '1',
        manual_notification_sms_optout: '0',
        manual_notification_email_optout: '0',
        manual_marketing_sms_optout: '1',
        manual_marketing_email_optout: '0',
      },
    ]);
  });

  it('that may be sent what every new one may needs no more', async () => {
    await port.create({ ...draft, consents: consents({ smsReminders: true }) }, call());
    expect(sent()).toEqual(['POST /postaladdress', 'POST /clients']);
  });

  it('that is refused is named in our fields, and leaves but an address', async () => {
    const errors = { description: ['Too rude.'], mobile: ['Taken.', 'Odd.'], card: ['Declined.'] };
    const body = { message: 'The given data was invalid.', errors };
    sandbox.fail({ path: '/clients', method: 'POST', fault: { kind: 'status', status: 422, body } });
    const { kind, message, at } = await failure(port.create(draft, call()));
    expect([kind, at.outcome]).toEqual(['rejected', 'not_done']);
    expect(message).toBe('The given data was invalid. Too rude. Taken. Odd. Declined.');
    expect(at.fields).toEqual([
      { field: 'notes', message: 'Too rude.' },
      { field: 'phone', message: 'Taken. Odd.' },
    ]);
    expect(everyone()).toHaveLength(20);
  });

  it('is not made where its address is refused', async () => {
    const body = { errors: { postcode: ['No such place.'] } };
    sandbox.fail({ path: '/postaladdress', fault: { kind: 'status', status: 422, body } });
    const { at } = await failure(port.create(draft, call()));
    expect(at.fields).toEqual([{ field: 'address.postalCode', message: 'No such place.' }]);
    sandbox.fail({ path: '/postaladdress', fault: { kind: 'status', status: 200, body: {} } });
    expect(await failure(port.create(draft, call()))).toMatchObject({ at: { outcome: 'not_done' } });
    expect(sent()).toEqual(['POST /postaladdress', 'POST /postaladdress']);
  });

  it.each([
    ['firstName', { firstName: 'x'.repeat(46) }],
    ['notes', { notes: 'x'.repeat(101) }],
    ['phone', { phone: '+32470123456' }],
    ['address.line1', { address: { ...ADDRESS, line1: null } }],
    ['address.postalCode', { address: { ...ADDRESS, postalCode: 'x'.repeat(11) } }],
  ])('with a wrong %s is refused before anything is asked', async (field, wrong) => {
    for (const asked of [port.create({ ...draft, ...wrong }, call()), port.update(FIRST, wrong, call())])
      expect(await failure(asked)).toMatchObject({ name: 'Refusal', code: 'validation_failed', field });
    expect(sandbox.requests).toEqual([]);
  });
});

describe('consents that cannot be written', () => {
  const wanted = { ...draft, consents: consents({ smsMarketing: false }) };
  const refuse = (times = 1): void => {
    sandbox.fail({
      path: MARKETING,
      times,
      fault: { kind: 'status', status: 422, body: { message: 'No.' } },
    });
  };

  it('take the new client back', async () => {
    refuse();
    expect(await failure(port.create(wanted, call()))).toMatchObject({ kind: 'rejected', message: 'No.' });
    expect(everyone()).toHaveLength(20);
    expect(sent().slice(1)).toEqual([
      'POST /clients',
      `PUT /${MARKETING}/MOC-00000021`,
      'DELETE /clients/C-00000021',
    ]);
  });

  it('leave the outcome unknown where it cannot be taken back, and the client is found', async () => {
    refuse();
    sandbox.fail({ method: 'DELETE', fault: { kind: 'status', status: 403 } });
    expect(await failure(port.create(wanted, call()))).toMatchObject({ at: { outcome: 'unknown' } });
    expect(await port.find(wanted, call())).toMatchObject([{ ref: NEW }]);
  });

  it('are tried again, without a second client', async () => {
    sandbox.fail({ path: MARKETING, fault: { kind: 'lost_answer' } });
    const { record } = await port.create(wanted, call());
    expect(record.consents.smsMarketing).toBe(false);
    expect(everyone()).toHaveLength(21);
  });

  it('put a changed client back', async () => {
    const before = await held(FIRST);
    refuse();
    const patch = { notes: 'Other', address: ADDRESS, consents: consents({ smsReminders: false }) };
    expect(await failure(port.update(FIRST, patch, call()))).toMatchObject({ kind: 'rejected' });
    expect(await held(FIRST)).toEqual(before);
  });

  it.each([
    [null, 'marketing_options.external_id'],
    [
      { external_id: 'MOC-00000003', notification_sms_allow: 1 },
      'marketing_options.notification_email_allow',
    ],
  ])('as the record has %j are not guessed', async (marketing_options, missing) => {
    sandbox.state.odd.set(FIRST.id, { marketing_options });
    const patch = { notes: 'Other', consents: consents({ smsReminders: false }) };
    const error = await failure(port.update(FIRST, patch, call()));
    expect(error).toMatchObject({ kind: 'invalid_response', at: { outcome: 'not_done' } });
    expect(error.message).toContain(missing);
    expect(sent()).toEqual([]);
  });
});

describe('a change', () => {
  const changes: [string, Draft<'clients'>, object][] = [
    ['firstName', { firstName: 'Zoë' }, { fullName: expect.stringContaining('Zoë ') }],
    ['email', { email: 'other@example.com' }, {}],
    ['phone', { phone: '+442079460123' }, { phoneRaw: '02079460123' }],
    ['notes', { notes: 'Other' }, {}],
    ['no email', { email: null }, {}],
    ['no phone', { phone: null }, { phoneRaw: null }],
    ['no address', { address: null }, {}],
    ['address', { address: ADDRESS }, {}],
  ];

  describe.each(['stays', 'is cleared'] as const)('where what a PUT leaves out %s', (leftOut) => {
    it.each(changes)('of %s changes nothing else', async (_name, patch, derived) => {
      sandbox.state.leftOut = leftOut;
      change(sandbox.state, first(), { description: 'Registered by telephone' });
      const before = await held(FIRST);
      const { record } = await port.update(FIRST, patch, call());
      expect(record).toEqual({ ...before, ...patch, ...derived });
      expect(await held(FIRST)).toEqual(record);
      expect(sent().filter((one) => !one.includes('postaladdress'))).toEqual(['PUT /clients/C-00000003']);
    });
  });

  it('of nothing sends nothing', async () => {
    const { address, consents: agreed } = await held(FIRST);
    expect((await port.update(FIRST, { address, consents: agreed }, call())).record).toEqual(
      await held(FIRST),
    );
    expect(sent()).toEqual([]);
  });

  it('of the address leaves it to others who share it', async () => {
    const other = everyone().find(({ address }) => address !== null && address !== first().address)!;
    change(sandbox.state, other, { address: first().address });
    const before = await held(ref(other.external_id));
    await port.update(FIRST, { address: ADDRESS }, call());
    expect(await held(ref(other.external_id))).toEqual(before);
  });

  it('of another line of it keeps how the first is cut', async () => {
    const { address } = first();
    change(sandbox.state, sandbox.state.addresses.byId.get(address ?? '')!, {
      house_num_name: 'Rose Cottage',
      address_1: '7 Church Lane',
    });
    const now = (await held(FIRST)).address!;
    await port.update(FIRST, { address: { ...now, city: 'Buxton' } }, call());
    expect(bodies('/postaladdress')).toMatchObject([
      { house_num_name: 'Rose Cottage', address_1: '7 Church Lane', town: 'Buxton' },
    ]);
  });

  it('of consents alone is one request that leaves the other flags', async () => {
    const { state } = sandbox;
    const flags = state.marketing.byId.get(first().marketing)!;
    change(state, flags, {
      marketing_email_allow: 0,
      manual_marketing_email_optout: 0,
      manual_marketing_sms_optout: 0,
      manual_notification_sms_optout: 1,
    });
    const wanted = consents({ smsReminders: true, emailMarketing: false, smsMarketing: false });
    const { record } = await port.update(FIRST, { consents: wanted }, call());
    expect(record).toEqual(await held(FIRST));
    expect(record.consents).toEqual({ ...wanted, emailReminders: true });
    expect(sent()).toEqual([`PUT /${MARKETING}/${flags.external_id}`]);
    expect(flags).toMatchObject({
      marketing_email_allow: 0,
      manual_marketing_email_optout: 0,
      manual_marketing_sms_optout: 1,
    });
  });

  it('that the vendor did not take in part is no success', async () => {
    sandbox.state.odd.set(FIRST.id, { email: 'kept@example.com' });
    const error = await failure(port.update(FIRST, { email: null, notes: 'Other' }, call()));
    expect(error).toMatchObject({ kind: 'rejected', at: { fields: [{ field: 'email' }] } });
  });

  it('is refused in our words where what is held would not be taken again', async () => {
    change(sandbox.state, first(), { mobile: '+32470123456' });
    const { at } = await failure(port.update(FIRST, { notes: 'Other' }, call()));
    expect(at.fields).toEqual([{ field: 'phone', message: 'The mobile must be 11 digits.' }]);
    expect(first().mobile).toBe('+32470123456');
  });

  it('of nobody is gone', async () => {
    expect(await failure(port.update(ref('C-99999999'), { notes: 'x' }, call()))).toMatchObject({
      kind: 'not_found',
    });
    expect(await port.delete(FIRST, call())).toBeNull();
    expect(await failure(port.delete(FIRST, call()))).toMatchObject({ kind: 'not_found' });
  });
});

describe('a create whose answer is lost', () => {
  const lose = async (more: Draft<'clients'> = {}): Promise<Draft<'clients'>> => {
    const lost = { ...draft, ...more };
    sandbox.fail({ method: 'POST', path: '^/clients$', fault: { kind: 'lost_answer' } });
    expect((await failure(port.create(lost, call()))).at.outcome).toBe('unknown');
    expect(sent().filter((one) => one === 'POST /clients')).toHaveLength(1);
    return lost;
  };
  const found = async (asked: Draft<'clients'>): Promise<string[]> =>
    (await port.find(asked, call())).map(({ ref: { id } }) => id);
  const twin = (more: Partial<Client> = {}, created = seconds(sandbox.state)): void => {
    const { external_id, created_at, updated_at, deleted_at, ...own } = {
      ...sandbox.state.clients.byId.get(NEW.id)!,
      ...more,
    };
    add(sandbox.state.clients, own, created);
    sandbox.state.lists.clear();
  };

  it.each<[string, Draft<'clients'>, string]>([
    ['its address', {}, 'jane.smith%40example.com'],
    ['a blank beside a name', { lastName: ' Smith ' }, 'jane.smith%40example.com'],
    ['a long e-mail address', { email: 'jane.smith.of.london@example.com' }, '07400123999'],
    ['neither', { email: null, phone: null }, 'Smith'],
    [
      'a long name',
      { email: null, phone: null, lastName: 'von und zu Featherstonehaugh' },
      'von%20und%20zu%20Featherstoneha',
    ],
    [
      'consents that were not written yet',
      { consents: consents({ smsMarketing: false }) },
      'jane.smith%40example.com',
    ],
  ])('is found with %s', async (_with, more, term) => {
    const lost = await lose(more);
    expect(await port.find(lost, call())).toMatchObject([{ ref: NEW, record: await held(NEW) }]);
    expect(sandbox.requests.filter((one) => one.includes('/search/'))).toEqual([
      `GET /clients/search/perpage/10?page=1&searchTerm=${term}`,
    ]);
  });

  it('gives every client that fits, and those alone', async () => {
    const lost = await lose();
    const now = seconds(sandbox.state);
    twin({}, now - 60);
    expect(await found(lost)).toEqual([NEW.id, 'C-00000022']);
    twin({}, now - 300);
    twin({ first_name: 'John' });
    twin({ mobile: null });
    twin({ description: 'Other' });
    twin({ address: null });
    twin({ email: 'jane.smith@example.com.au' });
    expect(await found(lost)).toEqual([NEW.id, 'C-00000022']);
    expect(await found({ ...lost, notes: null })).toEqual([]);
    expect(await port.find({}, call())).toEqual([]);
  });

  it('is found past ten others of that name', async () => {
    const lost = await lose({ email: null, phone: null });
    for (let i = 0; i < 25; i += 1) twin({ first_name: `No ${String(i)}` });
    twin({}, seconds(sandbox.state));
    expect(await found(lost)).toEqual([NEW.id, 'C-00000047']);
  });
});
