import { plainToInstance } from 'class-transformer';
import { validateSync } from 'class-validator';
import type { ResourceName } from '../../canonical/index';
import { openAdapter, type OpenAdapter } from '../../../test/support/adapter';
import type { ListQuery, Page, Seen } from '../contract';
import { VendorError } from '../kit/error';
import type { Sandbox } from '../kit/sandbox';
import { baseUrlOf, ClinikoSettings, ClinikoUserAgent } from './cliniko.config';
import { vendor } from './index';
import { startSandbox } from './sandbox/index';
import { add, idOf, nextId, stands, touch, word, type Row, type State } from './sandbox/state';

const DAY_MS = 86_400_000;
const around = (days: number): ListQuery => ({
  window: {
    from: new Date(Date.now() - days * DAY_MS).toISOString(),
    to: new Date(Date.now() + days * DAY_MS).toISOString(),
  },
  updatedSince: null,
  resumeAt: null,
});
const EVERYTHING = around(3000);

let sandbox: Sandbox & { readonly state: State };
let adapter: OpenAdapter;
const open = (changed: { settings?: object; credentials?: object } = {}): OpenAdapter =>
  openAdapter(vendor, sandbox, changed);

beforeEach(async () => {
  sandbox = await startSandbox({ size: { clients: 130, appointments: 420 } });
  sandbox.state.requestsPerMinute = null;
  adapter = open();
});
afterEach(() => sandbox.close());

const appointment = (row: Row, scope = 'individual', from = adapter): Promise<Seen<'appointments'> | null> =>
  from.ports.appointments?.get?.({ id: idOf(row), scope }) ?? Promise.resolve(null);

async function pagesOf<R extends ResourceName>(
  resource: R,
  query = EVERYTHING,
  from = adapter,
): Promise<Page<R>[]> {
  const found: Page<R>[] = [];
  for await (const page of from.ports[resource]?.list?.(query) ?? []) found.push(page);
  return found;
}
async function listOf<R extends ResourceName>(
  resource: R,
  query = EVERYTHING,
  from = adapter,
): Promise<Seen<R>[]> {
  return (await pagesOf(resource, query, from)).flatMap(({ items }) => items);
}
const keys = (items: readonly Seen<ResourceName>[]): string[] =>
  items.map(({ ref: { id, scope } }) => `${scope} ${id}`).sort();
const rowKeys = (scope: string, rows: readonly Row[]): string[] => rows.map((row) => `${scope} ${idOf(row)}`);
const individuals = (): Row[] => sandbox.state.tables.individual_appointments.rows;
const groups = (): Row[] => sandbox.state.tables.group_appointments.rows;
const allAppointments = (): string[] =>
  [...rowKeys('individual', individuals()), ...rowKeys('group', groups())].sort();
const standing = (): Row =>
  individuals().find((row) => stands(row) && row['patient_arrived'] !== true) as Row;
const failure = async (work: Promise<unknown>): Promise<VendorError> => {
  const error: unknown = await work.catch((thrown: unknown) => thrown);
  if (!(error instanceof VendorError)) throw new Error(`no VendorError but ${String(error)}`);
  return error;
};

type Method = 'GET' | 'POST' | 'PATCH';
async function send(method: Method, path: string, json?: object): Promise<{ status: number; body: Row }> {
  const body = json === undefined ? {} : { json };
  return (await adapter.http.request({ operation: 'a test', method, path, ...body })) as never;
}

