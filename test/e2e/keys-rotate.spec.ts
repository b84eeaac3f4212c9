import { randomBytes } from 'node:crypto';
import { VENDORS } from '../../src/vendors/registry';
import { openDesk, type Desk } from '../support/bookings';
import type { Answer, ListOf, ShownConnection } from '../support/calls';
import { startClinic, type Clinic } from '../support/clinics';
import { startGateway, type Gateway, type TestTenant } from '../support/gateway';
import { rotateKeys, type Rotation } from '../support/rotation';
import { until } from '../support/until';
import { startReceiver, verified, type WebhookReceiver } from '../support/webhook-receiver';
import { ENDPOINTS, subscribe, type ShownEndpoint } from '../support/webhooks';

const MANY = 90;
const newKey = (id: string): string => `${id}:${randomBytes(32).toString('base64')}`;
const [OLD, NEW, STRANGE] = [newKey('old'), newKey('new'), newKey('strange')];

let gateway: Gateway;
let tenant: TestTenant;
let receiver: WebhookReceiver;
let clinics: readonly [Clinic, Clinic];
let desk: Desk;
let loggingIn: string;
let endpoint: ShownEndpoint;
let told: Answer<{ id: string }>[];
let cursor: string;

const keyed = (key: string): Record<string, string> => ({ 'idempotency-key': key });
const connectAs = (key: string): Promise<Answer<{ id: string }>> => {
  const { vendor, credentials, settings } = clinics[0].sandbox;
  const body = { vendor, name: key, credentials, settings: { ...settings, sync: { enabled: false } } };
  return tenant.call('POST', '/v1/connections', { body, headers: keyed(key) });
};
const rotate = (keys: string, killAt?: RegExp): Promise<Rotation> =>
  rotateKeys(
    { DATABASE_URL: gateway.database.url, ADMIN_API_KEY: gateway.operatorKey, ENCRYPTION_KEYS: keys },
    killAt,
  );
const check = (id: string): Promise<Answer<{ ok: boolean }>> =>
  tenant.call('POST', `/v1/connections/${id}/check`);
const shown = async (id: string): Promise<ShownConnection> =>
  (await tenant.call<ShownConnection>('GET', `/v1/connections/${id}`)).need(200);

/** How many sealed texts of a key stand in any column of any table. */
async function sealedBy(id: string): Promise<number> {
  const names = await gateway.rows<{ name: string }>(
    "select format('%I', tablename) as name from pg_tables where schemaname = 'public'",
  );
  let found = 0;
  for (const { name } of names) {
    const rows = await gateway.rows<{ count: number }>(
      `select count(*)::int as count from ${name} t where to_json(t)::text ~ $1`,
      [`"${id}\\.[A-Za-z0-9_-]{38,}`],
    );
    found += rows[0]?.count ?? 0;
  }
  return found;
}

beforeAll(async () => {
  clinics = [
    await startClinic('cliniko', { clients: 12, appointments: 30 }),
    await startClinic('penga', { clients: 6, appointments: 12 }),
  ];
  receiver = await startReceiver();
  gateway = await startGateway(
    clinics.map(({ sandbox }) => sandbox),
    { ENCRYPTION_KEYS: OLD, WEBHOOK_HOST_ALLOWLIST: receiver.host },
  );
  tenant = await gateway.tenant('Northside Clinics');
  desk = await openDesk(tenant, clinics[0], VENDORS.get('cliniko')!);
  loggingIn = await tenant.connect(clinics[1].sandbox);
  await tenant.sync(loggingIn);
  endpoint = await subscribe(tenant, receiver.url('/all'));
  const rotated = await tenant.call<ShownEndpoint>('POST', `${ENDPOINTS}/${endpoint.id}/rotate-secret`);
  endpoint = { ...endpoint, secret: rotated.body.secret };
  told = [];
  for (let i = 0; i < MANY; i += 6)
    told.push(...(await Promise.all([0, 1, 2, 3, 4, 5].map((at) => connectAs(`connect ${String(i + at)}`)))));
  cursor = (await tenant.call<ListOf<object>>('GET', '/v1/clients?limit=2')).need(200).page.nextCursor!;
}, 60_000);
afterAll(async () => {
  await gateway.stop();
  receiver.close();
  await Promise.all(clinics.map(({ sandbox }) => sandbox.close()));
});

