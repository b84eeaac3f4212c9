import { randomBytes, randomUUID } from 'node:crypto';
import { CASES } from '../contract/vendors';
import { auditAtRest, auditPage } from '../support/audit';
import { openDesk, type Desk } from '../support/bookings';
import { FRESH, type Answer, type Shown, type ShownConnection } from '../support/calls';
import { startClinic, type Clinic } from '../support/clinics';
import { after, feed, type ShownEvent } from '../support/feed';
import { startGateway, type Gateway, type TestTenant } from '../support/gateway';
import { found } from '../support/tables';
import { until } from '../support/until';
import { answering, startReceiver, type WebhookReceiver } from '../support/webhook-receiver';
import { subscribe } from '../support/webhooks';

type Client = Shown<'clients'>;
type Appointment = Shown<'appointments'>;

/** A person as nobody else is, in every field that any vendor takes. */
const PERSON: Readonly<Record<string, unknown>> = {
  firstName: 'Zqfirstname',
  lastName: 'Zqlastname',
  email: 'zqmail@zqdomain.example',
  birthDate: '1907-03-05',
  notes: 'Zqnotes of the client',
  address: {
    line1: 'Zqline one',
    line2: 'Zqline two',
    line3: 'Zqline three',
    city: 'Zqcity',
    region: 'Zqregion',
    postalCode: 'ZQ1 9ZQ',
    country: 'GB',
    formatted: 'Zqformatted',
  },
};
const VISIT: Readonly<Record<string, unknown>> = {
  title: 'Zqtitle',
  description: 'Zqdescription',
  notes: 'Zqvisit notes',
  clientMessage: 'Zqmessage',
};
const [EXTERNAL, REASON, LATE] = ['zq-external-4711', 'Zqwhy she cancelled', 'Zqlate notes'];

const textsIn = (value: unknown): string[] =>
  typeof value === 'string' ? [value] : Object.values(value ?? {}).flatMap(textsIn);

/** What of `values` a vendor takes for a resource. */
function taken(desk: Desk, resource: 'clients' | 'appointments', values: typeof PERSON): typeof PERSON {
  const { writableFields = [], writeOnlyFields = [] } = desk.vendor.capabilities[resource] ?? {};
  const fields = writableFields.filter((field) => !writeOnlyFields.includes(field));
  const kept: Record<string, unknown> = {};
  for (const [name, value] of Object.entries(values)) {
    if (fields.includes(name)) kept[name] = value;
    else if (typeof value === 'object') {
      const parts = Object.entries(value as object).filter(([part]) => fields.includes(`${name}.${part}`));
      if (parts.length > 0) kept[name] = Object.fromEntries(parts);
    }
  }
  return kept;
}

let gateway: Gateway;
let receiver: WebhookReceiver;
const clinics = new Map<string, Clinic>();

beforeAll(async () => {
  receiver = await startReceiver();
  for (const { name } of CASES) clinics.set(name, await startClinic(name, { clients: 12, appointments: 40 }));
  gateway = await startGateway(
    [...clinics.values()].map(({ sandbox }) => sandbox),
    {
      WEBHOOK_HOST_ALLOWLIST: receiver.host,
      ENCRYPTION_KEYS: `newest:${randomBytes(32).toString('base64')}`,
    },
  );
}, 60_000);
afterAll(async () => {
  await gateway.stop();
  receiver.close();
  await Promise.all([...clinics.values()].map(({ sandbox }) => sandbox.close()));
});

const erase = (tenant: TestTenant, id: string, headers = {}): Promise<Answer<unknown>> =>
  tenant.call('DELETE', `/v1/clients/${id}?erase=true`, { headers });
const keyed = (key: string): Record<string, string> => ({ 'idempotency-key': key });
const open = async (vendor: string): Promise<Desk> =>
  openDesk(
    await gateway.tenant(`Clinic of ${vendor}`),
    clinics.get(vendor)!,
    CASES.find(({ name }) => name === vendor)!.vendor,
  );

/** The vendor's path of a client, as the gateway itself asked for it. */
async function pathOf(
  { clinic: { sandbox, lists }, tenant }: Desk,
  { id, remoteId }: Client,
): Promise<string> {
  await tenant.call('GET', `/v1/clients/${id}`, FRESH);
  const line =
    sandbox.requests.findLast((one) => one.startsWith('GET ') && one.includes(remoteId)) ??
    sandbox.requests.findLast((one) => new RegExp(lists.clients).test(one.slice(4))) ??
    '';
  const { pathname } = new URL(line.slice(4), sandbox.baseUrl);
  const root = new URL(sandbox.baseUrl).pathname.replace(/\/$/, '');
  return pathname.slice(root.length).replace(/^\/enterprises\/[^/]+/, '');
}

