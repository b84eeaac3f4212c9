import { randomUUID } from 'node:crypto';
import { CASES } from '../contract/vendors';
import { startClinic, type Clinic } from '../support/clinics';
import { startGateway, type Gateway, type TestTenant } from '../support/gateway';
import { FRESH, type Answer, type Call, type ListOf, type Shown } from '../support/calls';
import { until } from '../support/until';
import { auditOf, auditPage, type ShownAuditEvent } from '../support/audit';

type Appointment = Shown<'appointments'>;

let gateway: Gateway;
let clinics: Clinic[];
let tenant: TestTenant;
let keyId: string;
let connectionId: string;
let clients: Shown<'clients'>[];
let appointments: Appointment[];

beforeAll(async () => {
  clinics = await Promise.all(CASES.map(({ name }) => startClinic(name, { clients: 12, appointments: 30 })));
  gateway = await startGateway(clinics.map(({ sandbox }) => sandbox));
  tenant = await gateway.tenant('Northside Clinics');
  for (const { sandbox } of clinics) {
    connectionId = await tenant.connect(sandbox);
    expect((await tenant.sync(connectionId)).status).toBe('succeeded');
  }
  const { data } = (
    await gateway.operator<{ data: { id: string }[] }>('GET', `/v1/tenants/${tenant.id}/api-keys`)
  ).need(200);
  keyId = data[0]!.id;
  clients = await tenant.all<Shown<'clients'>>('/v1/clients');
  appointments = await tenant.all<Appointment>('/v1/appointments');
}, 60_000);
afterAll(async () => {
  await gateway.stop();
  await Promise.all(clinics.map(({ sandbox }) => sandbox.close()));
});

/** Asks, and gives the answer with the one row that it left. */
async function audited<T>(call: Call, ...request: Parameters<Call>): Promise<[Answer<T>, ShownAuditEvent]> {
  const answer = await call<T>(...request);
  const [event, ...others] = await auditOf(tenant.call, answer);
  expect(others).toEqual([]);
  return [answer, event!];
}
/** Whom an appointment is about. */
const clientsIn = (all: readonly Appointment[]): string[] =>
  [
    ...new Set(all.flatMap(({ clientId, attendees }) => [clientId, ...attendees.map((one) => one.clientId)])),
  ].filter((id) => id !== null);

describe('a read leaves a row', () => {
  it('of a client: through which key, in which request', async () => {
    const [client] = clients;
    const [answer, event] = await audited(tenant.call, 'GET', `/v1/clients/${client!.id}`);
    expect(event).toEqual({
      id: expect.any(String),
      at: expect.any(String),
      actor: { kind: 'api_key', id: keyId },
      action: 'client.read',
      resource: 'clients',
      resourceIds: [client!.id],
      clientIds: [client!.id],
      connectionId: client!.connectionId,
      outcome: 'done',
      status: 200,
      requestId: answer.headers.get('x-request-id'),
      detail: {},
    });
    expect(Math.abs(Date.parse(event.at) - Date.now())).toBeLessThan(20_000);
  });

  it('of an appointment: with every client who takes part', async () => {
    const group = appointments.find(({ attendees }) => attendees.length > 1)!;
    const [, event] = await audited(tenant.call, 'GET', `/v1/appointments/${group.id}?include=client`);
    expect(event).toMatchObject({ action: 'appointment.read', resourceIds: [group.id] });
    expect(new Set(event.clientIds)).toEqual(new Set(clientsIn([group])));
    expect(event.clientIds.length).toBeGreaterThan(1);
    expect(event.detail).toEqual({ include: ['client'] });
  });

  it('of a page: one row with what it showed', async () => {
    const path = `/v1/appointments?limit=7&status=booked,cancelled&connectionId=${connectionId}`;
    const [answer, event] = await audited<ListOf<Appointment>>(tenant.call, 'GET', path);
    const { data } = answer.need(200);
    expect(data.length).toBe(7);
    expect(event).toMatchObject({ action: 'appointment.list', resource: 'appointments', connectionId });
    expect(event.resourceIds).toEqual(data.map(({ id }) => id));
    expect(new Set(event.clientIds)).toEqual(new Set(clientsIn(data)));
    expect(event.detail).toEqual({ filters: ['connectionId', 'status'] });
  });

  it('of a search: by what, and never for whom', async () => {
    const { lastName, email } = clients.find((one) => one.lastName !== null && one.email !== null)!;
    const query = `q=${encodeURIComponent(lastName!)}&email=${encodeURIComponent(email!)}`;
    const [, event] = await audited(tenant.call, 'GET', `/v1/clients?${query}`);
    expect(event).toMatchObject({ action: 'client.search', detail: { filters: ['email', 'q'] } });
    expect(JSON.stringify(event)).not.toContain(lastName);
  });

  it('of the vendor asked first, and of a record that stands as it was known', async () => {
    const { id } = clients.find(({ vendor }) => vendor === 'penga')!;
    const [answer, event] = await audited(tenant.call, 'GET', `/v1/clients/${id}`, FRESH);
    expect(event).toMatchObject({ outcome: 'done', detail: { fresh: true } });
    const known = { headers: { 'if-none-match': answer.headers.get('etag')! } };
    const [, again] = await audited(tenant.call, 'GET', `/v1/clients/${id}`, known);
    expect(again).toMatchObject({ outcome: 'done', status: 304, resourceIds: [id] });
  });
});

