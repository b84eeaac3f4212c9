import { openAdapter, type OpenAdapter } from '../../../test/support/adapter';
import { RESOURCE_NAMES, type ResourceName } from '../../canonical/index';
import { ref, type RemoteRef } from '../../canonical/ids';
import type { AvailabilityPort, ListQuery, Page, Port, Seen } from '../contract';
import type { VendorError } from '../kit/error';
import { vendor } from './index';
import { startSandbox } from './sandbox/index';
import { put, remove, type Appointment, type Patient, type Table } from './sandbox/state';

const DAY = 86_400_000;
const NOW = Date.now();
const dayFrom = (days: number): string => new Date(NOW + days * DAY).toISOString();
const everything: ListQuery = {
  window: { from: dayFrom(-400), to: dayFrom(400) },
  updatedSince: null,
  resumeAt: null,
};

let sandbox: Awaited<ReturnType<typeof startSandbox>>;
let adapter: OpenAdapter;
const open = (changed: { settings?: object; credentials?: object } = {}): OpenAdapter =>
  openAdapter(vendor, sandbox, changed);

beforeEach(async () => {
  sandbox = await startSandbox({ size: { clients: 2301, appointments: 900 } });
  adapter = open();
});
afterEach(() => sandbox.close());

const portOf = <R extends ResourceName>(resource: R): Port<R> => adapter.ports[resource] as Port<R>;
async function pages<R extends ResourceName>(resource: R, query: object = {}): Promise<Page<R>[]> {
  const read: Page<R>[] = [];
  for await (const page of portOf(resource).list({ ...everything, ...query })) read.push(page);
  return read;
}
const seen = async <R extends ResourceName>(resource: R, query: object = {}): Promise<Seen<R>[]> =>
  (await pages(resource, query)).flatMap(({ items }) => items);
const nameOf = ({ id, scope }: RemoteRef): string => `${scope}/${id}`;
const namesOf = (items: readonly { readonly ref: RemoteRef }[]): string[] =>
  items.map((item) => nameOf(item.ref)).sort();
const failure = (asked: Promise<unknown>): Promise<VendorError> =>
  asked.then(
    () => Promise.reject(new Error('did not fail')),
    (error: unknown) => error as VendorError,
  );

/** What the clinic holds, by the names that the gateway gives. */
function held(resource: ResourceName): string[] {
  const { centers, calendars, services, patients, appointments } = sandbox.state;
  const single = { locations: centers, practitioners: calendars };
  if (resource === 'locations' || resource === 'practitioners')
    return single[resource].map(({ id }) => `/${id}`).sort();
  const tables: ReadonlyMap<number, { readonly rows: readonly { readonly id: number }[] }> = {
    services,
    clients: patients,
    appointments,
  }[resource];
  return [...tables].flatMap(([owner, { rows }]) => rows.map(({ id }) => `${owner}/${id}`)).sort();
}
const agenda = (): { calendarId: number; own: Table<Appointment> } => {
  const [calendarId, own] = [...sandbox.state.appointments][0]!;
  return { calendarId, own };
};
const patientsOf = (center: number): Table<Patient> => sandbox.state.patients.get(center)!;
const paths = (pattern: RegExp): string[] => sandbox.requests.filter((request) => pattern.test(request));

describe('lists', () => {
  it.each(RESOURCE_NAMES)('gives all %s exactly once', async (resource) => {
    const read = await pages(resource);
    expect(namesOf(read.flatMap(({ items }) => items))).toEqual(held(resource));
    expect(read.flatMap(({ setAside }) => setAside)).toEqual([]);
  });

  it.each(['services', 'clients', 'appointments'] as const)(
    'resumes %s after each page',
    async (resource) => {
      const all = await pages(resource);
      for (const cut of [0, all.length >> 1, all.length - 2]) {
        const rest = await seen(resource, { resumeAt: all[cut]!.next });
        expect(namesOf(rest)).toEqual(namesOf(all.slice(cut + 1).flatMap(({ items }) => items)));
      }
    },
  );

  it('starts afresh from a cursor that it does not know', async () => {
    expect(namesOf(await seen('clients', { resumeAt: 'page=2' }))).toEqual(held('clients'));
  });

  it('sets a record aside that cannot be read, and hands on the rest', async () => {
    const { own, calendarId } = agenda();
    put(own, { ...own.rows[5]!, odd: { start: 'soon' } });
    put(patientsOf(1), { ...patientsOf(1).rows[3]!, odd: { id: null } });
    const appointments = await pages('appointments');
    expect(appointments.flatMap(({ setAside }) => setAside)).toEqual([
      {
        remoteId: String(own.rows[5]!.id),
        code: 'invalid_record',
        message: 'start is not a Unix time in seconds',
      },
    ]);
    const others = held('appointments').filter((name) => name !== `${calendarId}/${own.rows[5]!.id}`);
    expect(namesOf(appointments.flatMap(({ items }) => items))).toEqual(others);
    expect((await pages('clients')).flatMap(({ setAside }) => setAside)).toEqual([
      { remoteId: null, code: 'invalid_record', message: 'id is missing' },
    ]);
  });
});