/** Asks the vendor past the model, under a key. */
const past = (desk: Desk, path: string): Promise<Answer<unknown>> =>
  desk.post(
    `/v1/connections/${desk.connectionId}/passthrough`,
    { method: 'GET', path },
    keyed('past the model'),
  );

/** Every event of a tenant. */
async function eventsOf(tenant: TestTenant): Promise<ShownEvent[]> {
  const all: ShownEvent[] = [];
  for (let at = ''; ;) {
    const { data, page } = await feed(tenant, at);
    all.push(...data);
    if (page.nextCursor === null) return all;
    at = after(page.nextCursor);
  }
}

/** A client of whom there is something in every place that the gateway keeps anything in. */
async function known(
  desk: Desk,
): Promise<{ client: Client; visits: Appointment[]; markers: string[]; path: string }> {
  const client = (
    await desk.post<Client>(
      '/v1/clients',
      desk.person({ ...taken(desk, 'clients', PERSON), externalId: EXTERNAL }),
      keyed('make her'),
    )
  ).need(201);
  const words = taken(desk, 'appointments', VISIT);
  const visits: Appointment[] = [];
  for (const i of [1, 2, 3])
    visits.push(
      (
        await desk.post(
          '/v1/appointments',
          desk.visit({ clientId: client.id, ...words }),
          keyed(`book ${String(i)}`),
        )
      ).need(201),
    );
  const first = `/v1/appointments/${visits[0]!.id}`;
  if (desk.vendor.capabilities.appointments?.operations.includes('cancel'))
    await desk.post(`${first}/cancel`, { reason: 'sick', note: REASON });
  await desk.patch(`/v1/clients/${client.id}`, { lastName: 'Zqmarried' });
  const operations = [{ op: 'update', id: client.id, data: { firstName: 'Zqbatch' } }];
  (await desk.post('/v1/clients/batch', { operations }, keyed('a batch'))).need(200);
  // A refusal that repeats what was sent, and the vendor's own answer, are kept under their keys.
  desk.clinic.sandbox.fail({
    fault: {
      kind: 'status',
      status: 422,
      body: { message: `${PERSON['email'] as string} is taken`, errors: { email: PERSON['email'] } },
    },
  });
  await desk.post('/v1/clients', desk.person(), keyed('refused'));
  desk.clinic.sandbox.heal();
  const path = await pathOf(desk, client);
  const passed = await past(desk, path);
  expect(passed.text).toContain(PERSON['email']);
  const markers = [
    ...textsIn(taken(desk, 'clients', PERSON)),
    ...textsIn(words),
    EXTERNAL,
    REASON,
    'Zqmarried',
    'Zqbatch',
    client.remoteId,
  ].filter(({ length }) => length > 4);
  return { client, visits, markers, path };
}