describe('a refusal leaves a row', () => {
  it('before a controller is reached as well', async () => {
    const weak = gateway.as(await tenant.key(['write']));
    const missing = randomUUID();
    const cases = [
      [weak, 'GET', '/v1/clients', 403, 'client.list', []],
      [
        weak,
        'GET',
        `/v1/appointments/${appointments[0]!.id}`,
        403,
        'appointment.read',
        [appointments[0]!.id],
      ],
      [tenant.call, 'GET', `/v1/clients/${missing}`, 404, 'client.read', [missing]],
      [tenant.call, 'GET', '/v1/clients/no-id', 404, 'client.read', []],
      [tenant.call, 'GET', '/v1/clients?birthDate=yesterday', 400, 'client.list', []],
      [tenant.call, 'GET', '/v1/appointments?cursor=bad', 400, 'appointment.list', []],
    ] as const;
    for (const [call, method, path, status, action, resourceIds] of cases) {
      const [answer, event] = await audited(call, method, path);
      expect([path, answer.status]).toEqual([path, status]);
      expect([path, event]).toMatchObject([path, { action, resourceIds, status, outcome: 'refused' }]);
      expect(event.clientIds.length).toBe(path.startsWith('/v1/clients/') ? resourceIds.length : 0);
    }
  });

  it('but nobody has one whose key is none', async () => {
    const [{ n: before }] = (await gateway.rows<{ n: string }>('select count(*) n from audit_events')) as [
      { n: string },
    ];
    for (const key of [null, 'nonsense'])
      expect((await gateway.as(key)('GET', '/v1/clients')).status).toBe(401);
    await audited(tenant.call, 'GET', '/v1/clients?limit=1');
    const [{ n: after }] = (await gateway.rows<{ n: string }>('select count(*) n from audit_events')) as [
      { n: string },
    ];
    expect(Number(after) - Number(before)).toBe(1);
  });
});

it('every documented operation on clients and appointments leaves a row', async () => {
  const { paths } = (
    await gateway.as(null)<{ paths: Record<string, Record<string, unknown>> }>('GET', '/openapi.json')
  ).need(200);
  const operations = Object.entries(paths)
    .filter(([path]) => /^\/v1\/(clients|appointments)\b|\/passthrough$/.test(path))
    .flatMap(([path, methods]) =>
      Object.keys(methods).map((method) => [method.toUpperCase(), path] as const),
    );
  expect(operations.length).toBeGreaterThanOrEqual(5);
  for (const [method, path] of operations) {
    const record = path.startsWith('/v1/clients') ? clients[0] : appointments[0];
    const real = path.replace('{id}', record!.id).replace('{connectionId}', connectionId);
    const body = method === 'GET' || method === 'DELETE' ? {} : { body: {} };
    const answer = await tenant.call(method, real, body);
    const events = await auditOf(tenant.call, answer);
    const action = expect.stringMatching(/^(client|appointment|connection)\.[a-z]+$/);
    expect([method, path, events[0]]).toMatchObject([method, path, { action, actor: { id: keyId } }]);
    expect(events[0]!.outcome).toBe(
      answer.status < 400 ? 'done' : answer.status === 504 ? 'unknown' : 'refused',
    );
  }
});

it('a sync leaves a row for each kind of data that it has read', async () => {
  const { id, resources } = await tenant.sync(connectionId);
  const data = await auditPage(
    tenant.call,
    `connectionId=${connectionId}&action=client.synced,appointment.synced`,
  );
  const mine = data.filter(({ actor }) => actor.id === id);
  expect(mine.map(({ resource }) => resource).sort()).toEqual(['appointments', 'clients']);
  for (const { resource, actor, outcome, status, detail } of mine) {
    const { seen, created, updated, deleted } = resources[resource as 'clients']!;
    expect(seen).toBeGreaterThan(0);
    expect({ actor, outcome, status }).toEqual({
      actor: { kind: 'sync', id },
      outcome: 'done',
      status: null,
    });
    expect(detail).toEqual({ mode: 'full', seen, created, updated, deleted });
  }
  const catalogue = await tenant.sync(connectionId, { mode: 'full', resources: ['services'] });
  const after = await auditPage(tenant.call, 'action=client.synced&limit=200');
  expect(after.filter(({ actor }) => actor.id === catalogue.id)).toEqual([]);
});

