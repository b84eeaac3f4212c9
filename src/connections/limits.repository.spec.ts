import { setTimeout as pause } from 'node:timers/promises';
import { Client } from 'pg';
import { freshDatabase, type FreshDatabase } from '../../test/support/database';
import type { Limits } from '../vendors/kit/limits';
import { bucketOf, LimitsRepository, type Admission } from './limits.repository';
import { paceOf } from './pace';

let database: FreshDatabase;
let admin: Client;
let one: LimitsRepository;
let other: LimitsRepository;
let limits: Limits;
let bucket = 0;

beforeAll(async () => {
  database = await freshDatabase();
  admin = new Client({ connectionString: database.adminUrl });
  await admin.connect();
  [one, other] = [new LimitsRepository(database.url), new LimitsRepository(database.url)];
});
afterAll(async () => {
  await Promise.all([one.close(), other.close()]);
  await admin.end();
  await database.drop();
});
beforeEach(() => {
  bucket += 1;
  limits = { requestsPerMinute: 600, maxInFlight: 4, sharedBy: `account ${String(bucket)}` };
});

const ask = (
  from: LimitsRepository,
  users: number,
  background: number,
  idle: number[] = [],
): Promise<Admission> => from.admit(limits, { users, background, idle });
const givesBack = (from: LimitsRepository, { claimed }: Admission): Promise<void> =>
  from.release(claimed.map((slot) => ({ ...slot, key: bucketOf(limits) })));
const letIn = ({ users, background }: Admission): number => users + background;

describe('the limit on requests', () => {
  it('is one for all processes: together they get what one would get', async () => {
    limits = { ...limits, maxInFlight: 1000 };
    const { gap, burst } = paceOf(limits);
    const started = performance.now();
    let let_ = 0;
    const spend = async (from: LimitsRepository): Promise<void> => {
      while (performance.now() - started < 2_000) {
        const admission = await ask(from, 3, 3);
        let_ += letIn(admission) + admission.extra;
        await givesBack(from, admission);
        await pause(5);
      }
    };
    await Promise.all([spend(one), spend(other), spend(one)]);
    const most = burst + (performance.now() - started) / 1000 / gap;
    expect(let_).toBeLessThanOrEqual(Math.ceil(most));
    expect(let_).toBeGreaterThan(burst);
  });

  it('leaves calls in hand for users when background work has taken its share, and says how long each would wait', async () => {
    limits = { ...limits, requestsPerMinute: 60, maxInFlight: 100 };
    const { gap, burst, backgroundBurst } = paceOf(limits);
    const asked = performance.now();
    const background = await ask(one, 0, 50);
    expect(letIn(background)).toBe(backgroundBurst);
    expect(background.backgroundWaitMs).toBeGreaterThan(gap * 900);
    expect(background.usersWaitMs).toBe(0);
    const users = await ask(other, 50, 50);
    expect([users.users, users.background]).toEqual([burst - backgroundBurst, 0]);
    const passed = performance.now() - asked;
    expect(users.usersWaitMs).toBeGreaterThan(gap * 1_000 - passed - 50);
    expect(users.backgroundWaitMs).toBeGreaterThan(users.usersWaitMs);
  });

  it('of one call a minute lets in one', async () => {
    limits = { ...limits, requestsPerMinute: 1 };
    expect(letIn(await ask(one, 5, 5))).toBe(1);
    const later = await ask(other, 5, 5);
    expect(letIn(later)).toBe(0);
    expect(later.usersWaitMs).toBeGreaterThan(60_000);
  });

  it('is none where the vendor has none', async () => {
    limits = { ...limits, requestsPerMinute: null, maxInFlight: 50 };
    expect(letIn(await ask(one, 30, 10))).toBe(40);
  });

  it('pauses for all, and a shorter pause does not end a longer one', async () => {
    await one.pause(limits, 1_500);
    await one.pause(limits, 100);
    const paused = await ask(other, 1, 1);
    expect(letIn(paused)).toBe(0);
    expect(paused.usersWaitMs).toBeGreaterThan(1_000);
    await pause(paused.usersWaitMs + 20);
    expect(letIn(await ask(other, 1, 1))).toBe(2);
  });
});

describe('the slots', () => {
  it('are never more than the vendor allows, and background work leaves one', async () => {
    const first = await ask(one, 0, 10);
    expect([first.background, first.claimed.length]).toEqual([3, 3]);
    const second = await ask(other, 2, 2);
    expect([second.users, second.background]).toEqual([1, 0]);
    expect(letIn(await ask(one, 5, 5))).toBe(0);
    await givesBack(one, first);
    expect((await ask(other, 0, 10)).background).toBe(2);
  });

  it('are kept from call to call without being claimed again', async () => {
    const first = await ask(one, 1, 0);
    const number = first.claimed[0]!.number;
    const again = await ask(one, 1, 0, [number]);
    expect([again.users, again.kept, again.claimed]).toEqual([1, [number], []]);
    expect((await ask(other, 1, 0, [number])).kept).toEqual([]);
  });

  it('of a dead process come back with the end of their leases, and are not given back by it then', async () => {
    const lost = await ask(one, 4, 0);
    expect(letIn(await ask(other, 1, 0))).toBe(0);
    await admin.query('update vendor_slots set lease_until = now() where key = $1', [bucketOf(limits)]);
    const taken = await ask(other, 4, 0);
    expect(taken.users).toBe(4);
    await givesBack(one, lost);
    const slots = lost.claimed.map((slot) => ({ ...slot, key: bucketOf(limits) }));
    expect(await one.renew(slots)).toEqual([]);
    expect(letIn(await ask(one, 1, 0))).toBe(0);
  });

  it('that were given back are not renewed by a renewal that was late', async () => {
    const held = await ask(one, 1, 0);
    const slots = held.claimed.map((slot) => ({ ...slot, key: bucketOf(limits) }));
    expect(await one.renew(slots)).toEqual(slots);
    await one.release(slots);
    expect(await one.renew(slots)).toEqual([]);
    expect((await ask(other, 4, 0)).users).toBe(4);
  });

  it('tell who holds them that another process waits', async () => {
    await ask(one, 0, 3);
    expect((await ask(other, 0, 1)).background).toBe(0);
    expect((await ask(one, 0, 1)).hasRival).toBe(true);
    expect((await ask(other, 0, 1)).hasRival).toBe(false);
  });
});

it('no tenant sees how much is called', async () => {
  await ask(one, 1, 0);
  const asTenant = new Client({ connectionString: database.url });
  await asTenant.connect();
  await asTenant.query("select set_config('app.tenant_id', gen_random_uuid()::text, false)");
  for (const table of ['vendor_limits', 'vendor_slots'])
    expect([table, (await asTenant.query(`select * from ${table}`)).rowCount]).toEqual([table, 0]);
  await asTenant.end();
});