it.each(CASES.filter(({ name }) => ['cliniko', 'progenda'].includes(name)))(
  '$name: nothing is left of an erased client, and no sync brings her back',
  async ({ name }) => {
    const desk = await open(name);
    const { tenant, connectionId, clinic } = desk;
    const hook = await subscribe(tenant, receiver.url(`/${name}`), { payload: 'full' });
    receiver.behave(`/${name}`, answering(503));
    const other = await desk.newClient();
    const others = (await desk.post('/v1/appointments', desk.visit({ clientId: other.id }))).need(201);
    const { client, visits, markers, path } = await known(desk);
    // She cannot be read any more when she was read before: her id is in the sync's errors.
    const mend = clinic.spoil(client.remoteId);
    const aside = await tenant.sync(connectionId);
    expect(aside.errors.map(({ remoteId }) => remoteId)).toContain(client.remoteId);
    mend();
    // Such words are the vendor's; that one is a person's happens.
    await gateway.rows(`update connections set warnings = $2, last_error = $3 where id = $1`, [
      connectionId,
      JSON.stringify([
        {
          code: 'unknown_word',
          message: 'a word',
          resource: 'clients',
          field: 'gender',
          value: 'Zqmarried',
          firstSeenAt: '2026-01-01T00:00:00.000Z',
          count: 1,
        },
        {
          code: 'unknown_word',
          message: 'a word',
          resource: 'clients',
          field: 'gender',
          value: 'kept',
          firstSeenAt: '2026-01-01T00:00:00.000Z',
          count: 1,
        },
      ]),
      JSON.stringify({
        code: 'vendor_rejected',
        message: `no ${client.email!}`,
        at: '2026-01-01T00:00:00.000Z',
        retryable: false,
      }),
    ]);
    const before = await found(gateway, markers);
    const planted = markers.filter((marker) => before.some((place) => place.endsWith(marker)));
    expect(markers.filter((marker) => !planted.includes(marker) && marker !== REASON)).toEqual([]);
    const shown = async (): Promise<unknown[]> => [
      { ...(await tenant.call<Client>('GET', `/v1/clients/${other.id}?include=remote`)).body, syncedAt: '' },
      {
        ...(await tenant.call<Client>('GET', `/v1/appointments/${others.id}?include=remote`)).body,
        syncedAt: '',
      },
      (await eventsOf(tenant)).filter(({ resourceId }) => [other.id, others.id].includes(resourceId)),
    ];
    const untouched = await shown();

    expect((await erase(tenant, client.id, { 'if-match': '"99"' })).problem.code).toBe('version_mismatch');
    expect((await erase(tenant, client.id)).status).toBe(204);
    expect(await found(gateway, markers)).toEqual([]);
    expect(await shown()).toEqual(untouched);
    for (const query of ['', '?includeDeleted=true'])
      expect((await tenant.call('GET', `/v1/clients/${client.id}${query}`)).status).toBe(404);
    expect((await erase(tenant, client.id)).problem.code).toBe('not_found');
    const connection = (await tenant.call<ShownConnection>('GET', `/v1/connections/${connectionId}`)).body;
    expect(connection.warnings.map(({ value }) => value)).toEqual(['kept']);
    expect(connection.lastError).toBeNull();

    // What was done under a key is not done again.
    const wrote = clinic.sandbox.ledger.length;
    const again = await desk.post('/v1/appointments', desk.visit(), keyed('book 1'));
    expect(again.problem.code).toBe('idempotency_key_reused');
    expect(clinic.sandbox.ledger.length).toBe(wrote);

    const replayed = await past(desk, path);
    expect([replayed.status, replayed.problem.code]).toEqual([404, 'not_found']);

    // The feed says that she is gone, and that her appointments lost her; their times stay taken.
    const told = await eventsOf(tenant);
    expect(told.filter(({ resourceId }) => resourceId === client.id).map(({ type }) => type)).toEqual([
      'client.deleted',
    ]);
    for (const visit of visits) {
      const now = (await tenant.call<Appointment>('GET', `/v1/appointments/${visit.id}?include=remote`)).need(
        200,
      );
      expect(now).toMatchObject({
        start: visit.start,
        practitionerId: visit.practitionerId,
        clientId: null,
        attendees: [],
        title: null,
        notes: null,
        remote: null,
      });
      expect(told.findLast(({ resourceId }) => resourceId === visit.id)).toMatchObject({
        data: { version: now.version, clientId: null },
      });
    }

    // The vendor holds her still, readable and not, and the next syncs take nothing of it over.
    expect(clinic.ids('clients')).toContain(client.remoteId);
    const spoilt = clinic.spoil(client.remoteId);
    expect(await tenant.sync(connectionId)).toMatchObject({ status: 'succeeded', errors: [] });
    spoilt();
    clinic.rename(client.remoteId, 'Zqmarried');
    expect((await tenant.sync(connectionId)).status).toBe('succeeded');
    expect(await found(gateway, markers)).toEqual([]);
    expect((await eventsOf(tenant)).length).toBe(told.length);
    expect(await shown()).toEqual(untouched);

    // Deliveries that waited say what the feed says now.
    const sent = receiver.at(`/${name}`).length;
    receiver.behave(`/${name}`, answering(204));
    await tenant.call('PATCH', `/v1/webhook-endpoints/${hook.id}`, { body: { enabled: false } });
    await tenant.call('PATCH', `/v1/webhook-endpoints/${hook.id}`, { body: { enabled: true } });
    const late = await until(
      () => receiver.at(`/${name}`).slice(sent),
      (calls) => calls.some(({ body }) => body.includes(client.id)),
    );
    expect(late.filter(({ body }) => markers.some((marker) => body.includes(marker)))).toEqual([]);

    const audited = await auditPage(tenant.call, `resourceId=${client.id}`);
    expect(audited.map(({ action }) => action)).toContain('client.erased');
  },
  40_000,
);

