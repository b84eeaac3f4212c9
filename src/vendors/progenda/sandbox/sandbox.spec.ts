import { startSandbox } from './index';

interface Answer {
  readonly status: number;
  readonly headers: Headers;
  readonly body: Record<string, unknown> | null;
}

let sandbox: Awaited<ReturnType<typeof startSandbox>>;
let clock = new Date();
beforeEach(async () => {
  clock = new Date();
  sandbox = await startSandbox({ now: () => clock, size: { clients: 40, appointments: 60 } });
});
afterEach(() => sandbox.close());

const JSON_HEADERS = { accept: 'application/json', 'content-type': 'application/json' };

/** A request as somebody else's client for Progenda would send it. */
async function ask(method: string, path: string, body?: object): Promise<Answer> {
  const { userEmail, userToken } = sandbox.state.credentials;
  const url = new URL(`${sandbox.baseUrl}/${path}`);
  url.searchParams.set('user_email', userEmail);
  url.searchParams.set('user_token', userToken);
  const response = await fetch(url, {
    method,
    headers: JSON_HEADERS,
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  const text = await response.text();
  return {
    status: response.status,
    headers: response.headers,
    body: text === '' ? null : (JSON.parse(text) as Answer['body']),
  };
}
const statusOf = async (method: string, path: string, body?: object): Promise<number> =>
  (await ask(method, path, body)).status;

const patient = {
  remote_id: 'mine-1',
  last_name: 'Claes',
  first_name: 'Wout',
  email: '',
  phone_number: '0470 11 22 33',
};
const calendarId = 100;
const service = (): string => sandbox.state.services.get(calendarId)!.rows[0]!.remoteId!;
const appointment = (): object => ({
  remote_id: 'apt-1',
  start: '1417682400',
  stop: '1417683600',
  notes: false,
  color: '#101010',
  title: '',
  status: 'booked',
  patient_remote_id: 'mine-1',
  service_remote_id: service(),
  noshow: false,
  patient_arrived_at: null,
});
const PATIENTS = 'centers/1/patients';
const APPOINTMENTS = `calendars/${calendarId}/appointments`;

describe('what every call must have', () => {
  it('credentials in the query', async () => {
    for (const query of ['', '?user_email=integration@example.com', '?user_email=a@example.com&user_token=b'])
      expect((await fetch(`${sandbox.baseUrl}/centers${query}`, { headers: JSON_HEADERS })).status).toBe(401);
  });

  it('or, as a client in the field sends them, in the header', async () => {
    const { userEmail, userToken } = sandbox.state.credentials;
    const statusWith = async (password: string): Promise<number> => {
      const authorization = `Basic ${Buffer.from(`${userEmail}:${password}`).toString('base64')}`;
      return (await fetch(`${sandbox.baseUrl}/centers`, { headers: { ...JSON_HEADERS, authorization } }))
        .status;
    };
    expect([await statusWith(userToken), await statusWith('another')]).toEqual([200, 401]);
  });

  it('both JSON headers, on a GET as well', async () => {
    const { userEmail, userToken } = sandbox.state.credentials;
    const url = `${sandbox.baseUrl}/centers?user_email=${userEmail}&user_token=${userToken}`;
    expect((await fetch(url, { headers: { accept: 'application/json' } })).status).toBe(415);
    expect((await fetch(url, { headers: { ...JSON_HEADERS, accept: 'text/html' } })).status).toBe(406);
    expect((await fetch(url, { headers: JSON_HEADERS })).status).toBe(200);
  });

  it('a path and parameters that there are', async () => {
    for (const path of ['nothing', 'centers/9/patients', 'calendars/x/services', `${PATIENTS}/10001`])
      expect(await statusOf('GET', path)).toBe(404);
    for (const path of [
      `${PATIENTS}?page=0`,
      `${PATIENTS}?since=now`,
      `${APPOINTMENTS}?start=5&stop=1`,
      'suggestions?calendar_id=100',
    ])
      expect(await statusOf('GET', path)).toBe(422);
  });
});

const mapped = (row: Record<string, unknown>, change: (value: unknown) => unknown): object =>
  Object.fromEntries(Object.entries(row).map(([name, value]) => [name, change(value)]));

describe('lists', () => {
  it('count in a header, and end with an empty page', async () => {
    const { headers, body } = await ask('GET', `${PATIENTS}?page=2`);
    expect(headers.get('x-total-count')).toBe('20');
    expect(body).toEqual({ patients: [] });
  });

  it('speak the documented types', async () => {
    const { body } = await ask('GET', APPOINTMENTS);
    const rows = body!['appointments'] as { appointment: Record<string, unknown> }[];
    // Which come hangs on the hour, and not each has everything.
    const textOrNull = (value: unknown): unknown => (value === null ? null : expect.any(String));
    const visits = rows.map(({ appointment }) => appointment).filter((one) => one['patient_id'] !== null);
    expect(visits).not.toEqual([]);
    // Numbers come as such or as texts.
    const asText = (value: unknown): unknown => (typeof value === 'number' ? String(value) : value);
    for (const visit of visits)
      expect(mapped(visit, asText)).toEqual({
        id: expect.stringMatching(/^\d+$/),
        remote_id: textOrNull(visit['remote_id']),
        start: expect.stringMatching(/^\d+$/),
        stop: expect.stringMatching(/^\d+$/),
        notes: visit['notes'] === false ? false : expect.any(String),
        warning: false,
        color: textOrNull(visit['color']),
        title: expect.any(String),
        status: expect.any(String),
        patient_id: expect.stringMatching(/^\d+$/),
        patient_remote_id: textOrNull(visit['patient_remote_id']),
        service_remote_id: textOrNull(visit['service_remote_id']),
        noshow: expect.any(Boolean),
        patient_arrived_at: visit['patient_arrived_at'] === null ? null : expect.stringMatching(/^\d+$/),
      });
  });

  it('suggest times with an offset', async () => {
    const { id } = sandbox.state.services.get(calendarId)!.rows[0]!;
    const { body } = await ask('GET', `suggestions?calendar_id=${calendarId}&service_id=${id}`);
    const [first] = body!['suggestions'] as { suggestion: Record<string, unknown> }[];
    expect(first!.suggestion).toEqual({
      calendar_id: calendarId,
      service_id: id,
      start: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:00\+0[12]:00$/),
      stop: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:00\+0[12]:00$/),
    });
  });
});

