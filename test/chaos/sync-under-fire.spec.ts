import { en, Faker } from '@faker-js/faker';
import { CASES } from '../contract/vendors';
import { startClinic } from '../support/clinics';
import type { ShownConnection, ShownSync } from '../support/calls';
import type { Gateway, TestTenant } from '../support/gateway';
import { startReplicas, stopReplicas } from '../support/replicas';
import { until } from '../support/until';
import { startReceiver, type WebhookReceiver } from '../support/webhook-receiver';
import { subscribe } from '../support/webhooks';
import {
  allEvents,
  expectAllChangesTold,
  expectAllDelivered,
  expectUnbrokenStories,
  keepSecondBook,
} from './feed-proofs';
import { expectMirrorEqualsVendor, type Followed } from './mirror-proofs';
import { ask, kill, live } from './turmoil';

const SECONDS = Number(process.env['CHAOS_SECONDS'] ?? 120);
const SEED = Number(process.env['CHAOS_SEED'] ?? Date.now() % 1_000_000);
const INTERVAL_SECONDS = 5;
const SETTLING_MS = 240_000;
const HOOK = '/hook';
const DAY_MS = 86_400_000;
const WINDOW = { pastDays: 20, futureDays: 40 };
/** Cliniko's own figure; the sandbox refuses what is beyond it. */
const A_MINUTE = 200;

const say = (line: string): void =>
  void process.stderr.write(`  ${String(Math.round(performance.now() / 1000))} s: ${line}\n`);

let receiver: WebhookReceiver;
let replicas: Gateway[];
let tenant: TestTenant;
let followed: Followed[];

beforeAll(async () => {
  say(`CHAOS_SEED=${String(SEED)} CHAOS_SECONDS=${String(SECONDS)}`);
  receiver = await startReceiver();
  const clinics = await Promise.all(
    CASES.map(({ name }) => startClinic(name, { clients: 100, appointments: 160 })),
  );
  const shared = { WEBHOOK_HOST_ALLOWLIST: receiver.host };
  replicas = await startReplicas(
    clinics.map(({ sandbox }) => sandbox),
    ['api', 'api', 'worker', 'worker'].map((ROLE) => ({ ...shared, ROLE })),
  );
  await keepSecondBook(replicas[0]!);
  tenant = await replicas[0]!.tenant('Northside Clinics');
  followed = CASES.map(({ name, vendor }, i) => ({
    vendor,
    clinic: clinics[i]!,
    connectionId: name,
  }));
}, 120_000);
afterAll(async () => {
  await stopReplicas(replicas);
  await Promise.all(followed.map(({ clinic }) => clinic.sandbox.close()));
  receiver.close();
});

const syncsOf = (id: string): Promise<ShownSync[]> => tenant.all<ShownSync>(`/v1/connections/${id}/syncs`);

/** Waits until each connection was read whole once more, from a moment after the last change on. */
async function readWhole(ids: readonly string[]): Promise<void> {
  const now = new Date().toISOString();
  await replicas[0]!.rows('update sync_schedules set next_full_at = now(), next_sync_at = now()');
  for (const id of ids)
    await until(
      () => syncsOf(id),
      (all) =>
        all.some(
          ({ mode, status, startedAt }) => mode === 'full' && status === 'succeeded' && startedAt! >= now,
        ),
      SETTLING_MS,
    );
}

/** Syncs of one connection: each ended, and none began before the one before it was over. */
function expectOneAfterTheOther(syncs: readonly ShownSync[]): void {
  const ended = syncs
    .filter(({ startedAt }) => startedAt !== null)
    .sort((a, b) => (a.startedAt! < b.startedAt! ? -1 : 1));
  for (const [i, { startedAt }] of ended.slice(1).entries()) {
    const { finishedAt, id } = ended[i]!;
    expect([id, finishedAt !== null && finishedAt <= startedAt!]).toEqual([id, true]);
  }
}

it(
  'four clinics at work, callers at two processes, two workers killed again and again: the mirror and the feed are true in the end',
  async () => {
    const random = new Faker({ locale: [en] });
    random.seed(SEED);
    const { secret } = await subscribe(tenant, receiver.url(HOOK), { payload: 'full' });
    for (const one of followed) {
      const isCliniko = one.vendor.name === 'cliniko';
      if (isCliniko)
        (one.clinic.sandbox as unknown as { state: { requestsPerMinute: number } }).state.requestsPerMinute =
          A_MINUTE;
      Object.assign(one, {
        connectionId: await tenant.connect(one.clinic.sandbox, {
          window: WINDOW,
          sync: { enabled: true, intervalSeconds: INTERVAL_SECONDS },
          ...(isCliniko ? { rateLimit: { requestsPerMinute: A_MINUTE } } : {}),
        }),
      });
    }
    const ids = followed.map(({ connectionId }) => connectionId);
    for (const id of ids)
      await until(
        () => syncsOf(id),
        (all) => all.some(({ status }) => status === 'succeeded'),
        SETTLING_MS,
      );

    const end = performance.now() + SECONDS * 1000;
    const isOver = (): boolean => performance.now() > end;
    const key = await tenant.key();
    const [done, kills, ...asked] = await Promise.all([
      live(
        followed.map(({ clinic }) => clinic),
        random,
        isOver,
      ),
      kill(replicas.slice(2), random, isOver),
      ...replicas.slice(0, 2).map((replica) => ask(replica.as(key), random, isOver)),
    ]);
    say(
      `${String(kills)} kills; ${followed.map(({ vendor }, i) => `${vendor.name} ${JSON.stringify(done[i])}`).join('; ')}`,
    );
    await readWhole(ids);
    say('every connection was read whole');

    for (const { connectionId, vendor, clinic } of followed) {
      const syncs = await syncsOf(connectionId);
      expectOneAfterTheOther(syncs);
      expect([vendor.name, clinic.sandbox.refused]).toEqual([vendor.name, []]);
      expect(
        (await tenant.call<ShownConnection>('GET', `/v1/connections/${connectionId}`)).need(200),
      ).toMatchObject({ status: 'active', lastError: null });
    }
    const now = Date.now();
    const window = {
      from: new Date(now - (WINDOW.pastDays - 1) * DAY_MS).toISOString(),
      to: new Date(now + (WINDOW.futureDays - 1) * DAY_MS).toISOString(),
    };
    for (const one of followed) {
      const { same, gone } = await expectMirrorEqualsVendor(tenant, one, window);
      say(`${one.vendor.name}: ${String(same)} records the same, ${String(gone)} gone`);
    }
    const told = await expectAllChangesTold(replicas[0]!);
    const events = await allEvents(tenant);
    say(`${String(events.length)} events, ${String(receiver.at(HOOK).length)} deliveries so far`);
    expect(events).toHaveLength(told);
    expectUnbrokenStories(events);
    await expectAllDelivered(events, { secret, calls: () => receiver.at(HOOK) }, SETTLING_MS);
    const fenced = await replicas[0]!.rows<{ fence: number }>('select fence from syncs where fence > 1');
    say(
      `${String(told)} events, ${String(receiver.at(HOOK).length)} deliveries, ${String(fenced.length)} syncs taken over, ${asked.join(' + ')} changes by callers`,
    );
    // Otherwise nothing was put to the test.
    expect(kills).toBeGreaterThan(2);
    expect(events.filter(({ type }) => !type.endsWith('.created')).length).toBeGreaterThan(SECONDS / 4);
  },
  SECONDS * 1000 + 3 * SETTLING_MS,
);