describe('a list', () => {
  it('gives every appointment once, the hidden ones too', async () => {
    const items = await listOf('appointments');
    expect(keys(items)).toEqual(allAppointments());
    expect(items.filter(({ deletedAt }) => deletedAt !== null)).toHaveLength(
      [...individuals(), ...groups()].filter((row) => !stands({ ...row, cancelled_at: null })).length,
    );
    const statuses = new Set(items.map(({ record: { status } }) => status));
    expect([...statuses].sort()).toEqual(['arrived', 'booked', 'cancelled', 'noshow']);
  });

  it.each([
    ['clients', 'patients'],
    ['practitioners', 'practitioners'],
    ['services', 'appointment_types'],
    ['locations', 'businesses'],
  ] as const)('gives every one of %s once', async (resource, table) => {
    expect(keys(await listOf(resource))).toEqual(rowKeys('', sandbox.state.tables[table].rows).sort());
  });

  it('gives all once where a filter on archived_at means only the archived', async () => {
    sandbox.state.hiddenFilter = 'only';
    expect(keys(await listOf('appointments'))).toEqual(allAppointments());
    expect(keys(await listOf('clients'))).toEqual(rowKeys('', sandbox.state.tables.patients.rows).sort());
    expect(await appointment(standing())).not.toBeNull();
  });

  it('asks once for what it needs beside the appointments, and never by the record', async () => {
    const pages = await pagesOf('appointments');
    expect(adapter.calls.filter(({ operation }) => operation === 'list businesses')).toHaveLength(1);
    expect(adapter.calls.filter(({ operation }) => operation === 'list appointment types')).toHaveLength(1);
    expect(adapter.calls.length).toBeLessThanOrEqual(pages.length * 4 + 2);
  });

  it('goes on after any page', async () => {
    const pages = await pagesOf('appointments');
    expect(pages.at(-1)?.next).toBeNull();
    for (const [at, { next }] of pages.entries()) {
      if (next === null) continue;
      const rest = await listOf('appointments', { ...EVERYTHING, resumeAt: next }, open());
      expect(keys(rest)).toEqual(keys(pages.slice(at + 1).flatMap(({ items }) => items)));
    }
  });

  it('keeps to the window', async () => {
    const query = around(3);
    const [from, to] = [Date.parse(query.window.from), Date.parse(query.window.to)];
    const expected = [...individuals(), ...groups()]
      .map((row) => Date.parse(word(row, 'starts_at')))
      .filter((start) => start >= from && start < to);
    const items = await listOf('appointments', query);
    expect(items).toHaveLength(expected.length);
    expect(items.length).toBeLessThan(allAppointments().length);
  });

  it('gives what changed, an appointment of which only the attendee did too', async () => {
    const updatedSince = new Date(Date.now() - 2000).toISOString();
    const [moved, met] = [standing(), individuals().filter(stands).at(-1) as Row];
    touch(sandbox.state, moved, { notes: 'moved' });
    const attendee = sandbox.state.tables.attendees.indexes.get('booking_id')?.get(idOf(met))?.[0] as Row;
    touch(sandbox.state, attendee, { arrived: true });
    const items = await listOf('appointments', { ...EVERYTHING, updatedSince });
    expect(keys(items)).toEqual([`individual ${idOf(moved)}`, `individual ${idOf(met)}`].sort());
    expect(items.find(({ ref: { id } }) => id === idOf(met))?.record.attendees[0]?.status).toBe('arrived');
    touch(sandbox.state, sandbox.state.tables.patients.rows[3] as Row);
    expect(await listOf('clients', { ...EVERYTHING, updatedSince })).toHaveLength(1);
    expect(await listOf('locations', { ...EVERYTHING, updatedSince })).toHaveLength(0);
  });

  it('sets an unreadable record aside and brings the others', async () => {
    const { patients } = sandbox.state.tables;
    add(patients, { ...(patients.rows[0] as Row), id: nextId(sandbox.state), date_of_birth: '31/12/1990' });
    const pages = await pagesOf('clients');
    expect(pages.flatMap(({ setAside }) => setAside)).toEqual([
      {
        remoteId: idOf(patients.rows.at(-1) as Row),
        code: 'invalid_record',
        message: 'date_of_birth is not a date',
      },
    ]);
    expect(pages.flatMap(({ items }) => items)).toHaveLength(patients.rows.length - 1);
  });

  it('is read again where records slid between its pages', async () => {
    const all = keys(await listOf('appointments', EVERYTHING, open()));
    const found = new Set<string>();
    let isFirst = true;
    for await (const { items } of adapter.ports.appointments?.list?.(EVERYTHING) ?? []) {
      for (const key of keys(items)) found.add(key);
      if (isFirst) touch(sandbox.state, individuals()[0] as Row, { starts_at: '1990-01-01T00:00:00Z' });
      isFirst = false;
    }
    expect([...found].sort()).toEqual(all);
  });
});

