import { CASES } from '../contract/vendors';
import { openDesk, type Desk } from '../support/bookings';
import type { Answer, ListOf, Shown, ShownConnection } from '../support/calls';
import { startClinic, type Clinic } from '../support/clinics';
import { startGateway, type Gateway, type TestTenant } from '../support/gateway';
import { until } from '../support/until';

type Client = Shown<'clients'>;
type Appointment = Shown<'appointments'>;

const NOWHERE = '019a9c3e-7c1f-7d5a-b0a3-6f3f0f0d9a41';
const DAY = 86_400_000;
const { name, vendor } = CASES.find((one) => one.vendor.availability)!;

let gateway: Gateway;
let clinic: Clinic;
let tenant: TestTenant;
let desk: Desk;

beforeAll(async () => {
  clinic = await startClinic(name, { clients: 20, appointments: 60 });
  gateway = await startGateway([clinic.sandbox]);
  tenant = await gateway.tenant('Northside Clinics');
  desk = await openDesk(tenant, clinic, vendor);
});
afterEach(() => {
  clinic.sandbox.heal();
});
afterAll(async () => {
  await gateway.stop();
  await clinic.sandbox.close();
});

const get = <T = unknown>(path: string, headers: Record<string, string> = {}): Promise<Answer<T>> =>
  tenant.call<T>('GET', path, { headers });
const etagAt = async (path: string): Promise<string> => (await get(path)).headers.get('etag')!;
const knowing = async (path: string, etag: string): Promise<number> =>
  (await get(path, { 'if-none-match': etag })).status;

describe('an id in capitals', () => {
  it('is the same id in a path, whatever is done there', async () => {
    const { id } = await desk.newClient();
    const path = `/v1/clients/${id.toUpperCase()}`;
    expect((await get<Client>(path)).need(200).id).toBe(id);
    expect((await get<Client>(path, { 'cache-control': 'no-cache' })).need(200).id).toBe(id);
    expect((await desk.patch<Client>(path, { firstName: 'Augusta' })).need(200).id).toBe(id);
    (await tenant.call('DELETE', path)).need(204);
  });

  it('is the same id in a body, in a batch and in a query', async () => {
    const visit = desk.visit() as Record<string, string>;
    const loud = Object.fromEntries(
      Object.entries(visit).map(([field, value]) => [
        field,
        field.endsWith('Id') ? value.toUpperCase() : value,
      ]),
    );
    const made = (await desk.post('/v1/appointments', loud)).need(201);
    expect(made).toMatchObject({ clientId: visit.clientId, practitionerId: visit.practitionerId });
    const operations = [{ op: 'update', id: made.id.toUpperCase(), data: { notes: 'by the window' } }];
    const { results } = (
      await desk.post<{ results: { status: number }[] }>('/v1/appointments/batch', { operations })
    ).need(200);
    expect(results).toMatchObject([{ status: 200, data: { id: made.id, notes: 'by the window' } }]);
    const query = new URLSearchParams({
      ...Object.fromEntries(
        Object.entries(loud).filter(([field]) => field.endsWith('Id') && field !== 'clientId'),
      ),
      from: new Date(Date.now() + DAY).toISOString(),
      to: new Date(Date.now() + 8 * DAY).toISOString(),
    });
    (await get(`/v1/availability?${query.toString()}`)).need(200);
  });
});

