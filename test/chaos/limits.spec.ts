import { setTimeout as pause } from 'node:timers/promises';
import { startClinic, type Clinic } from '../support/clinics';
import { finished, type Gateway, type TestTenant } from '../support/gateway';
import { counted, startReplicas, stopReplicas } from '../support/replicas';
import {
  FRESH,
  type Answer,
  type Call,
  type Shown,
  type ShownProblem,
  type ShownSync,
} from '../support/calls';
import { until } from '../support/until';

const CALLS = 'gateway_vendor_call_duration_seconds_count';
const LEASE_MS = 12_000;
const SLOW_MACHINE = 90_000;

let replicas: Gateway[];
let one: Gateway;
let other: Gateway;
let tenant: TestTenant;
/** The same key, at the other process. */
let beside: Call;
let cliniko: Clinic;
let pexip: Clinic;

interface Strict {
  requestsPerMinute: number | null;
  maxInFlight: number;
  latencyMs: number;
}
const stateOf = ({ sandbox }: Clinic): Strict => (sandbox as unknown as { state: Strict }).state;

beforeAll(async () => {
  cliniko = await startClinic('cliniko', { clients: 240, appointments: 300 });
  pexip = await startClinic('pexip', { clients: 300, appointments: 300 });
  replicas = await startReplicas([cliniko.sandbox, pexip.sandbox], [{}, {}]);
  [one, other] = replicas as [Gateway, Gateway];
  tenant = await one.tenant('Northside Clinics');
  beside = other.as(await tenant.key());
}, SLOW_MACHINE);
afterAll(async () => {
  await stopReplicas(replicas);
  await Promise.all([cliniko.sandbox.close(), pexip.sandbox.close()]);
});
afterEach(() => {
  cliniko.sandbox.heal();
  pexip.sandbox.heal();
  stateOf(cliniko).requestsPerMinute = null;
});

const refusals = async (): Promise<number> =>
  (await counted(one, CALLS, 'status="429"')) + (await counted(other, CALLS, 'status="429"'));
const callsOf = (gateway: Gateway, vendor: string): Promise<number> =>
  counted(gateway, CALLS, `vendor="${vendor}"`);
const ask = async (connection: string): Promise<string> =>
  (
    await tenant.call<ShownSync>('POST', `/v1/connections/${connection}/syncs`, { body: { mode: 'full' } })
  ).need(202).id;
const done = (connection: string, sync: string): Promise<ShownSync> =>
  until(
    async () =>
      (await tenant.call<ShownSync>('GET', `/v1/connections/${connection}/syncs/${sync}`)).need(200),
    ({ status }) => !['queued', 'running'].includes(status),
    SLOW_MACHINE,
  );
/** A client of a connection that has been read once. */
const clientOf = async (connection: string): Promise<string> =>
  (await tenant.all<Shown<'clients'>>(`/v1/clients?connectionId=${connection}`))[0]!.id;
const fresh = (call: Call, client: string): Promise<Answer<Shown<'clients'>>> =>
  call<Shown<'clients'>>('GET', `/v1/clients/${client}`, FRESH);
const refused = ({ status, problem, headers }: Answer<unknown>): [number, string, ShownProblem] => {
  expect(Number(headers.get('retry-after'))).toBe(problem.retryAfterSeconds);
  return [status, problem.code, problem];
};

it('two processes, three connections and impatient users together keep a limit of 200 a minute: no 429', async () => {
  const connections = await Promise.all(
    [1, 2, 3].map(() => tenant.connect(cliniko.sandbox, { rateLimit: { requestsPerMinute: 200 } })),
  );
  await done(connections[0]!, await ask(connections[0]!));
  const client = await clientOf(connections[0]!);
  stateOf(cliniko).requestsPerMinute = 200;
  const refusedBefore = await refusals();
  const [before, at] = [await Promise.all([callsOf(one, 'cliniko'), callsOf(other, 'cliniko')]), Date.now()];
  const isOver = (): boolean => Date.now() - at > 75_000;
  const syncing = connections.map(async (connection) => {
    while (!isOver()) expect((await done(connection, await ask(connection))).status).toBe('succeeded');
  });
  const answers: Answer<unknown>[] = [];
  const users = [tenant.call, beside].map(async (call) => {
    while (!isOver()) {
      answers.push(await fresh(call, client));
      await pause(1_500);
    }
  });
  await Promise.all([...syncing, ...users]);
  const after = await Promise.all([callsOf(one, 'cliniko'), callsOf(other, 'cliniko')]);
  const [here, there] = [after[0] - before[0], after[1] - before[1]];
  // More than a minute's worth: two processes that did not know of each other would have been refused.
  expect(here + there).toBeGreaterThan(200);
  expect(Math.min(here, there)).toBeGreaterThan(20);
  expect((await refusals()) - refusedBefore).toBe(0);
  expect(answers.length).toBeGreaterThan(40);
  expect(answers.filter(({ status }) => status !== 200).map(refused)).toEqual([]);
}, 240_000);

it('two processes never have more than four calls at a vendor that allows four', async () => {
  const connections = await Promise.all([1, 2, 3, 4].map(() => tenant.connect(pexip.sandbox)));
  await done(connections[0]!, await ask(connections[0]!));
  const client = await clientOf(connections[0]!);
  stateOf(pexip).latencyMs = 60;
  const [before, refusedBefore] = [await callsOf(other, 'pexip'), await refusals()];
  const syncs = await Promise.all(connections.map(ask));
  const reading = [tenant.call, beside].flatMap((call) =>
    [1, 2, 3].map(async () => {
      const statuses = [];
      for (let i = 0; i < 6; i += 1) statuses.push((await fresh(call, client)).status);
      return statuses;
    }),
  );
  const statuses = (await Promise.all(reading)).flat();
  for (const [i, sync] of syncs.entries())
    expect((await done(connections[i]!, sync)).status).toBe('succeeded');
  stateOf(pexip).latencyMs = 0;
  expect(await callsOf(other, 'pexip')).toBeGreaterThan(before);
  expect((await refusals()) - refusedBefore).toBe(0);
  expect(statuses).toEqual(statuses.map(() => 200));
}, 240_000);