it('a write of hers whose outcome nobody knows is given up, and says so under its key', async () => {
  const desk = await open('cliniko');
  const { tenant, clinic } = desk;
  const client = await desk.newClient({ lastName: 'Zqpending' });
  clinic.sandbox.fail({ fault: { kind: 'lost_answer' }, method: 'PATCH' });
  clinic.sandbox.fail({
    fault: { kind: 'status', status: 503 },
    method: 'GET',
    path: 'patients',
    times: 500,
  });
  const key = keyed(randomUUID());
  const body = { notes: LATE };
  const lost = desk.patch(`/v1/clients/${client.id}`, body, key);
  await until(
    () => found(gateway, [LATE]),
    (places) => places.includes(`public.writes: ${LATE}`),
  );
  expect((await lost).problem.outcome).toBe('unknown');
  expect((await erase(tenant, client.id)).status).toBe(204);
  clinic.sandbox.heal();
  expect(await found(gateway, [LATE, 'Zqpending'])).toEqual([]);
  const after = await desk.patch(`/v1/clients/${client.id}`, body, key);
  expect([after.status, after.problem.code]).toEqual([404, 'not_found']);
});

it('nobody erases another tenant’s client, nor what is none', async () => {
  const desk = await open('cliniko');
  const client = await desk.newClient();
  const rival = await gateway.tenant('Rival Clinics');
  expect((await erase(rival, client.id)).problem.code).toBe('not_found');
  const visit = await desk.book();
  expect((await erase(desk.tenant, visit.id)).problem.code).toBe('not_found');
  const reader = gateway.as(await desk.tenant.key(['read']));
  expect((await reader('DELETE', `/v1/clients/${client.id}?erase=true`)).problem.code).toBe('forbidden');
  expect((await desk.tenant.call('GET', `/v1/clients/${client.id}`)).status).toBe(200);
});

it('nothing is left of an erased tenant, while a sync, a delivery and calls are under way', async () => {
  const desk = await open('cliniko');
  const { tenant, connectionId, clinic } = desk;
  const { call } = tenant;
  const kept = await open('penga');
  await subscribe(tenant, receiver.url('/doomed'), { payload: 'full' });
  receiver.behave('/doomed', answering(503));
  await desk.post('/v1/appointments', desk.visit(), keyed('a booking'));
  await call('PATCH', `/v1/connections/${connectionId}`, {
    body: { settings: { sync: { enabled: true, intervalSeconds: 60 } } },
  });
  await until(
    () => receiver.at('/doomed').length,
    (count) => count > 0,
  );
  clinic.sandbox.fail({ fault: { kind: 'slow', ms: 700 }, times: 50 });
  await call('POST', `/v1/connections/${connectionId}/syncs`, { body: { mode: 'full' } });
  const late = desk.post('/v1/appointments', desk.visit(), keyed('in the middle'));
  const tables = (
    await gateway.rows<{ name: string }>(
      `select distinct format('%I', c.table_name) as name from information_schema.columns c
       join pg_tables t on t.schemaname = c.table_schema and t.tablename = c.table_name
       where c.table_schema = 'public' and c.column_name = 'tenant_id'`,
    )
  ).map(({ name }) => name);
  const rowsOf = async (id: string): Promise<string[]> => {
    const held: string[] = [];
    for (const table of tables) {
      const rows = await gateway.rows(`select from ${table} where tenant_id = $1 limit 1`, [id]);
      if (rows.length > 0) held.push(table);
    }
    return held;
  };
  await auditAtRest(kept.tenant.call);
  const others = await rowsOf(kept.tenant.id);
  expect((await rowsOf(tenant.id)).length).toBeGreaterThan(15);

  expect((await gateway.operator('DELETE', `/v1/tenants/${tenant.id}`)).status).toBe(204);
  expect((await call('GET', '/v1/clients')).problem.code).toBe('unauthenticated');
  expect((await late).status).toBeGreaterThanOrEqual(400);
  clinic.sandbox.heal();
  // A call that was about to leave may still do so.
  await new Promise((over) => setTimeout(over, 1_500));
  const [asked, sent] = [clinic.sandbox.requests.length, receiver.at('/doomed').length];
  await new Promise((over) => setTimeout(over, 2_500));
  expect(await rowsOf(tenant.id)).toEqual([]);
  expect(
    (await found(gateway, [tenant.id, connectionId])).filter((place) => !place.includes('audit')),
  ).toEqual([]);
  expect([clinic.sandbox.requests.length - asked, receiver.at('/doomed').length - sent]).toEqual([0, 0]);
  expect(await rowsOf(kept.tenant.id)).toEqual(others);
}, 30_000);