describe('clients', () => {
  it('misses nobody when records slide while pages are read', async () => {
    const names: string[] = [];
    for await (const { items } of portOf('clients').list(everything)) {
      names.push(...namesOf(items));
      const center = patientsOf(1);
      if (names.length === 1000) for (const row of center.rows.slice(0, 7)) remove(center, row);
    }
    expect(names).toHaveLength(new Set(names).size);
    expect(names).toEqual(expect.arrayContaining(held('clients')));
  });

  it('fails when a list ends before its count: nobody may pass for deleted', async () => {
    const headers = { 'x-total-count': '1151' };
    sandbox.fail({ fault: { kind: 'status', status: 200, headers, body: { patients: [] } }, path: 'page=2' });
    expect((await failure(seen('clients'))).kind).toBe('invalid_response');
  });

  it('fails on an answer that holds no list', async () => {
    sandbox.fail({ fault: { kind: 'status', status: 200, body: { rows: [] } }, path: 'patients' });
    expect((await failure(seen('clients'))).kind).toBe('invalid_response');
  });
});

describe('appointments', () => {
  it.each(['overlap', 'start', 'whole'] as const)(
    'gives those that start in the window, whether a range means %s',
    async (meaning) => {
      sandbox.state.rangeMeans = meaning;
      const { own } = agenda();
      const [first, last] = [own.rows.at(20)!, own.rows.at(-20)!];
      const window = {
        from: new Date(first.start * 1000).toISOString(),
        to: new Date(last.start * 1000).toISOString(),
      };
      const expected = [...sandbox.state.appointments].flatMap(([calendarId, { rows }]) =>
        rows
          .filter(({ start, odd }) => odd?.['start'] === null || (start >= first.start && start < last.start))
          .map(({ id }) => `${calendarId}/${id}`),
      );
      expect(namesOf(await seen('appointments', { window }))).toEqual(expected.sort());
    },
  );

  it('asks a month at a time and more where little lies, always with both edges, and for the services once a calendar', async () => {
    await seen('appointments');
    const days = new Map<string, number[]>();
    for (const request of paths(/appointments\?/)) {
      const [, calendar = '', start, stop] = /calendars\/(\d+)\/.*start=(\d+)&stop=(\d+)/.exec(request) ?? [];
      days.set(calendar, [...(days.get(calendar) ?? []), (Number(stop) - Number(start)) / 86_400 - 2]);
    }
    for (const asked of days.values()) {
      expect(asked.slice(0, 4)).toEqual([31, 62, 124, 124]);
      expect(asked.reduce((sum, one) => sum + one)).toBe(800);
      expect(Math.max(...asked)).toBe(124);
    }
    expect([...days.values()].filter((asked) => asked.slice(4).includes(31)).length).toBeGreaterThan(0);
    const services = paths(/services/).map((request) => request.split('?')[0]);
    expect(services).toHaveLength(new Set(services).size);
    expect(services).toHaveLength(sandbox.state.calendars.length);
  });

  it('point at the records that the other lists give', async () => {
    const known = new Map<string, Set<string>>();
    for (const resource of RESOURCE_NAMES) known.set(resource, new Set(namesOf(await seen(resource))));
    const all = await seen('appointments');
    const pointed = (resource: ResourceName, refs: readonly (RemoteRef | null)[]): void => {
      const names = refs.filter((one) => one !== null).map(nameOf);
      expect(names.length).toBeGreaterThan(all.length / 2);
      expect(names.filter((name) => !known.get(resource)!.has(name))).toEqual([]);
    };
    pointed(
      'services',
      all.map(({ record }) => record.serviceId),
    );
    pointed(
      'clients',
      all.map(({ record }) => record.clientId),
    );
    pointed(
      'practitioners',
      all.map(({ record }) => record.practitionerId),
    );
    pointed(
      'locations',
      all.map(({ record }) => record.locationId),
    );
    const warned = new Set(all.flatMap(({ warnings }) => warnings.map(({ value }) => value)));
    expect([...warned].sort()).toEqual(['svc-removed', 'tentative']);
    const statuses = new Set(all.map(({ record }) => record.status));
    expect([...statuses].sort()).toEqual(['arrived', 'booked', 'cancelled', 'noshow']);
  });
});