describe('patients', () => {
  it('are created, read, changed, listed as changed and deleted by remote id', async () => {
    const since = Math.floor(clock.getTime() / 1000);
    clock = new Date(clock.getTime() + 60_000);
    const created = await ask('POST', PATIENTS, { patient });
    expect(created).toMatchObject({ status: 201, body: { patient: { ...patient, status: 'active' } } });
    expect((await ask('GET', `${PATIENTS}/remote_id:mine-1`)).body).toEqual(created.body);
    const changed = { ...patient, language_code: 'fr', birthdate: '1990-05-16' };
    expect((await ask('PUT', `${PATIENTS}/remote_id%3Amine-1`, { patient: changed })).body).toMatchObject({
      patient: changed,
    });
    expect((await ask('GET', `${PATIENTS}?since=${since}`)).body!['patients']).toHaveLength(1);
    expect(await statusOf('DELETE', `${PATIENTS}/remote_id:mine-1`)).toBe(204);
    expect(await statusOf('GET', `${PATIENTS}/remote_id:mine-1`)).toBe(404);
    expect((await ask('GET', `${PATIENTS}?since=${since}`)).body!['patients']).toEqual([]);
    expect(sandbox.ledger.map(({ method }) => method)).toEqual(['POST', 'PUT', 'DELETE']);
  });

  it('are refused where something is missing, wrong or taken', async () => {
    await ask('POST', PATIENTS, { patient });
    expect(await ask('POST', PATIENTS, { patient })).toMatchObject({
      status: 422,
      body: { errors: { remote_id: ['has already been taken'] } },
    });
    expect(await statusOf('POST', PATIENTS, patient)).toBe(400);
    for (const wrong of [{ email: null }, { remote_id: '' }, { birthdate: '1990-02-30' }, { notes: 7 }])
      expect(await statusOf('POST', PATIENTS, { patient: { ...patient, remote_id: 'x', ...wrong } })).toBe(
        422,
      );
    expect(await statusOf('PUT', `${PATIENTS}/remote_id:mine-1`, { patient: { first_name: 'W' } })).toBe(422);
  });

  it('get a remote id by their own id, and nothing else that way', async () => {
    const { id } = sandbox.state.patients.get(1)!.rows.find(({ remoteId }) => remoteId === null)!;
    const body = { patient: { remote_id: 'mine-2', first_name: 'Changed' } };
    const answer = await ask('PUT', `${PATIENTS}/${id}`, body);
    expect(answer.body!['patient']).toMatchObject({ remote_id: 'mine-2' });
    expect(answer.body!['patient']).not.toMatchObject({ first_name: 'Changed' });
    expect(await statusOf('DELETE', `${PATIENTS}/${id}`)).toBe(404);
  });

  it('are created or updated in bulk, all or none', async () => {
    const [known] = sandbox.state.patients.get(1)!.rows;
    const bulk = (...patients: object[]): Promise<Answer> =>
      ask('POST', PATIENTS.replace('patients', 'patients_collections'), {
        patients_collection: { patients: patients.map((one) => ({ patient: one })) },
      });
    const written = await bulk({ id: String(known!.id), remote_id: 'mine-3' }, patient);
    expect(written.body!['patients']).toMatchObject([
      { patient: { remote_id: 'mine-3', last_name: known!.lastName } },
      { patient },
    ]);
    const refused = await bulk({ remote_id: 'mine-3', first_name: 'Lost' }, { remote_id: 'mine-4' });
    expect(refused.status).toBe(422);
    const kept = await ask('GET', `${PATIENTS}/remote_id:mine-3`);
    expect(kept.body).toMatchObject({ patient: { first_name: known!.firstName } });
  });
});

