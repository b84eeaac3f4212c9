import { type ResourceName, RESOURCE_NAMES } from '../../src/canonical/index';
import { schemaOf } from '../../src/vendors/kit/config-schema';
import { CASES } from '../contract/vendors';
import { startClinic, type Clinic } from '../support/clinics';
import { startGateway, type Gateway, type TestTenant } from '../support/gateway';
import {
  FRESH,
  type Answer,
  type Shown,
  type ShownConnection,
  type ShownMapping,
  type ShownProblem,
} from '../support/calls';
import { formsOf, spoiltCredentials } from '../support/secrets';

interface ShownVendor {
  readonly vendor: string;
  readonly title: string;
  readonly docs: string;
  readonly credentialsSchema: Schema;
  readonly settingsSchema: Schema;
  readonly capabilities: Readonly<Record<string, unknown>>;
}
interface Schema {
  readonly type: string;
  readonly properties: Readonly<Record<string, Schema & { readonly writeOnly?: boolean }>>;
  readonly additionalProperties?: boolean;
}
interface Check {
  readonly ok: boolean;
  readonly vendor: { readonly status: number | null };
  readonly latencyMs: number;
  readonly account: string | null;
  readonly problem?: { readonly code: string; readonly message: string };
}

const NOWHERE = '019a9c3e-7c1f-7d5a-b0a3-6f3f0f0d9a41';

let gateway: Gateway;
let clinics: Clinic[];
let tenant: TestTenant;

beforeAll(async () => {
  clinics = await Promise.all(CASES.map(({ name }) => startClinic(name, { clients: 12, appointments: 30 })));
  gateway = await startGateway(clinics.map(({ sandbox }) => sandbox));
  tenant = await gateway.tenant('Northside Clinics');
});
afterAll(async () => {
  await gateway.stop();
  await Promise.all(clinics.map(({ sandbox }) => sandbox.close()));
});

const clinicOf = (vendor: string): Clinic => clinics.find(({ sandbox }) => sandbox.vendor === vendor)!;
const read = async (id: string): Promise<ShownConnection> =>
  (await tenant.call<ShownConnection>('GET', `/v1/connections/${id}`)).need(200);
const patch = (id: string, body: unknown, headers = {}): Promise<Answer<ShownConnection>> =>
  tenant.call<ShownConnection>('PATCH', `/v1/connections/${id}`, { body, headers });
const post = (body: unknown): Promise<Answer<ShownConnection>> =>
  tenant.call<ShownConnection>('POST', '/v1/connections', { body });
const pointersOf = ({ errors }: ShownProblem): (string | undefined)[] =>
  (errors ?? []).map(({ pointer }) => pointer);
const check = async (id: string): Promise<Check> =>
  (await tenant.call<Check>('POST', `/v1/connections/${id}/check`)).need(200);

describe('GET /v1/vendors', () => {
  it("shows every vendor's matrix and schemas as its code has them", async () => {
    const { data } = (await tenant.call<{ data: ShownVendor[] }>('GET', '/v1/vendors')).need(200);
    expect(data.map(({ vendor }) => vendor).sort()).toEqual(CASES.map(({ name }) => name).sort());
    for (const { name, vendor } of CASES) {
      const shown = data.find((one) => one.vendor === name)!;
      expect(shown).toEqual({
        vendor: name,
        title: vendor.title,
        docs: vendor.docs,
        credentialsSchema: JSON.parse(JSON.stringify(schemaOf(vendor.credentials))),
        settingsSchema: JSON.parse(JSON.stringify(schemaOf(vendor.settings))),
        capabilities: {
          ...vendor.capabilities,
          availability: { supported: vendor.availability !== undefined },
        },
      });
      const one = await tenant.call<ShownVendor>('GET', `/v1/vendors/${name}`);
      expect(one.need(200)).toEqual(shown);
    }
    for (const name of ['acme', 'constructor', '__proto__', 'PENGA'])
      expect([name, (await tenant.call('GET', `/v1/vendors/${name}`)).status]).toEqual([name, 404]);
  });

  it.each(CASES)('$name: the schemas say what the API takes', async ({ name }) => {
    const { data } = (await tenant.call<{ data: ShownVendor[] }>('GET', '/v1/vendors')).need(200);
    const { credentialsSchema, settingsSchema } = data.find(({ vendor }) => vendor === name)!;
    const { credentials, settings } = clinicOf(name).sandbox;
    expect(credentialsSchema).toMatchObject({ type: 'object', additionalProperties: false });
    expect(Object.keys(credentialsSchema.properties)).toEqual(
      expect.arrayContaining(Object.keys(credentials)),
    );
    expect(Object.keys(settingsSchema.properties)).toEqual(expect.arrayContaining(Object.keys(settings)));
    // Each member of the schema is known to the API, none beside them: a wrong kind of value is refused under its own name.
    for (const [part, schema, given] of [
      ['credentials', credentialsSchema, credentials],
      ['settings', settingsSchema, settings],
    ] as const) {
      const body = { vendor: name, name: 'x', credentials, settings };
      for (const wrong of [[], [[]], 7.5]) {
        const accepted: string[] = [];
        for (const member of Object.keys(schema.properties)) {
          const { status, problem } = await post({ ...body, [part]: { ...given, [member]: wrong } });
          const isNamed = pointersOf(problem).some((at) => `${at ?? ''}/`.startsWith(`/${part}/${member}/`));
          if (status !== 400 || !isNamed) accepted.push(member);
          expect(problem.errors?.filter(({ code }) => code === 'unknown') ?? []).toEqual([]);
        }
        expect([wrong, accepted]).toEqual([wrong, []]);
      }
      const { status, problem } = await post({ ...body, [part]: { ...given, favouriteColour: 'blue' } });
      expect([status, problem.errors]).toEqual([
        400,
        [expect.objectContaining({ pointer: `/${part}/favouriteColour`, code: 'unknown' })],
      ]);
    }
  });
});

