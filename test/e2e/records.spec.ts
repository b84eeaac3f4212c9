import { setTimeout as pause } from 'node:timers/promises';
import { RESOURCE_NAMES, type ResourceName } from '../../src/canonical/index';
import type { Slot } from '../../src/canonical/slot';
import { CASES } from '../contract/vendors';
import { FOR_GOOD, startClinic, type Clinic } from '../support/clinics';
import { startGateway, type Gateway, type TestTenant } from '../support/gateway';
import { FRESH, type Answer, type Shown, type ShownConnection, type ShownMapping } from '../support/calls';

type Client = Shown<'clients'>;
interface Available {
  readonly data: (Slot<string> & { readonly connectionId: string })[];
  readonly warnings: string[];
}

const NOWHERE = '019a9c3e-7c1f-7d5a-b0a3-6f3f0f0d9a41';
const DAY = 86_400_000;

let gateway: Gateway;
let clinics: Clinic[];
let tenant: TestTenant;
let stranger: TestTenant;
const connections = new Map<string, string>();

beforeAll(async () => {
  clinics = await Promise.all(CASES.map(({ name }) => startClinic(name, { clients: 30, appointments: 60 })));
  gateway = await startGateway(clinics.map(({ sandbox }) => sandbox));
  tenant = await gateway.tenant('Northside Clinics');
  stranger = await gateway.tenant('Rival Clinics');
  await Promise.all(
    clinics.map(async ({ sandbox }) => {
      const id = await tenant.connect(sandbox);
      connections.set(sandbox.vendor, id);
      expect((await tenant.sync(id)).status).toBe('succeeded');
    }),
  );
});
afterAll(async () => {
  await gateway.stop();
  await Promise.all(clinics.map(({ sandbox }) => sandbox.close()));
});

const read = <T = Client>(path: string, options = {}): Promise<Answer<T>> =>
  tenant.call<T>('GET', path, options);