it('everything sealed is sealed anew under traffic, though the rotation is killed in the middle', async () => {
  const both = `${NEW},${OLD}`;
  await gateway.kill('SIGTERM');
  await gateway.restart({ ENCRYPTION_KEYS: both });
  const before = await sealedBy('old');
  expect(before).toBeGreaterThan(2 * MANY);

  const wrong: string[] = [];
  const over = new AbortController();
  let rounds = 0;
  const traffic = (async () => {
    while (!over.signal.aborted) {
      rounds += 1;
      const answers = await Promise.all([
        desk.post('/v1/appointments', desk.visit(), keyed(`book ${String(rounds)}`)),
        check(loggingIn),
        check(told[rounds % MANY]!.body.id),
        connectAs(`meanwhile ${String(rounds)}`),
        connectAs(`connect ${String(rounds % MANY)}`),
        tenant.call('PATCH', `/v1/connections/${told[rounds % MANY]!.body.id}`, {
          body: { credentials: clinics[0].sandbox.credentials },
        }),
        tenant.call('GET', `/v1/clients?limit=2&cursor=${encodeURIComponent(cursor)}`),
      ]);
      wrong.push(...answers.filter(({ status }) => status >= 300).map(({ text }) => text));
    }
  })();
  const killed = await rotate(both, /connections\.credentials: \d+ sealed/);
  expect(killed.code).toBeNull();
  const left = await sealedBy('old');
  expect(left).toBeGreaterThan(0);
  expect(left).toBeLessThan(before);

  const done = await rotate(both);
  over.abort();
  await traffic;
  expect(wrong).toEqual([]);
  expect(rounds).toBeGreaterThan(2);
  expect([done.code, await sealedBy('old')]).toEqual([0, 0]);
  expect(done.lines).toContainEqual('key old: 0 rows; it may be removed from ENCRYPTION_KEYS');
  expect(done.lines).toContainEqual(expect.stringMatching(/^key new: \d+ rows; it seals$/));
  // Counts and our own words: no id of anybody's.
  for (const line of done.lines)
    expect(line).toMatch(/^(key \w+|[a-z_]+\.[a-z_]+): (done, )?\d+ [a-zA-Z_; ]+$/);
}, 60_000);

it('without the old key everything goes on, but for cursors that it had sealed', async () => {
  await gateway.kill('SIGTERM');
  await gateway.restart({ ENCRYPTION_KEYS: NEW });
  for (const [i, first] of told.slice(0, 5).entries()) {
    const again = await connectAs(`connect ${String(i)}`);
    expect([again.text, again.headers.get('idempotent-replayed')]).toEqual([first.text, 'true']);
  }
  expect((await check(loggingIn)).need(200).ok).toBe(true);
  expect((await tenant.sync(loggingIn)).status).toBe('succeeded');
  const booked = await desk.book();
  const [call] = await until(
    () => receiver.at('/all').filter(({ body }) => body.includes(booked.id)),
    ({ length }) => length > 0,
  );
  expect(verified(endpoint.secret, call!).data.id).toBe(booked.id);
  const late = await tenant.call('GET', `/v1/clients?limit=2&cursor=${encodeURIComponent(cursor)}`);
  expect([late.status, late.problem.code]).toEqual([400, 'cursor_invalid']);
});

it('a secret that was moved to another row opens nothing, and its connection says so', async () => {
  const [one, other] = told.slice(5).map(({ body }) => body.id) as [string, string];
  await gateway.rows(
    `update connections c set credentials = o.credentials from connections o
     where c.id = $1 and o.id = $2 and o.tenant_id = c.tenant_id`,
    [one, other],
  );
  const { status, problem } = await check(one);
  expect([status, problem.code]).toEqual([503, 'unavailable']);
  expect(problem.detail).toMatch(/cannot be unsealed/);
  expect(await shown(one)).toMatchObject({ status: 'failing', lastError: { code: 'unavailable' } });
  expect((await check(other)).need(200).ok).toBe(true);
});

it('a key that is gone fails its connections, loudly, and nothing else', async () => {
  await gateway.kill('SIGTERM');
  await gateway.restart({ ENCRYPTION_KEYS: STRANGE });
  expect((await gateway.as(null)('GET', '/readyz')).status).toBe(200);
  const synced = await tenant.sync(loggingIn);
  expect([synced.status, synced.errors[0]?.code]).toEqual(['failed', 'unavailable']);
  expect(await shown(loggingIn)).toMatchObject({ status: 'failing', lastError: { code: 'unavailable' } });
  for (const asked of [
    check(desk.connectionId),
    desk.post('/v1/appointments', desk.visit()),
    tenant.call('PATCH', `/v1/connections/${desk.connectionId}`, { body: { settings: { region: 'GB' } } }),
    connectAs('connect 0'),
  ]) {
    const { status, problem } = await asked;
    expect([status, problem.code]).toEqual([503, 'unavailable']);
    expect(problem.detail).toMatch(/cannot be unsealed/);
  }
  expect((await shown(desk.connectionId)).status).toBe('failing');
  const tried = await tenant.call<{ error: string }>('POST', `${ENDPOINTS}/${endpoint.id}/test`);
  expect(tried.need(200).error).toBe('secret_unreadable');
  const fresh = (await connectAs('with the strange key')).need(201).id;
  expect((await check(fresh)).need(200).ok).toBe(true);

  const { code, lines } = await rotate(STRANGE);
  expect(code).toBe(1);
  expect(lines).toContainEqual(
    expect.stringMatching(/^connections.credentials: done, 0 .*, \d+ cannot be opened$/),
  );
  expect(lines).toContainEqual(
    expect.stringMatching(
      /^key new: [1-9]\d* rows; it is not in ENCRYPTION_KEYS, and nothing else opens them$/,
    ),
  );

  // New credentials, or the key again, and it goes on.
  const { credentials } = clinics[0].sandbox;
  await tenant.call('PATCH', `/v1/connections/${desk.connectionId}`, { body: { credentials } });
  expect((await check(desk.connectionId)).need(200).ok).toBe(true);
});