describe('an ETag', () => {
  it('is another as soon as what is included with the record is', async () => {
    const { id, clientId } = await desk.book();
    const path = `/v1/appointments/${id}?include=client`;
    const etag = await etagAt(path);
    expect(await knowing(path, etag)).toBe(304);
    (await desk.patch(`/v1/clients/${String(clientId)}`, { notes: 'knocks twice' })).need(200);
    expect(await knowing(path, etag)).toBe(200);
    expect(await knowing(`/v1/appointments/${id}`, await etagAt(`/v1/appointments/${id}`))).toBe(304);
  });

  it('of a record with what it includes still says which version a write is for', async () => {
    const { id } = await desk.book();
    const match = { 'if-match': await etagAt(`/v1/appointments/${id}?include=client,remote`) };
    (await desk.patch(`/v1/appointments/${id}`, { notes: 'first' }, match)).need(200);
    const { status, problem } = await desk.patch(`/v1/appointments/${id}`, { notes: 'second' }, match);
    expect([status, problem.code]).toEqual([412, 'version_mismatch']);
  });

  it('of a connection is another after a sync, and serves for the same write', async () => {
    const path = `/v1/connections/${desk.connectionId}`;
    const etag = await etagAt(path);
    await tenant.sync(desk.connectionId);
    const { lastSyncAt } = (await get<ShownConnection>(path)).need(200);
    expect(lastSyncAt).not.toBeNull();
    expect(await knowing(path, etag)).toBe(200);
    (await desk.patch(path, { name: 'Renamed' }, { 'if-match': etag })).need(200);
    expect((await desk.patch(path, { name: 'Again' }, { 'if-match': etag })).status).toBe(412);
  });

  it('answers a HEAD as it answers the GET', async () => {
    const { id } = await desk.newClient();
    const headers = { 'if-none-match': await etagAt(`/v1/clients/${id}`) };
    expect((await tenant.call('HEAD', `/v1/clients/${id}`, { headers })).status).toBe(304);
  });
});

describe('a list', () => {
  it('goes on whichever way its filters are arranged', async () => {
    const { page } = (
      await get<ListOf<Appointment>>('/v1/appointments?limit=1&status=booked,cancelled')
    ).need(200);
    const rest = `limit=1&cursor=${String(page.nextCursor)}`;
    (await get(`/v1/appointments?status=cancelled&status=booked&${rest}`)).need(200);
    expect((await get(`/v1/appointments?status=booked&${rest}`)).problem.code).toBe('cursor_invalid');
  });

  it('of keys and of vendors comes in pages like every other', async () => {
    for (const label of ['read', 'write'] as const) await tenant.key([label]);
    for (const [call, path] of [
      [gateway.operator, `/v1/tenants/${tenant.id}/api-keys`],
      [tenant.call, '/v1/vendors'],
    ] as const) {
      const whole = (await call<ListOf<object>>('GET', path)).need(200);
      expect(whole.page).toEqual({ limit: 25, nextCursor: null });
      const found: object[] = [];
      for (let next: string | null = `${path}?limit=1`; next !== null;) {
        const answer: Answer<ListOf<object>> = await call<ListOf<object>>('GET', next);
        expect(answer.need(200).data).toHaveLength(1);
        found.push(...answer.body.data);
        next = /^<(.*)>; rel="next"$/.exec(answer.headers.get('link') ?? '')?.[1] ?? null;
      }
      expect(found).toEqual(whole.data);
      expect((await call('GET', `${path}?limit=201`)).problem.code).toBe('validation_failed');
      expect((await call('GET', `${path}?cursor=x`)).problem.code).toBe('cursor_invalid');
    }
  });
});

describe('what was made', () => {
  it('is found where its Location says', async () => {
    const account = {
      vendor: name,
      name: 'Second',
      credentials: clinic.sandbox.credentials,
      settings: { ...clinic.sandbox.settings, baseUrl: clinic.sandbox.baseUrl, sync: { enabled: false } },
    };
    const hook = { url: 'https://receiver.example/hooks', eventTypes: ['*'] };
    for (const [call, path, body] of [
      [gateway.operator, '/v1/tenants', { name: 'Lakeside', slug: 'lakeside-manners' }],
      [tenant.call, '/v1/connections', account],
      [tenant.call, '/v1/webhook-endpoints', hook],
    ] as const) {
      const made = await call<{ id: string }>('POST', path, { body });
      expect(made.headers.get('location')).toBe(`${path}/${made.need(201).id}`);
      (await call('GET', made.headers.get('location')!)).need(200);
    }
  });

  it('says so again with the first answer to a key', async () => {
    const ask = (): Promise<Answer<unknown>> =>
      desk.post(
        `/v1/connections/${desk.connectionId}/syncs`,
        { mode: 'full' },
        { 'idempotency-key': 'a-sync' },
      );
    const first = await ask();
    first.need(202);
    const again = await ask();
    expect(again.headers.get('idempotent-replayed')).toBe('true');
    expect(again.headers.get('location')).toBe(first.headers.get('location'));
    const { status } = await until(
      async () => (await get<{ status: string }>(first.headers.get('location')!)).need(200),
      (sync) => !['queued', 'running'].includes(sync.status),
    );
    expect(status).toBe('succeeded');
  });
});