describe.each(CASES)('a record of $name', ({ name, vendor }) => {
  let clinic: Clinic;
  let connection: string;
  let clients: Client[];
  beforeAll(async () => {
    clinic = clinics.find(({ sandbox }) => sandbox.vendor === name)!;
    connection = connections.get(name)!;
    clients = await tenant.all<Client>(`/v1/clients?connectionId=${connection}&status=active`);
  });
  afterEach(() => {
    clinic.sandbox.heal();
  });

  it.each(RESOURCE_NAMES)('is the same in the list of %s and alone', async (resource) => {
    const list = await tenant.all<Shown<ResourceName>>(`/v1/${resource}?connectionId=${connection}`);
    for (const one of [list[0]!, list.at(-1)!]) {
      const alone = await read<Shown<ResourceName>>(`/v1/${resource}/${one.id}`);
      expect(alone.need(200)).toEqual(one);
      expect(alone.headers.get('etag')).toBe(`"${String(one.version)}"`);
      expect((await stranger.call('GET', `/v1/${resource}/${one.id}`)).status).toBe(404);
      const others = RESOURCE_NAMES.filter((other) => other !== resource);
      for (const other of others) expect((await read(`/v1/${other}/${one.id}`)).status).toBe(404);
    }
  });

  it('is not sent again to who has it already', async () => {
    const path = `/v1/clients/${clients[0]!.id}`;
    const { headers } = await read(path);
    const etag = headers.get('etag')!;
    for (const known of [etag, `W/${etag}`, `"0", ${etag}`, '*']) {
      const again = await read(path, { headers: { 'if-none-match': known } });
      expect([known, again.status, again.text, again.headers.get('etag')]).toEqual([known, 304, '', etag]);
    }
    expect((await read(path, { headers: { 'if-none-match': '"999"' } })).status).toBe(200);
  });

  it('says what it cost and how fresh it is, and is kept by no cache', async () => {
    const stored = await read(`/v1/clients/${clients[0]!.id}`);
    expect(stored.headers.get('server-timing')).toMatch(
      /^db;dur=[\d.]+, vendor;dur=0\.0;desc="0 calls", total;dur=[\d.]+$/,
    );
    const fresh = await read(`/v1/clients/${clients[0]!.id}`, FRESH);
    expect(fresh.headers.get('server-timing')).toMatch(/vendor;dur=[\d.]+;desc="[1-9]\d* calls?"/);
    expect(fresh.need(200).syncedAt! > stored.need(200).syncedAt!).toBe(true);
    expect(fresh.body).toEqual({ ...stored.body, syncedAt: fresh.body.syncedAt });
    for (const { headers } of [stored, fresh]) expect(headers.get('cache-control')).toBe('no-store');
  });

  it('comes from the vendor where the caller insists', async () => {
    const { id, remoteId, version } = clients[1]!;
    clinic.rename(remoteId, 'Renamed');
    const before = clinic.sandbox.requests.length;
    expect((await read(`/v1/clients/${id}`)).need(200).lastName).not.toBe('Renamed');
    expect(clinic.sandbox.requests.length).toBe(before);
    const fresh = (await read(`/v1/clients/${id}`, FRESH)).need(200);
    expect(fresh).toMatchObject({ id, remoteId, lastName: 'Renamed', version: version + 1 });
    expect(clinic.sandbox.requests.length).toBeGreaterThan(before);
    expect((await read(`/v1/clients/${id}`)).need(200)).toEqual(fresh);
    const [listed] = await tenant.all<Client>(`/v1/clients?connectionId=${connection}&q=renamed`);
    expect(listed).toEqual(fresh);
  });

  it.each([
    // The table in test/faults has every fault; these are one of each kind.
    ['status', { kind: 'status', status: 500 }, 502, 'vendor_error'],
    ['status', { kind: 'status', status: 429, headers: { 'retry-after': '3' } }, 503, 'vendor_rate_limited'],
    ['status', { kind: 'status', status: 403 }, 424, 'vendor_forbidden'],
    ['html', { kind: 'html' }, 502, 'vendor_invalid_response'],
  ] as const)("is the vendor's problem where it fails: %s %j", async (_kind, fault, status, code) => {
    const { id } = clients[2]!;
    await read(`/v1/clients/${id}`, FRESH); // logged in
    clinic.sandbox.fail({ fault, times: FOR_GOOD });
    const { problem, ...answer } = await read(`/v1/clients/${id}`, FRESH);
    expect([answer.status, problem.code]).toEqual([status, code]);
    expect(problem).toMatchObject({ origin: 'vendor', staleAvailable: true, vendor: { name } });
    if (status === 503) expect(Number(answer.headers.get('retry-after'))).toBe(problem.retryAfterSeconds);
    if (fault.kind === 'status' && fault.status === 429) {
      expect(problem.retryAfterSeconds).toBe(3);
      // Until then nobody asks the vendor anything.
      await pause(3_500);
    }
    expect((await read(`/v1/clients/${id}`)).status).toBe(200);
    clinic.sandbox.heal();
    expect((await read(`/v1/clients/${id}`, FRESH)).status).toBe(200);
  });

  it('is gone where the vendor has it no more', async () => {
    const { id, remoteId, version } = clients[3]!;
    clinic.remove(remoteId);
    // A vendor that still shows what was archived forgets it now altogether.
    clinic.sandbox.fail({ fault: { kind: 'status', status: 404 }, path: `/${remoteId}`, times: FOR_GOOD });
    const asked = await read(`/v1/clients/${id}`, FRESH);
    clinic.sandbox.heal();
    expect([asked.status, asked.problem.code]).toEqual([404, 'vendor_gone']);
    const later = await read(`/v1/clients/${id}`);
    expect([later.status, later.problem.code]).toEqual([404, 'not_found']);
    const deleted = (await read(`/v1/clients/${id}?includeDeleted=true`)).need(200);
    expect(deleted).toMatchObject({
      id,
      version: version + 1,
      deletedAt: expect.stringMatching(/Z$/) as string,
    });
    const mapped = await tenant.all<ShownMapping>(`/v1/remote-ids?canonicalId=${id}`);
    expect(mapped).toEqual([expect.objectContaining({ goneAt: deleted.deletedAt })]);
  });

  it('is not taken for deleted where nothing at all is found at the vendor', async () => {
    const { id, version } = clients[5]!;
    clinic.sandbox.fail({ fault: { kind: 'status', status: 404 }, times: 1_000 });
    const asked = await read(`/v1/clients/${id}`, FRESH);
    const sync = await tenant.sync(connection);
    clinic.sandbox.heal();
    expect(asked.status).toBeGreaterThanOrEqual(400);
    expect(sync.status).toBe('failed');
    expect((await read(`/v1/clients/${id}?includeDeleted=true`)).need(200)).toMatchObject({
      version,
      deletedAt: null,
    });
    expect((await tenant.sync(connection)).status).toBe('succeeded');
  });

  it('turns the connection failing where the vendor refuses its credentials', async () => {
    await read(`/v1/clients/${clients[4]!.id}`, FRESH);
    clinic.sandbox.fail({ fault: { kind: 'status', status: 401 }, times: FOR_GOOD });
    const { status, problem } = await read(`/v1/clients/${clients[4]!.id}`, FRESH);
    clinic.sandbox.heal();
    expect([status, problem.code, problem.staleAvailable]).toEqual([424, 'vendor_auth_failed', true]);
    const shown = (await tenant.call<ShownConnection>('GET', `/v1/connections/${connection}`)).need(200);
    expect(shown).toMatchObject({ status: 'failing', lastError: { code: 'vendor_auth_failed' } });
  });

  it.each(RESOURCE_NAMES)('of %s is found in the mapping table from both sides', async (resource) => {
    const list = await tenant.all<Shown<ResourceName>>(
      `/v1/${resource}?connectionId=${connection}&includeDeleted=true`,
    );
    for (const { id, remoteId } of [list[0]!, list.at(-1)!]) {
      const [ours] = await tenant.all<ShownMapping>(`/v1/remote-ids?canonicalId=${id}`);
      expect(ours).toMatchObject({
        resource,
        canonicalId: id,
        connectionId: connection,
        vendor: name,
        remoteId,
      });
      const query = `resource=${resource}&connectionId=${connection}&remoteId=${encodeURIComponent(remoteId)}`;
      expect(await tenant.all<ShownMapping>(`/v1/remote-ids?${query}`)).toEqual([ours]);
      expect(await stranger.all(`/v1/remote-ids?canonicalId=${id}`)).toEqual([]);
      expect(await stranger.all(`/v1/remote-ids?remoteId=${encodeURIComponent(remoteId)}`)).toEqual([]);
    }
    const mapped = await tenant.all<ShownMapping>(
      `/v1/remote-ids?resource=${resource}&connectionId=${connection}&limit=7`,
    );
    expect(new Set(mapped.map(({ canonicalId }) => canonicalId)).size).toBe(mapped.length);
    expect(mapped.length).toBeGreaterThanOrEqual(list.length);
  });

  describe('availability', () => {
    const from = new Date(Math.floor(Date.now() / DAY) * DAY + DAY).toISOString();
    const to = new Date(Date.parse(from) + 14 * DAY).toISOString();
    const ask = (query: Record<string, string>): Promise<Answer<Available>> =>
      read<Available>(`/v1/availability?${new URLSearchParams(query).toString()}`);

    if (!vendor.availability) {
      it('is not what this vendor tells', async () => {
        const { status, problem } = await ask({ connectionId: connection, from, to });
        expect([status, problem.code]).toEqual([422, 'capability_not_supported']);
      });
      return;
    }
    const { needs } = vendor.availability;
    /** Ids that go together: those of an appointment that the vendor offers online. */
    async function offers(): Promise<Record<string, string>[]> {
      const appointments = await tenant.all<Shown<'appointments'>>(
        `/v1/appointments?connectionId=${connection}`,
      );
      return appointments.flatMap((one) => {
        const ids = needs.map((need): [string, string | null] => [`${need}Id`, one[`${need}Id`]]);
        return ids.every(([, id]) => id !== null) ? [Object.fromEntries(ids) as Record<string, string>] : [];
      });
    }

    it("is the vendor's own, within what was asked for", async () => {
      let found: Available['data'] = [];
      let offer: Record<string, string> = {};
      for (offer of await offers()) {
        found = (await ask({ ...offer, from, to })).need(200).data;
        if (found.length > 0) break;
      }
      const remote = new Map(
        (await tenant.all<ShownMapping>(`/v1/remote-ids?connectionId=${connection}`)).map((one) => [
          one.canonicalId,
          one.remoteId,
        ]),
      );
      const idOf = (need: string): string => remote.get(offer[`${need}Id`] ?? '') ?? '';
      const theirs = (await OFFERED[name]!(clinic, idOf, { from, to })).filter((at) => at >= from && at < to);
      expect(theirs.length).toBeGreaterThan(0);
      expect(found.map(({ start }) => start)).toEqual(theirs);
      for (const slot of found) {
        expect(slot).toMatchObject({ connectionId: connection, ...offer });
        expect(slot.end! > slot.start).toBe(true);
      }
      expect((await ask({ ...offer, connectionId: connection, from, to })).need(200).data).toEqual(found);
      const half = new Date(Date.parse(from) + 7 * DAY).toISOString();
      const firstWeek = (await ask({ ...offer, from, to: half })).need(200).data;
      expect(firstWeek).toEqual(found.filter(({ start }) => start < half));
    });

    it('names what is missing, and what is wrong', async () => {
      const [offer] = await offers();
      for (const need of needs) {
        const { [`${need}Id`]: _left, ...rest } = offer!;
        const { status, problem } = await ask({ ...rest, connectionId: connection, from, to });
        expect([need, status, problem.errors?.map(({ parameter }) => parameter)]).toEqual([
          need,
          400,
          [`${need}Id`],
        ]);
      }
      const long = new Date(Date.parse(from) + 31 * DAY + 1).toISOString();
      for (const [wrong, parameter] of [
        [{ from, to: long }, 'to'],
        [{ from, to: from }, 'to'],
        [{ from: to, to: from }, 'to'],
        [{ from }, 'to'],
        [{ from: 'today', to }, 'from'],
        [{ from, to, limit: '3' }, 'limit'],
      ] as const) {
        const { status, problem } = await ask({ ...offer, ...wrong });
        expect([wrong, status, problem.errors?.map((one) => one.parameter)]).toEqual([
          wrong,
          400,
          [parameter],
        ]);
      }
      const edge = new Date(Date.parse(from) + 31 * DAY).toISOString();
      expect((await ask({ ...offer, from, to: edge })).status).toBe(200);
      expect((await ask({ from, to })).problem.errors?.[0]?.parameter).toBe('connectionId');
    });

    it("tells of another tenant's ids what it tells of ids that nobody has", async () => {
      const [offer] = await offers();
      const query = (ids: Record<string, string>): string =>
        new URLSearchParams({ ...ids, from, to }).toString();
      const theirs = await stranger.call('GET', `/v1/availability?${query(offer!)}`);
      const nobodys = Object.fromEntries(Object.keys(offer!).map((key) => [key, NOWHERE]));
      const none = await stranger.call('GET', `/v1/availability?${query(nobodys)}`);
      expect(theirs.status).toBeGreaterThanOrEqual(400);
      expect({ ...theirs.problem, requestId: '' }).toEqual({ ...none.problem, requestId: '' });
      const before = clinic.sandbox.requests.length;
      const through = await stranger.call('GET', `/v1/availability?${query({ connectionId: connection })}`);
      expect([through.status, through.problem.code]).toEqual([404, 'not_found']);
      expect(clinic.sandbox.requests.length).toBe(before);
    });
  });
});