it("a vendor's Retry-After holds back all processes, and callers are told at once", async () => {
  const connection = await tenant.connect(pexip.sandbox);
  await tenant.sync(connection, { mode: 'full', resources: ['clients'] });
  const client = await clientOf(connection);
  const before = await refusals();
  pexip.sandbox.fail({ fault: { kind: 'status', status: 429, headers: { 'retry-after': '6' } } });
  const at = performance.now();
  const [status, code, { retryAfterSeconds, vendor }] = refused(await fresh(tenant.call, client));
  expect([status, code, retryAfterSeconds, vendor?.status]).toEqual([503, 'vendor_rate_limited', 6, 429]);
  const asked = pexip.sandbox.requests.length;
  for (const call of [beside, tenant.call]) {
    const [heldStatus, heldCode, problem] = refused(await fresh(call, client));
    expect([heldStatus, heldCode]).toEqual([503, 'vendor_rate_limited']);
    expect(problem.retryAfterSeconds).toBeGreaterThan(1);
    expect(problem.retryAfterSeconds).toBeLessThanOrEqual(6);
  }
  expect(performance.now() - at).toBeLessThan(5_000);
  expect(pexip.sandbox.requests.length).toBe(asked);
  await pause(6_200 - (performance.now() - at));
  expect((await fresh(beside, client)).status).toBe(200);
  expect((await refusals()) - before).toBe(1);
}, 120_000);

it('a sync that is asked to come back much later is put off, goes on where it was, and takes no place meanwhile', async () => {
  const connection = await tenant.connect(cliniko.sandbox);
  cliniko.sandbox.fail({
    fault: { kind: 'status', status: 429, headers: { 'retry-after': '600' } },
    path: '^/v1/patients',
  });
  const id = await ask(connection);
  const path = `/v1/connections/${connection}/syncs/${id}`;
  const look = async (): Promise<ShownSync> => (await tenant.call<ShownSync>('GET', path)).need(200);
  await until(
    () => [...one.log, ...other.log].some((line) => line.includes(id) && line.includes('put off')),
    Boolean,
    30_000,
  );
  expect(await look()).toMatchObject({ status: 'running', errors: [] });
  expect(Object.keys((await look()).resources)).toContain('services');
  const asked = cliniko.sandbox.requests.length;
  await one.rows(
    "update vendor_limits set paused_until = now() where paused_until > now() + interval '60 seconds'",
  );
  await one.rows('update syncs set lease_until = now() where id = $1', [id]);
  expect((await finished(tenant.call, connection, id)).status).toBe('succeeded');
  const again = cliniko.sandbox.requests.slice(asked - cliniko.sandbox.requests.length);
  expect(again.filter((request) => request.includes('/businesses?')).length).toBeLessThan(3);
}, 120_000);

it("a user's request overtakes a full sync that waits for the limit", async () => {
  const connection = await tenant.connect(cliniko.sandbox, { window: { pastDays: 1, futureDays: 2 } });
  await tenant.sync(connection, { mode: 'full', resources: ['clients'] });
  const client = await clientOf(connection);
  (
    await tenant.call('PATCH', `/v1/connections/${connection}`, {
      body: { settings: { rateLimit: { requestsPerMinute: 40 } } },
    })
  ).need(200);
  await pause(2_000);
  const id = await ask(connection);
  await until(
    () => one.rows("select id from syncs where id = $1 and status = 'running' and progress <> '{}'", [id]),
    (rows) => rows.length > 0,
    30_000,
  );
  await pause(3_000);
  const before = performance.now();
  const answers = [await fresh(tenant.call, client), await fresh(beside, client)];
  expect(answers.map(({ status }) => status)).toEqual([200, 200]);
  expect(performance.now() - before).toBeLessThan(4_000);
  expect(
    (await tenant.call<ShownSync>('GET', `/v1/connections/${connection}/syncs/${id}`)).need(200).status,
  ).toBe('running');
  (await tenant.call('DELETE', `/v1/connections/${connection}`)).need(204);
}, 120_000);

it('the slots of a process that is killed come back', async () => {
  const connection = await tenant.connect(pexip.sandbox);
  await tenant.sync(connection, { mode: 'full', resources: ['clients'] });
  const client = await clientOf(connection);
  pexip.sandbox.fail({
    fault: { kind: 'slow', ms: 20_000 },
    path: '^/enterprises/[^/]+/customers/',
    times: 4,
  });
  const asked = pexip.sandbox.requests.length;
  const stuck = [1, 2, 3, 4].map(() => fresh(beside, client).catch(() => null));
  await until(
    () => pexip.sandbox.requests.length - asked,
    (count) => count >= 4,
    30_000,
  );
  const [status, code] = refused(await fresh(tenant.call, client));
  expect([status, code]).toEqual([503, 'vendor_rate_limited']);
  expect(pexip.sandbox.requests.length - asked).toBe(4);
  expect(await other.kill('SIGKILL')).toBeNull();
  const killed = performance.now();
  await until(
    async () => (await fresh(tenant.call, client)).status,
    (answered) => answered === 200,
    60_000,
  );
  expect(performance.now() - killed).toBeLessThan(LEASE_MS + 15_000);
  await Promise.all(stuck);
  await other.restart();
}, 180_000);