describe('an appointment', () => {
  it('has every attendee of a group that was not taken off it, by its exact 64-bit id', async () => {
    const group = groups().find((row) => stands(row) && (row['patient_ids'] as string[]).length > 2) as Row;
    const found = await appointment(group, 'group');
    const expected = sandbox.state.tables.attendees.rows.filter(
      (row) => row['booking_id'] === group['id'] && stands({ ...row, cancelled_at: null }),
    );
    expect(found?.record.attendees.map(({ remoteId }) => remoteId)).toEqual(expected.map(idOf));
    expect(found?.record.attendees.map(({ cancelledAt }) => cancelledAt !== null)).toContain(true);
    expect(found?.record.clientId).toBeNull();
    expect(expected.map(idOf).some((id) => BigInt(id) > BigInt(Number.MAX_SAFE_INTEGER))).toBe(true);
  });

  it("stands in the business's time zone, and is a video call where its type is", async () => {
    const items = await listOf('appointments');
    expect(new Set(items.map(({ record: { timeZone } }) => timeZone))).toEqual(
      new Set(['Australia/Sydney', 'Australia/Perth']),
    );
    const video = items.filter(({ record: { modality } }) => modality === 'video');
    const telehealth = sandbox.state.tables.appointment_types.rows.find(
      (row) => row['telehealth_enabled'] === true,
    ) as Row;
    expect(new Set(video.map(({ record: { serviceId } }) => serviceId?.id))).toEqual(
      new Set([idOf(telehealth)]),
    );
    const kept = video.filter(({ deletedAt }) => deletedAt === null); // a deleted one has lost its attendee
    expect(kept.every(({ record: { videoUrl } }) => videoUrl?.includes('/client/'))).toBe(true);
    expect(items.filter((item) => !video.includes(item) && item.record.videoUrl !== null)).toEqual([]);
  });

  it('is got though it was cancelled, archived or deleted; a missing one is null', async () => {
    for (const field of ['cancelled_at', 'archived_at', 'deleted_at']) {
      const row = individuals().find((one) => one[field]) as Row;
      expect((await appointment(row, 'individual', open()))?.ref.id).toBe(idOf(row));
    }
    expect(await adapter.ports.appointments?.get?.({ id: '404', scope: 'group' })).toBeNull();
  });
});

describe('neighbours', () => {
  it('tell where practitioners work and what they offer', async () => {
    const [first] = sandbox.state.tables.practitioners.rows.map(idOf);
    const practitioners = await listOf('practitioners');
    expect(practitioners.find(({ ref: { id } }) => id === first)?.record.locationIds).toHaveLength(2);
    expect(practitioners.map(({ record: { active } }) => active)).toContain(false);
    const services = await listOf('services');
    expect(services.filter(({ record: { practitionerIds } }) => practitionerIds.length > 0)).toHaveLength(5);
    const found = await adapter.ports.practitioners?.get?.({ id: first ?? '', scope: '' });
    expect(found?.record.locationIds).toHaveLength(2);
    for (const resource of ['clients', 'practitioners', 'services', 'locations'] as const)
      expect(await adapter.ports[resource]?.get?.({ id: '404', scope: '' })).toBeNull();
  });

  it('may be closed to the key', async () => {
    sandbox.fail({ fault: { kind: 'status', status: 403 }, path: '/v1/(services|businesses)', times: 9 });
    expect(await listOf('services')).toHaveLength(6);
    expect((await listOf('appointments'))[0]?.record.timeZone).toBe('Australia/Sydney');
  });
});

describe('a refusal', () => {
  it('of the key is auth, and is not tried again', async () => {
    const stranger = open({ credentials: { apiKey: 'wrong-au1' } });
    const error = await failure(listOf('clients', EVERYTHING, stranger));
    expect(error.kind).toBe('auth');
    expect(sandbox.requests).toHaveLength(1);
  });

  it('for too many requests waits for X-RateLimit-Reset, or says when', async () => {
    const reset = Math.ceil(Date.now() / 1000) + 1;
    sandbox.fail({ fault: { kind: 'status', status: 429, headers: { 'x-ratelimit-reset': String(reset) } } });
    expect(await listOf('locations')).toHaveLength(3);
    expect(Date.now()).toBeGreaterThanOrEqual(reset * 1000);
    sandbox.state.requestsPerMinute = 0;
    const error = await failure(listOf('locations'));
    expect([error.kind, error.at.retryAfterMs !== null]).toEqual(['rate_limited', true]);
  });

  it.each([
    ['status', { kind: 'status', status: 500 }, 'vendor_error'],
    ['reset', { kind: 'reset' }, 'unavailable'],
    ['html', { kind: 'html' }, 'invalid_response'],
    ['truncated', { kind: 'truncated' }, 'unavailable|invalid_response'],
    ['empty', { kind: 'empty' }, 'invalid_response'],
  ] as const)('is survived once, and told when it stays (%s)', async (_name, fault, kind) => {
    sandbox.fail({ fault });
    if (fault.kind !== 'empty') expect(await listOf('locations')).toHaveLength(3);
    sandbox.fail({ fault, times: 9 });
    expect((await failure(listOf('locations'))).kind).toMatch(new RegExp(`^(${kind})$`));
  });

  it('tells what was wrong in the words of Cliniko', async () => {
    const error = await failure(send('POST', '/patients', { first_name: 'Ada' }));
    expect([error.kind, error.message]).toEqual(['rejected', "Validation Failed: last_name can't be blank"]);
    expect((await failure(send('GET', '/nothing'))).message).toBe('Not Found');
  });
});