type Offered = (
  clinic: Clinic,
  idOf: (need: string) => string,
  span: { from: string; to: string },
) => Promise<string[]>;

/** The starts that a vendor offers, asked of its sandbox without the gateway. */
const OFFERED: Readonly<Record<string, Offered>> = {
  cliniko: async ({ sandbox }, idOf, { from }) => {
    const at = `/businesses/${idOf('location')}/practitioners/${idOf('practitioner')}/appointment_types/${idOf('service')}/available_times`;
    const key = Buffer.from(`${String(sandbox.credentials['apiKey'])}:`).toString('base64');
    const starts: string[] = [];
    for (let day = -1; day < 16; day += 1) {
      const date = new Date(Date.parse(from) + day * DAY).toISOString().slice(0, 10);
      const response = await fetch(`${sandbox.baseUrl}${at}?from=${date}&to=${date}&per_page=100`, {
        headers: {
          authorization: `Basic ${key}`,
          'user-agent': 'Test (test@example.com)',
          accept: 'application/json',
        },
      });
      if (!response.ok) continue;
      const { available_times } = (await response.json()) as {
        available_times: { appointment_start: string }[];
      };
      starts.push(...available_times.map((one) => new Date(one.appointment_start).toISOString()));
    }
    return starts;
  },
  progenda: async ({ sandbox }, idOf) => {
    const { userEmail, userToken } = sandbox.credentials as Record<string, string>;
    const query = new URLSearchParams({
      user_email: userEmail!,
      user_token: userToken!,
      calendar_id: idOf('practitioner'),
      service_id: idOf('service'),
    });
    const headers = { accept: 'application/json', 'content-type': 'application/json' };
    const response = await fetch(`${sandbox.baseUrl}/suggestions?${query.toString()}`, { headers });
    const { suggestions } = (await response.json()) as { suggestions: { suggestion: { start: string } }[] };
    return suggestions.map(({ suggestion }) => new Date(suggestion.start).toISOString());
  },
};