describe.each(CASES)('a connection to $name', ({ name, vendor }) => {
  let clinic: Clinic;
  beforeAll(() => {
    clinic = clinicOf(name);
  });
  const body = (): Record<string, unknown> => ({
    vendor: name,
    name: 'Main practice',
    credentials: clinic.sandbox.credentials,
    settings: { ...clinic.sandbox.settings, sync: { enabled: false } },
  });

  it('shows its settings with their defaults, and of its credentials only that they are there', async () => {
    const made = await post(body());
    const shown = made.need(201);
    expect(shown).toMatchObject({
      vendor: name,
      name: 'Main practice',
      enabled: true,
      status: 'pending',
      lastSyncAt: null,
      lastError: null,
      warnings: [],
      version: 1,
      credentials: { configured: true, updatedAt: expect.stringMatching(/Z$/) as string },
    });
    expect(Object.keys(shown.credentials).sort()).toEqual(['configured', 'updatedAt']);
    expect(shown.settings).toMatchObject({
      ...clinic.sandbox.settings,
      window: { pastDays: 90, futureDays: 365 },
      sync: { enabled: false, intervalSeconds: 300 },
      timeZone: expect.stringContaining('/') as string,
      region: expect.stringMatching(/^[A-Z]{2}$/) as string,
    });
    expect(made.headers.get('etag')).toBe('"1"');
    expect(await read(shown.id)).toEqual(shown);
    const list = await tenant.all<ShownConnection>('/v1/connections');
    expect(list.find(({ id }) => id === shown.id)).toEqual(shown);
  });

  it('keeps its credentials sealed', async () => {
    const { id } = (await post(body())).need(201);
    await check(id);
    const [row] = await gateway.rows<{ row: string; credentials: string }>(
      'select c::text as row, credentials from connections c where id = $1',
      [id],
    );
    expect(row!.credentials).toMatch(/^test\.[\w-]{40,}$/);
    for (const secret of Object.values(clinic.sandbox.credentials))
      for (const form of formsOf(String(secret))) expect(row!.row).not.toContain(form);
    const again = (await post(body())).need(201);
    const [other] = await gateway.rows<{ credentials: string }>(
      'select credentials from connections where id = $1',
      [again.id],
    );
    expect(other!.credentials).not.toBe(row!.credentials);
  });

  it('names each credential that is missing, wrong or unknown', async () => {
    const missing = await post({ ...body(), credentials: {} });
    const needed = pointersOf(missing.problem);
    expect([missing.status, missing.problem.code]).toEqual([400, 'validation_failed']);
    expect(needed.length).toBeGreaterThan(0);
    for (const pointer of needed) expect(pointer).toMatch(/^\/credentials\/\w+$/);
    const names = Object.keys(clinic.sandbox.credentials);
    expect(needed.sort()).toEqual(names.map((one) => `/credentials/${one}`).sort());
    for (const value of [7, '', null, {}, ['x']]) {
      const wrong = await post({
        ...body(),
        credentials: Object.fromEntries(names.map((one) => [one, value])),
      });
      expect([value, wrong.status, pointersOf(wrong.problem).sort()]).toEqual([value, 400, needed]);
    }
    for (const credentials of [null, 'secret', ['x'], 7]) {
      const wrong = await post({ ...body(), credentials });
      expect([credentials, wrong.status, pointersOf(wrong.problem)]).toEqual([
        credentials,
        400,
        ['/credentials'],
      ]);
    }
  });

  it('calls no host but the vendor’s own and the ones that the operator allows', async () => {
    const port = new URL(clinic.sandbox.baseUrl).port;
    const completed = vendor.complete?.({ credentials: {}, settings: {} });
    const real = new URL((completed?.['baseUrl'] as string | undefined) ?? new vendor.settings().baseUrl)
      .host;
    expect(vendor.hosts.some((host) => host.test(real))).toBe(true);
    const forbidden = [
      'http://169.254.169.254/latest/meta-data',
      'http://localhost:5432',
      'http://127.0.0.1:1',
      `http://127.0.0.2:${port}`,
      `http://127.0.0.1.:${port}`,
      `https://127.0.0.1:${port === '443' ? '444' : '443'}`,
      `http://[::1]:${port}`,
      `http://${real}`,
      `https://${real}.`,
      `https://${real}.example.com`,
      `https://${real}:8443`,
      `https://${real}@example.com`,
      `https://user:pass@${real}`,
      `https://x${real}`,
      `https://example.com/${real}`,
      `https://example.com#${real}`,
      `https://example.com?${real}`,
      `ftp://${real}`,
      `//${real}`,
      real,
      'javascript:alert(1)',
      'https://',
      '',
    ];
    const before = clinic.sandbox.requests.length;
    for (const baseUrl of forbidden) {
      const { status, problem } = await post({
        ...body(),
        settings: { ...clinic.sandbox.settings, baseUrl },
      });
      expect([baseUrl, status, problem.code, pointersOf(problem)]).toEqual([
        baseUrl,
        400,
        'validation_failed',
        ['/settings/baseUrl'],
      ]);
    }
    expect(clinic.sandbox.requests.length).toBe(before);
    const settings = { ...clinic.sandbox.settings, sync: { enabled: false }, baseUrl: `https://${real}/v1` };
    const { id } = (await post({ ...body(), settings })).need(201);
    expect((await patch(id, { settings: { baseUrl: 'http://169.254.169.254/' } })).status).toBe(400);
    expect((await read(id)).settings['baseUrl']).toBe(`https://${real}/v1`);
  });

  it('merges settings key by key, null takes one away', async () => {
    const { id, settings } = (await post(body())).need(201);
    const changed = (
      await patch(id, {
        settings: { rateLimit: { requestsPerMinute: 77 }, window: { pastDays: 3, futureDays: 4 } },
      })
    ).need(200);
    expect(changed.settings).toEqual({
      ...settings,
      rateLimit: { requestsPerMinute: 77 },
      window: { pastDays: 3, futureDays: 4 },
    });
    expect(changed.version).toBe(2);
    const removed = (await patch(id, { settings: { rateLimit: null, window: null } })).need(200);
    expect(removed.settings).toEqual(settings);
    const refused = await patch(id, { settings: { window: { pastDays: -1, futureDays: 4 } } });
    expect([refused.status, pointersOf(refused.problem)]).toEqual([400, ['/settings/window/pastDays']]);
    expect((await read(id)).settings).toEqual(settings);
    const stale = await patch(id, { name: 'Too late' }, { 'if-match': '"1"' });
    expect([stale.status, stale.problem.code]).toEqual([412, 'version_mismatch']);
    expect((await patch(id, { name: 'In time' }, { 'if-match': '"3"' })).need(200).name).toBe('In time');
  });

  it('is checked with the vendor, good credentials and bad ones', async () => {
    const { id } = (await post(body())).need(201);
    const before = clinic.sandbox.requests.length;
    const good = await check(id);
    expect(good).toMatchObject({ ok: true, vendor: { status: 200 } });
    expect(good.latencyMs).toBeGreaterThanOrEqual(0);
    expect(clinic.sandbox.requests.length).toBeGreaterThan(before);

    const wrong = (await patch(id, { credentials: spoiltCredentials(clinic.sandbox.credentials) })).need(200);
    const bad = await check(id);
    expect(bad).toMatchObject({ ok: false, account: null, problem: { code: 'vendor_auth_failed' } });
    expect(bad.vendor.status).toBe(401);
    const back = (await patch(id, { credentials: clinic.sandbox.credentials })).need(200);
    expect(Date.parse(back.credentials.updatedAt)).toBeGreaterThanOrEqual(
      Date.parse(wrong.credentials.updatedAt),
    );
    expect(await check(id)).toMatchObject({ ok: true });
    clinic.sandbox.fail({ fault: { kind: 'status', status: 500 }, times: 20 });
    const broken = await check(id);
    clinic.sandbox.heal();
    expect(broken).toMatchObject({ ok: false, problem: { code: 'vendor_error' }, vendor: { status: 500 } });
  });

  it('keeps the ids of its records when its credentials change', async () => {
    const id = await tenant.connect(clinic.sandbox);
    expect((await tenant.sync(id)).status).toBe('succeeded');
    const idsOf = async (): Promise<[string, string][]> =>
      (await tenant.all<Shown<'clients'>>(`/v1/clients?connectionId=${id}&includeDeleted=true`)).map(
        (one): [string, string] => [one.remoteId, one.id],
      );
    const first = await idsOf();
    expect(first.length).toBeGreaterThan(0);
    (await patch(id, { credentials: spoiltCredentials(clinic.sandbox.credentials) })).need(200);
    const failed = await tenant.sync(id);
    expect([failed.status, failed.errors[0]?.code]).toEqual(['failed', 'vendor_auth_failed']);
    expect(await read(id)).toMatchObject({
      status: 'failing',
      lastError: { code: 'vendor_auth_failed', retryable: false },
    });
    expect(await idsOf()).toEqual(first);
    (await patch(id, { credentials: clinic.sandbox.credentials })).need(200);
    expect((await tenant.sync(id)).status).toBe('succeeded');
    expect(await read(id)).toMatchObject({ lastError: null });
    expect(await idsOf()).toEqual(first);
  });

  it('does nothing while it is switched off, and its records can still be read', async () => {
    const id = await tenant.connect(clinic.sandbox);
    await tenant.sync(id);
    const clients = await tenant.all<Shown<'clients'>>(`/v1/clients?connectionId=${id}`);
    expect((await patch(id, { enabled: false })).need(200)).toMatchObject({
      enabled: false,
      status: 'disabled',
    });
    const before = clinic.sandbox.requests.length;
    const refused = await tenant.call('POST', `/v1/connections/${id}/syncs`, { body: { mode: 'full' } });
    expect([refused.status, refused.problem.code]).toEqual([409, 'connection_disabled']);
    const fresh = await tenant.call('GET', `/v1/clients/${clients[0]!.id}`, FRESH);
    expect([fresh.status, fresh.problem.code]).toEqual([409, 'connection_disabled']);
    expect((await tenant.call('GET', `/v1/clients/${clients[0]!.id}`)).status).toBe(200);
    expect(clinic.sandbox.requests.length).toBe(before);
    expect((await patch(id, { enabled: true })).need(200)).toMatchObject({
      enabled: true,
      status: 'pending',
    });
    expect((await tenant.sync(id)).status).toBe('succeeded');
  });

  it('takes every record with it when it is deleted, and only its own', async () => {
    const [kept, doomed] = [await tenant.connect(clinic.sandbox), await tenant.connect(clinic.sandbox)];
    for (const id of [kept, doomed]) expect((await tenant.sync(id)).status).toBe('succeeded');
    const countsOf = async (id: string): Promise<Record<string, number>> => {
      const counts: Record<string, number> = {};
      for (const resource of RESOURCE_NAMES as readonly ResourceName[])
        counts[resource] = (
          await tenant.all(`/v1/${resource}?connectionId=${id}&includeDeleted=true`)
        ).length;
      counts['remoteIds'] = (await tenant.all<ShownMapping>(`/v1/remote-ids?connectionId=${id}`)).length;
      return counts;
    };
    const before = await countsOf(kept);
    expect(await countsOf(doomed)).toEqual(before);
    expect(Math.min(...Object.values(before))).toBeGreaterThan(0);
    const stale = await tenant.call('DELETE', `/v1/connections/${doomed}`, {
      headers: { 'if-match': '"9"' },
    });
    expect(stale.status).toBe(412);
    (await tenant.call('DELETE', `/v1/connections/${doomed}`)).need(204);
    expect((await tenant.call('GET', `/v1/connections/${doomed}`)).status).toBe(404);
    expect(Object.values(await countsOf(doomed))).toEqual(Object.keys(before).map(() => 0));
    expect(await countsOf(kept)).toEqual(before);
    const [left] = await gateway.rows<{ count: string }>(
      'select count(*) from raw_records w where not exists (select from remote_ids r where r.id = w.id)',
    );
    expect(left!.count).toBe('0');
  });
});

it.each([
  ['/vendor', { vendor: 'acme' }],
  ['/vendor', { vendor: null }],
  ['/vendor', { vendor: 'constructor' }],
  ['/name', { name: '' }],
  ['/name', { name: 'x'.repeat(201) }],
  ['/name', { name: 'bell \u0007' }],
  ['/tenantId', { tenantId: NOWHERE }],
  ['/status', { status: 'active' }],
  ['/settings', { settings: 'all' }],
  ['/settings', { settings: [] }],
])('a connection is refused with %s for %j', async (pointer, wrong) => {
  const { vendor, credentials, settings } = clinics[0]!.sandbox;
  const answer = await post({ vendor, name: 'Main', credentials, settings, ...wrong });
  expect([answer.status, answer.problem.code, pointersOf(answer.problem)]).toEqual([
    400,
    'validation_failed',
    [pointer],
  ]);
});
