import { setTimeout as pause } from 'node:timers/promises';
import type { PengaState } from '../../src/vendors/penga/sandbox/state';
import { spoiltCredentials } from '../support/secrets';
import { FRESH, type Answer, type Shown, type ShownConnection } from '../support/calls';
import { FOR_GOOD, startClinic, type Clinic } from '../support/clinics';
import type { Gateway, TestTenant } from '../support/gateway';
import { startReplicas, stopReplicas } from '../support/replicas';
import { until } from '../support/until';

const SIZE = { clients: 20, appointments: 40 };
const LOGIN = 'POST /auth/login';

/** A connection, and a client of its. */
interface Branch {
  readonly clinic: Clinic;
  readonly connection: string;
  readonly client: string;
}

let replicas: Gateway[];
let tenant: TestTenant;
let failing: Branch;
let sister: Branch;
let other: Branch;

beforeAll(async () => {
  const clinics = await Promise.all([
    startClinic('penga', SIZE),
    startClinic('penga', SIZE, 2),
    startClinic('cliniko', SIZE),
  ]);
  const hosts = clinics.map(({ sandbox }) => sandbox);
  replicas = await startReplicas(hosts, [{}, { ROLE: 'api' }]);
  tenant = await replicas[0]!.tenant('Stormy Clinics');
  const [first, second, third] = await Promise.all(clinics.map(open));
  [failing, sister, other] = [first!, second!, third!];
}, 120_000);
afterAll(async () => {
  await stopReplicas(replicas);
  await Promise.all([failing, sister, other].map(({ clinic }) => clinic.sandbox.close()));
});
afterEach(() => {
  failing.clinic.sandbox.heal();
});

async function open(clinic: Clinic): Promise<Branch> {
  const connection = await tenant.connect(clinic.sandbox);
  await tenant.sync(connection, { mode: 'full', resources: ['clients'] });
  const [client] = await tenant.all<Shown<'clients'>>(`/v1/clients?connectionId=${connection}`);
  return { clinic, connection, client: client!.id };
}
const read = ({ client }: Branch): Promise<Answer<unknown>> =>
  tenant.call('GET', `/v1/clients/${client}`, FRESH);
async function timed(branch: Branch): Promise<{ ms: number; answer: Answer<unknown> }> {
  const started = performance.now();
  const answer = await read(branch);
  return { ms: performance.now() - started, answer };
}
const median = (values: readonly number[]): number => [...values].sort((a, b) => a - b)[values.length >> 1]!;
const patch = (branch: Branch, body: object): Promise<Answer<ShownConnection>> =>
  tenant.call('PATCH', `/v1/connections/${branch.connection}`, { body });
const loginsAt = ({ clinic }: Branch): number =>
  clinic.sandbox.requests.filter((request) => request.startsWith(LOGIN)).length;

it('a vendor that fails again and again is left alone, takes nothing else down, and is back by itself', async () => {
  const { sandbox } = failing.clinic;
  await read(failing);
  sandbox.fail({ fault: { kind: 'status', status: 500 }, times: FOR_GOOD });
  const last = await until(
    () => read(failing),
    ({ problem }) => problem.code === 'vendor_unavailable',
  );
  expect([last.status, last.problem.retryable, last.problem.vendor?.status]).toEqual([503, true, null]);
  expect(last.headers.get('retry-after')).toMatch(/^[1-9]\d*$/);

  const [before, times] = [sandbox.requests.length, [] as number[]];
  const quiet: number[] = [];
  while (times.length < 50) {
    const { ms, answer } = await timed(failing);
    // Now and then one call looks whether the vendor is back.
    if (answer.problem.vendor?.status === null) times.push(ms);
    if (times.length % 10 === 0) {
      for (const well of [sister, other]) {
        const { ms: took, answer: fine } = await timed(well);
        fine.need(200);
        quiet.push(took);
      }
    }
  }
  // No more than the looks: one each, and each rest is twice as long as the one before.
  expect(sandbox.requests.length - before).toBeLessThanOrEqual(4);
  expect((await tenant.call('GET', `/v1/clients/${failing.client}`)).status).toBe(200);
  // The time is the gateway's own where the machine lets it have one: of many times ten answers, the best.
  let best = Math.min(...[0, 10, 20, 30, 40].map((at) => median(times.slice(at, at + 10))));
  for (let nth = 0; best >= 10 && nth < 20; nth += 1) {
    await pause(250);
    const ten: number[] = [];
    while (ten.length < 10) ten.push((await timed(failing)).ms);
    best = Math.min(best, median(ten));
  }
  expect(best).toBeLessThan(10);
  expect(median(quiet)).toBeLessThan(1_000);

  sandbox.heal();
  await until(
    () => read(failing),
    ({ status }) => status === 200,
    30_000,
  );
  // A child's log comes through a pipe, some time after the answer.
  for (const state of ['opened', 'closed'])
    await until(
      () => replicas[0]!.log.some((line) => line.includes(`"circuit":"${state}"`)),
      (told) => told,
    );
}, 60_000);