describe('every answer', () => {
  it('carries the request id that was sent, or one of its own', async () => {
    const given = await read('/v1/clients', { headers: { 'x-request-id': 'night-shift/42' } });
    expect(given.headers.get('x-request-id')).toBe('night-shift/42');
    const made = (await read('/v1/clients')).headers.get('x-request-id');
    expect(made).toMatch(/^[0-9a-f-]{36}$/);
    expect((await read('/v1/clients')).headers.get('x-request-id')).not.toBe(made);
    for (const bad of ['x'.repeat(129), 'a b', '<script>', '"']) {
      const answer = await read(`/v1/clients/${NOWHERE}`, { headers: { 'x-request-id': bad } });
      expect(answer.headers.get('x-request-id')).toMatch(/^[0-9a-f-]{36}$/);
      expect(answer.problem.requestId).toBe(answer.headers.get('x-request-id'));
    }
  });

  it.each(['clients', 'appointments', 'practitioners', 'services', 'locations'])(
    'of an id that is no id of ours is 404: %s',
    async (resource) => {
      for (const id of [NOWHERE, '1', 'C-00000003', '%00', '..', '%2e%2e', 'x'.repeat(190), `${NOWHERE}x`]) {
        const { status, problem } = await read(`/v1/${resource}/${id}`);
        const isList = id === '..' || id === '%2e%2e';
        expect([id, status, isList ? 'not_found' : problem.code]).toEqual([id, 404, 'not_found']);
      }
    },
  );
});