describe('words', () => {
  it('in Accept may be written in any case', async () => {
    (await get('/v1/vendors', { accept: 'Application/JSON' })).need(200);
  });

  it('of a refusal say what is missing, and not how long it may be', async () => {
    const body = { vendor: name, name: 'Second', credentials: {}, settings: clinic.sandbox.settings };
    const { problem } = await desk.post('/v1/connections', body);
    expect(problem.errors?.map(({ message }) => message)).toEqual(
      Object.keys(clinic.sandbox.credentials).map((field) => `${field} is missing`),
    );
    expect((await get('/v1/availability')).problem.errors?.map(({ message }) => message)).toEqual([
      'from is missing',
      'to is missing',
    ]);
  });

  it('that are blank are none: nothing is cleared by them, and nothing listed', async () => {
    const { id } = await desk.newClient();
    const { status, problem } = await desk.patch(`/v1/clients/${id}`, { firstName: '   ' });
    expect([status, problem.errors?.[0]?.pointer]).toEqual([400, '/firstName']);
    expect((await get('/v1/clients?q=%20')).problem.errors?.[0]?.parameter).toBe('q');
  });
});

it('a phone number is found however it is spelled, and one that nobody could call is refused', async () => {
  const { id, phone } = await desk.newClient({ phone: '+447400123456' });
  expect(phone).toBe('+447400123456');
  for (const spelled of ['+447400123456', '+44 7400 123 456', '+44 (0)7400 123456'])
    expect(
      (await tenant.all<Client>(`/v1/clients?phone=${encodeURIComponent(spelled)}`)).map((one) => one.id),
    ).toContain(id);
  for (const wrong of ['07400123456', '447400123456', 'Lovelace']) {
    const { status, problem } = await get(`/v1/clients?phone=${wrong}`);
    expect([status, problem.errors?.[0]]).toMatchObject([400, { parameter: 'phone' }]);
  }
});

it('a slot is asked for of nobody where its practitioner is not ours', async () => {
  const query = new URLSearchParams({
    connectionId: desk.connectionId,
    practitionerId: NOWHERE,
    from: new Date(Date.now() + DAY).toISOString(),
    to: new Date(Date.now() + 2 * DAY).toISOString(),
  });
  const { status, problem } = await get(`/v1/availability?${query.toString()}`);
  expect([status, problem.code, problem.errors?.[0]?.parameter]).toEqual([
    404,
    'not_found',
    'practitionerId',
  ]);
});

it('the time in the database counts whichever way it is asked', async () => {
  for (const path of [`/v1/connections?limit=1`, `/v1/webhook-endpoints`])
    expect((await get(path)).headers.get('server-timing')).not.toMatch(/^db;dur=0\.0,/);
});

it('a check that the vendor refuses turns the connection failing', async () => {
  clinic.sandbox.fail({ fault: { kind: 'status', status: 401 }, times: 50 });
  const path = `/v1/connections/${desk.connectionId}`;
  expect((await tenant.call('POST', `${path}/check`)).need(200)).toMatchObject({ ok: false });
  clinic.sandbox.heal();
  expect((await get<ShownConnection>(path)).need(200)).toMatchObject({
    status: 'failing',
    lastError: { code: 'vendor_auth_failed' },
  });
});