it('a change of the connection closes its circuit at once: what failed may be mended', async () => {
  failing.clinic.sandbox.fail({ fault: { kind: 'reset' }, times: FOR_GOOD });
  await until(
    () => read(failing),
    ({ problem }) => problem.detail.includes('again and again'),
  );
  failing.clinic.sandbox.heal();
  expect((await read(failing)).status).toBe(503);
  (await patch(failing, { name: 'Mended' })).need(200);
  expect((await read(failing)).status).toBe(200);
});

it('a vendor that is slow takes nothing from the others', async () => {
  failing.clinic.sandbox.fail({ fault: { kind: 'slow', ms: 3_000 }, times: FOR_GOOD });
  const slow = Array.from({ length: 100 }, () => read(failing));
  await pause(300);
  const times: number[] = [];
  for (let nth = 0; nth < 10; nth += 1)
    for (const well of [sister, other]) {
      const { ms, answer } = await timed(well);
      answer.need(200);
      times.push(ms);
    }
  expect(median(times)).toBeLessThan(1_000);
  failing.clinic.sandbox.heal();
  const codes = new Set(
    (await Promise.all(slow)).map(({ status, problem }) => (status === 200 ? 200 : problem.code)),
  );
  expect([...codes].filter((code) => code !== 200 && code !== 'vendor_rate_limited')).toEqual([]);
  await until(
    () => read(failing),
    ({ status }) => status === 200,
  );
});

it('200 calls on two replicas, when the token has ended: one log-in', async () => {
  const { sandbox } = sister.clinic;
  const { state } = sandbox as unknown as { state: PengaState };
  const real = state.now;
  // A token that lives for two seconds.
  (state as { now: () => Date }).now = () => new Date(Date.now() - 3_600_000 + 2_000);
  (await patch(sister, { settings: { timeZone: 'Europe/London' } })).need(200);
  (await read(sister)).need(200);
  (state as { now: () => Date }).now = real;
  await pause(2_100);
  const before = loginsAt(sister);
  const key = await tenant.key();
  const answers = await Promise.all(
    replicas.flatMap((replica) =>
      Array.from({ length: 100 }, () => replica.as(key)('GET', `/v1/clients/${sister.client}`, FRESH)),
    ),
  );
  const odd = answers.filter(
    ({ status, problem }) => status !== 200 && problem.code !== 'vendor_rate_limited',
  );
  expect(odd.map(({ text }) => text)).toEqual([]);
  expect(answers.filter(({ status }) => status === 200).length).toBeGreaterThan(20);
  expect(loginsAt(sister) - before).toBe(1);
}, 60_000);

it('a token that is refused as soon as it is given: nobody logs in again until the credentials change', async () => {
  const { sandbox } = failing.clinic;
  (await read(failing)).need(200);
  sandbox.fail({ fault: { kind: 'status', status: 401 }, method: 'GET', times: FOR_GOOD });
  const before = loginsAt(failing);
  const first = await read(failing);
  expect([first.status, first.problem.code, first.problem.retryable]).toEqual([
    424,
    'vendor_auth_failed',
    false,
  ]);
  expect(loginsAt(failing) - before).toBe(1);
  sandbox.heal();
  const asked = sandbox.requests.length;
  const key = await tenant.key();
  for (const replica of replicas) {
    const call = replica.as(key);
    for (let nth = 0; nth < 5; nth += 1)
      expect((await call('GET', `/v1/clients/${failing.client}`, FRESH)).problem.code).toBe(
        'vendor_auth_failed',
      );
  }
  expect(sandbox.requests.length).toBe(asked);
  const shown = (await tenant.call<ShownConnection>('GET', `/v1/connections/${failing.connection}`)).need(
    200,
  );
  expect(shown).toMatchObject({
    status: 'failing',
    lastError: { code: 'vendor_auth_failed', retryable: false },
  });
  (await patch(failing, { credentials: spoiltCredentials(sandbox.credentials) })).need(200);
  expect((await read(failing)).problem.code).toBe('vendor_auth_failed');
  (await patch(failing, { credentials: sandbox.credentials })).need(200);
  expect((await read(failing)).status).toBe(200);
});

it('log-ins that hang hold nothing of the database: others are served', async () => {
  const { clinic } = failing;
  const lines = await Promise.all(Array.from({ length: 40 }, () => tenant.connect(clinic.sandbox)));
  clinic.sandbox.fail({ fault: { kind: 'slow', ms: 8_000 }, path: '^/auth/login', times: FOR_GOOD });
  const checks = lines.map((id) =>
    tenant.call('POST', `/v1/connections/${id}/passthrough`, {
      body: { method: 'GET', path: 'departments/perpage/1' },
    }),
  );
  await until(
    () => loginsAt(failing),
    (logins) => logins >= 8,
  );
  const times: number[] = [];
  for (let nth = 0; nth < 5; nth += 1) {
    const { ms, answer } = await timed(other);
    answer.need(200);
    times.push(ms);
  }
  // Everything ends before anything is found wrong: what still hangs would hold up the end of all.
  clinic.sandbox.heal();
  await Promise.all(checks);
  expect(Math.max(...times)).toBeLessThan(4_000);
}, 60_000);