describe('availability', () => {
  const find = (from: Date, days: number, service = 0) => {
    const { practitioners, appointment_types, businesses } = sandbox.state.tables;
    return vendor.availability?.port(adapter.http, adapter.settings).find({
      practitioner: { id: idOf(practitioners.rows[0] as Row), scope: '' },
      service: { id: idOf(appointment_types.rows[service] as Row), scope: '' },
      location: { id: idOf(businesses.rows[0] as Row), scope: '' },
      from: from.toISOString(),
      to: new Date(from.getTime() + days * DAY_MS).toISOString(),
    });
  };

  it('offers free times within a month, an hour each, none of them in the past', async () => {
    const from = new Date();
    const found = await find(new Date(from.getTime() - DAY_MS), 31);
    expect(found?.warnings).toEqual([]);
    expect(found?.slots.length).toBeGreaterThan(20);
    for (const { start, end } of found?.slots ?? []) {
      expect(Date.parse(start)).toBeGreaterThan(from.getTime());
      expect(Date.parse(end ?? '') - Date.parse(start)).toBe(3_600_000);
    }
    expect(
      adapter.calls.filter(({ operation }) => operation === 'list available times').length,
    ).toBeLessThanOrEqual(6);
  });

  it('is empty with a warning for what is not offered online, and empty for the past', async () => {
    expect(await find(new Date(), 3, 4)).toEqual({
      slots: [],
      warnings: [expect.stringContaining('not offered online')],
    });
    expect(await find(new Date(Date.now() - 9 * DAY_MS), 3)).toEqual({ slots: [], warnings: [] });
  });
});

describe('a connection', () => {
  it('goes to the shard that its key names, and nowhere else', () => {
    const hostOf = (apiKey: string): string => {
      const completed = vendor.complete?.({ credentials: { apiKey }, settings: {} });
      expect(completed).toEqual({ baseUrl: baseUrlOf(apiKey) });
      return new URL(baseUrlOf(apiKey)).host;
    };
    expect(['key-au2', 'a-b-uk1'].map(hostOf)).toEqual(['api.au2.cliniko.com', 'api.uk1.cliniko.com']);
    for (const key of [
      'key',
      'au4',
      'key-x/au2',
      'key-au2.evil.example',
      'key-AU2',
      'key-au123',
      'key-au2\n',
    ])
      expect([key, hostOf(key)]).toEqual([key, 'api.au1.cliniko.com']);
    expect(vendor.hosts.map((host) => host.test('api.au1.cliniko.com.evil.example'))).toEqual([false]);
  });

  it('keeps a base URL that it was given, names the owner of the key, and shares the limit by the key alone', async () => {
    expect(vendor.complete?.({ credentials: {}, settings: { baseUrl: 'http://x/v1' } })).toEqual({
      baseUrl: 'http://x/v1',
    });
    expect((await vendor.check(adapter.http, adapter.settings)).account).toMatch(/\S+ \S+/);
    const policy = vendor.http({ credentials: { apiKey: 'secret-au1' }, settings: adapter.settings });
    expect(policy.limits.sharedBy).not.toContain('secret');
  });

  it('names itself by what fits into a header, and must name itself', () => {
    const isValid = (name: string, email: string): boolean =>
      validateSync(plainToInstance(ClinikoUserAgent, { name, email })).length === 0;
    expect(isValid('Gateway', 'gateway@example.com')).toBe(true);
    for (const name of ['Gate\r\nX-Evil: 1', 'Gateway (us)', ' ', 'Größe'])
      expect([name, isValid(name, 'gateway@example.com')]).toEqual([name, false]);
    for (const email of ['nobody', '"a)b"@example.com', 'a@example.com\r\n'])
      expect([email, isValid('Gateway', email)]).toEqual([email, false]);
    const settings = plainToInstance(ClinikoSettings, { baseUrl: 'https://api.au1.cliniko.com/v1' });
    expect(validateSync(settings).map(({ property }) => property)).toEqual(['userAgent']);
  });
});