describe('incremental lists', () => {
  const minutesAgo = (minutes: number): number => Math.floor(Date.now() / 1000) - minutes * 60;

  it('give what changed, five minutes of overlap included', async () => {
    const { own, calendarId } = agenda();
    const patients = patientsOf(2);
    const [late, early, old] = [own.rows[3]!, own.rows[4]!, own.rows[5]!];
    put(own, { ...late, updatedAt: minutesAgo(1) });
    put(own, { ...early, updatedAt: minutesAgo(13) });
    put(own, { ...old, updatedAt: minutesAgo(20) });
    put(patients, { ...patients.rows[7]!, updatedAt: minutesAgo(2) });
    const updatedSince = new Date(minutesAgo(10) * 1000).toISOString();
    const changed = namesOf(await seen('appointments', { updatedSince }));
    expect(changed).toEqual([`${calendarId}/${late.id}`, `${calendarId}/${early.id}`].sort());
    expect(namesOf(await seen('clients', { updatedSince }))).toEqual([`2/${patients.rows[7]!.id}`]);
  });

  it('cost little where nothing changed', async () => {
    expect(await seen('appointments', { updatedSince: dayFrom(0) })).toEqual([]);
    expect(sandbox.requests).toHaveLength(1 + 3 * sandbox.state.calendars.length); // 800 days: three pieces
  });
});

describe('single records', () => {
  it.each(RESOURCE_NAMES)('finds one of the %s, and null for one that is not there', async (resource) => {
    const items = await seen(resource);
    const item = items.find(({ mark }) => mark === null) ?? items[0]!;
    expect(await portOf(resource).get(item.ref)).toEqual(item);
    expect(await portOf(resource).get(ref('999999999', item.ref.scope))).toBeNull();
    expect(await portOf(resource).get(ref(item.ref.id, '999'))).toBeNull();
  });

  it('says that a record cannot be read', async () => {
    const { own, calendarId } = agenda();
    put(own, { ...own.rows[5]!, odd: { stop: 'later' } });
    const asked = portOf('appointments').get(ref(String(own.rows[5]!.id), String(calendarId)));
    expect(await failure(asked)).toMatchObject({
      kind: 'invalid_response',
      message: 'stop is not a Unix time in seconds',
    });
  });
});

describe('settings.centerIds', () => {
  it('limits every resource to these centers', async () => {
    adapter = open({ settings: { centerIds: ['2'] } });
    const calendars = sandbox.state.calendars.filter(({ centerId }) => centerId === 2);
    const ids = calendars.map(({ id }) => String(id)).sort();
    expect(namesOf(await seen('locations'))).toEqual(['/2']);
    expect(namesOf(await seen('practitioners'))).toEqual(ids.map((id) => `/${id}`));
    expect(new Set((await seen('clients')).map((item) => item.ref.scope))).toEqual(new Set(['2']));
    expect([...new Set((await seen('services')).map((item) => item.ref.scope))].sort()).toEqual(ids);
    expect([...new Set((await seen('appointments')).map((item) => item.ref.scope))].sort()).toEqual(ids);
  });

  it('fails for a center that is not there: its records must not pass for deleted', async () => {
    adapter = open({ settings: { centerIds: ['2', '9'] } });
    for (const resource of RESOURCE_NAMES)
      expect(await failure(seen(resource))).toMatchObject({
        kind: 'not_found',
        message: expect.stringContaining('9'),
      });
    expect((await failure(vendor.check(adapter.http, adapter.settings))).kind).toBe('not_found');
  });
});