describe('appointments', () => {
  beforeEach(async () => {
    await ask('POST', PATIENTS, { patient });
  });

  it('are created and linked by remote ids alone', async () => {
    const { status, body } = await ask('POST', APPOINTMENTS, { appointment: appointment() });
    expect(status).toBe(201);
    expect(body!['appointment']).toMatchObject({ ...appointment(), warning: false });
    const wrongs = [
      { patient_remote_id: 'nobody' },
      { service_remote_id: 'nothing' },
      { stop: '1417682400' },
      { start: 'soon' },
      { status: 'arrived' },
      { color: 'red' },
      { remote_id: 'apt-1' },
      { noshow: 'yes' },
    ];
    for (const wrong of wrongs) {
      const draft = { ...appointment(), remote_id: 'apt-2', ...wrong };
      expect([wrong, await statusOf('POST', APPOINTMENTS, { appointment: draft })]).toEqual([wrong, 422]);
    }
  });

  it('stay cancelled', async () => {
    await ask('POST', APPOINTMENTS, { appointment: appointment() });
    const change = (fields: object): Promise<number> =>
      statusOf('PUT', `${APPOINTMENTS}/remote_id:apt-1`, { appointment: fields });
    expect(await change({ start: 1417682500, patient_arrived_at: '1417682400' })).toBe(200);
    expect(await change({ status: 'cancelled' })).toBe(200);
    expect(await change({ status: 'booked' })).toBe(422);
    expect(await change({ notes: 'Called' })).toBe(200);
    const { body } = await ask('GET', `${APPOINTMENTS}?start=1417682400&stop=1417683600`);
    expect(body!['appointments']).toMatchObject([{ appointment: { status: 'cancelled', notes: 'Called' } }]);
    expect(await statusOf('DELETE', `${APPOINTMENTS}/remote_id:apt-1`)).toBe(204);
  });

  it('get a remote id by their own id, and move that way', async () => {
    const { id } = sandbox.state.appointments
      .get(calendarId)!
      .rows.find(({ remoteId }) => remoteId === null)!;
    const fields = { remote_id: 'apt-3', start: '1417682400', stop: '1417683600' };
    const { body } = await ask('PUT', `${APPOINTMENTS}/${id}`, { appointment: fields });
    expect(body!['appointment']).toMatchObject({ id: String(id), ...fields });
  });

  it('are created or updated in bulk', async () => {
    const collection = { appointments: [{ appointment: appointment() }] };
    const path = `${APPOINTMENTS}_collections`;
    for (let time = 0; time < 2; time += 1)
      expect((await ask('POST', path, { appointments_collection: collection })).status).toBe(200);
    const unfit = { appointments: [{ appointment: { remote_id: 'apt-4' } }] };
    expect(await statusOf('POST', path, { appointments_collection: unfit })).toBe(422);
  });
});

it('creates and updates services in bulk', async () => {
  const path = `calendars/${calendarId}/services_collections`;
  const bulk = (one: object): Promise<Answer> =>
    ask('POST', path, { services_collection: { services: [{ service: one }] } });
  const created = await bulk({ remote_id: 'svc-mine', name: 'Vaccination', duration: 10, color: '#FF0000' });
  expect(created.body!['services']).toMatchObject([{ service: { id: expect.any(Number), duration: 10 } }]);
  const changed = await bulk({ remote_id: 'svc-mine', name: 'Vaccination', duration: '15' });
  expect(changed.body!['services']).toMatchObject([{ service: { duration: 15, color: '#FF0000' } }]);
  expect((await bulk({ remote_id: 'svc-other', name: 'Nameless' })).status).toBe(422);
});

it('gives the same clinic for the same seed, and large ones quickly', async () => {
  const started = process.cpuUsage();
  const size = { clients: 10_000, appointments: 25_000 };
  const [one, two] = [
    await startSandbox({ now: () => clock, size }),
    await startSandbox({ now: () => clock, size }),
  ];
  const { user, system } = process.cpuUsage(started);
  expect((user + system) / 1000).toBeLessThan(6000);
  const rowsOf = ({ state }: typeof one): unknown[] => [
    state.calendars,
    ...[...state.patients, ...state.appointments].map(([owner, { rows }]) => [owner, rows]),
  ];
  expect(rowsOf(one)).toEqual(rowsOf(two));
  await Promise.all([one.close(), two.close()]);
});