describe('GET /v1/audit-events', () => {
  it('finds whatever was done with one client, in whichever list', async () => {
    // Asked for anew: the operations tried above have deleted some of what the first look found.
    const standing = await tenant.all<Appointment>('/v1/appointments');
    const appointment = standing.find(({ clientId }) => clientId !== null)!;
    const client = appointment.clientId!;
    const [, own] = await audited(tenant.call, 'GET', `/v1/clients/${client}`);
    const [, theirs] = await audited(tenant.call, 'GET', `/v1/appointments/${appointment.id}`);
    const found = await tenant.all<ShownAuditEvent>(`/v1/audit-events?clientId=${client}`);
    expect(found.map(({ id }) => id)).toEqual(expect.arrayContaining([own.id, theirs.id]));
    expect(found.every(({ clientIds }) => clientIds.includes(client))).toBe(true);
    expect(found.map(({ id }) => id)).toEqual(
      found
        .map(({ id }) => id)
        .sort()
        .reverse(),
    );
    const everything = await tenant.all<ShownAuditEvent>('/v1/audit-events');
    expect(found).toEqual(everything.filter(({ clientIds }) => clientIds.includes(client)));
    const records = await tenant.all<ShownAuditEvent>(`/v1/audit-events?resourceId=${appointment.id}`);
    expect(records).toEqual(everything.filter(({ resourceIds }) => resourceIds.includes(appointment.id)));
    expect(records.length).toBeGreaterThan(0);
    expect(await auditPage(tenant.call, `clientId=${randomUUID()}`)).toEqual([]);
  });

  it('is narrowed by key, action, connection, outcome and time', async () => {
    const key = await tenant.key(['read']);
    const [, mine] = await audited(gateway.as(key), 'GET', `/v1/appointments?connectionId=${connectionId}`);
    const by = (query: string): Promise<ShownAuditEvent[]> =>
      tenant.all<ShownAuditEvent>(`/v1/audit-events?${query}`);
    expect(await by(`apiKeyId=${mine.actor.id!}`)).toEqual([mine]);
    expect(await by(`apiKeyId=${mine.actor.id!}&action=client.read`)).toEqual([]);
    expect(await by(`apiKeyId=${mine.actor.id!}&outcome=refused,unknown`)).toEqual([]);
    const everything = await by('');
    const refused = await by('outcome=refused');
    expect(refused).toEqual(everything.filter(({ outcome }) => outcome === 'refused'));
    expect(refused.length).toBeGreaterThan(3);
    expect(await by(`connectionId=${connectionId}`)).toEqual(
      everything.filter((event) => event.connectionId === connectionId),
    );
    const since = await by(`from=${mine.at}`);
    const before = await by(`before=${mine.at}`);
    expect(since.map(({ id }) => id)).toContain(mine.id);
    expect(before.map(({ id }) => id)).not.toContain(mine.id);
    expect([...since, ...before]).toEqual(everything);
    expect(await by(`clientId=${clients[0]!.id}&from=${mine.at}`)).toEqual(
      since.filter(({ clientIds }) => clientIds.includes(clients[0]!.id)),
    );
  });

  it('comes in pages that neither repeat nor skip, while others are added', async () => {
    const path = `/v1/audit-events?clientId=${clients[0]!.id}&limit=1`;
    for (let i = 0; i < 5; i += 1) await audited(tenant.call, 'GET', `/v1/clients/${clients[0]!.id}`);
    const whole = await tenant.all<ShownAuditEvent>(`/v1/audit-events?clientId=${clients[0]!.id}`);
    const seen: string[] = [];
    for (let at: string | null = ''; at !== null;) {
      const { data, page }: ListOf<ShownAuditEvent> = (
        await tenant.call<ListOf<ShownAuditEvent>>('GET', path + at)
      ).need(200);
      seen.push(...data.map(({ id }) => id));
      at = page.nextCursor && `&cursor=${encodeURIComponent(page.nextCursor)}`;
      await tenant.call('GET', `/v1/clients/${clients[0]!.id}`);
    }
    expect(seen).toEqual(whole.map(({ id }) => id));
    expect(seen.length).toBeGreaterThan(5);
  });

  it('is for keys that manage, and of their tenant alone', async () => {
    for (const scopes of [['read'], ['write'], ['passthrough']] as const)
      expect((await gateway.as(await tenant.key(scopes))('GET', '/v1/audit-events')).status).toBe(403);
    const other = await gateway.tenant('Southside Clinics');
    await other.call('GET', `/v1/clients/${clients[0]!.id}`);
    const [event] = await until(
      () => auditPage(other.call),
      (data) => data.length > 0,
    );
    expect(event).toMatchObject({ action: 'client.read', outcome: 'refused' });
    expect(await auditPage(other.call)).toHaveLength(1);
    expect(await auditPage(tenant.call, `resourceId=${event!.resourceIds[0]!}`)).not.toContainEqual(event);
    for (const bad of ['clientId=x', 'from=yesterday', 'outcome=maybe', 'cursor=x', 'key=1'])
      expect([bad, (await tenant.call('GET', `/v1/audit-events?${bad}`)).status]).toEqual([bad, 400]);
  });
});