describe('credentials', () => {
  it('are checked by the centers that they reach', async () => {
    expect(await vendor.check(adapter.http, adapter.settings)).toEqual({
      account: 'Huisartsenpraktijk De Linde, Maison médicale du Parc',
    });
  });

  it('that are wrong are said to be', async () => {
    adapter = open({ credentials: { userToken: 'another' } });
    expect((await failure(seen('clients'))).kind).toBe('auth');
  });

  it('stay out of every URL where the settings say so', async () => {
    adapter = open({ settings: { credentialsIn: 'header' } });
    expect(namesOf(await seen('locations'))).toEqual(held('locations'));
    expect(sandbox.requests).toEqual(['GET /api/v2/centers']);
    expect(adapter.http).toMatchObject({ ownParameters: ['user_email', 'user_token'] });
    const wrong = { settings: { credentialsIn: 'header' }, credentials: { userToken: 'another' } };
    adapter = open(wrong);
    expect((await failure(seen('locations'))).kind).toBe('auth');
    expect(() => open({ settings: { credentialsIn: 'body' } })).toThrow('credentialsIn');
  });

  it('never show, though the vendor repeats the URL in its words', async () => {
    const { userEmail, userToken } = sandbox.state.credentials;
    const error = `No route for /centers?user_email=${encodeURIComponent(userEmail)}&user_token=${userToken} (${userEmail})`;
    sandbox.fail({ fault: { kind: 'status', status: 422, body: { errors: { base: [error] } } } });
    const { kind, message } = await failure(seen('locations'));
    expect(kind).toBe('rejected');
    expect(message).toContain('user_email=[removed]&user_token=[removed] ([removed])');
  });
});

describe('availability', () => {
  let times: AvailabilityPort;
  const asked = { location: null, from: dayFrom(0), to: dayFrom(7) };
  beforeEach(() => {
    times = vendor.availability!.port(adapter.http, adapter.settings);
  });

  it('gives the free times of the range, with the ends that the vendor says', async () => {
    const [service] = await seen('services');
    const [practitioner] = service!.record.practitionerIds;
    const { slots, warnings } = await times.find({
      ...asked,
      practitioner: practitioner!,
      service: service!.ref,
    });
    expect(warnings).toEqual([]);
    expect(slots.length).toBeGreaterThan(0);
    for (const { start, end, ...of } of slots) {
      expect(start >= asked.from && start < asked.to).toBe(true);
      expect(Date.parse(end!) - Date.parse(start)).toBe(service!.record.durationMinutes! * 60_000);
      expect(of).toEqual({ practitionerId: practitioner, serviceId: service!.ref, locationId: ref('1') });
    }
  });

  it('takes the vendor at its word, offset and all, and leaves out what cannot be read', async () => {
    const suggestion = { calendar_id: 100, service_id: 1000, stop: '2018-02-12T10:20:00+01:00' };
    const body = {
      suggestions: [
        { suggestion: { ...suggestion, start: '2018-02-12T10:00:00+01:00' } },
        { suggestion: { ...suggestion, start: '2018-02-12 10:00' } },
      ],
    };
    sandbox.fail({ fault: { kind: 'status', status: 200, body }, path: '/suggestions' });
    const of = { practitioner: ref('100'), service: ref('1000', '100'), location: ref('1') };
    const range = { from: '2018-02-12T09:00:00.000Z', to: '2018-02-13T00:00:00.000Z' };
    const { slots, warnings } = await times.find({ ...of, ...range });
    expect(slots).toMatchObject([{ start: '2018-02-12T09:00:00.000Z', end: '2018-02-12T09:20:00.000Z' }]);
    expect(warnings).toHaveLength(1);
  });

  it('is empty, and says why, where practitioner, service and location do not go together', async () => {
    const [first, other] = sandbox.state.calendars;
    const practitioner = ref(String(first!.id));
    const [own] = sandbox.state.services.get(first!.id)!.rows;
    const service = ref(String(own!.id), String(first!.id));
    const cases = [
      { ...asked, practitioner, service: ref('1', String(other!.id)) },
      { ...asked, practitioner, service, location: ref('2') },
      { ...asked, practitioner, service: null },
    ];
    for (const query of cases)
      expect(await times.find(query)).toEqual({ slots: [], warnings: [expect.stringMatching(/\w/)] });
  });
});
