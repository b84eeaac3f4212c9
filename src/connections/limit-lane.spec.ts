import { setTimeout as pause } from 'node:timers/promises';
import { until } from '../../test/support/until';
import { VendorError } from '../vendors/kit/error';
import { LimitLane } from './limit-lane';
import type { Admission, Asking, HeldSlot } from './limits.repository';
import type { Priority, Turn } from './turn';
import type { Place } from './waiting-line';

const LIMITS = { requestsPerMinute: 200, maxInFlight: 4, sharedBy: 'an account' };
const USER: Turn = { priority: 'user', patienceMs: 2_000 };
const BACKGROUND: Turn = { priority: 'background', patienceMs: 30_000 };
const NOBODY: Admission = {
  users: 0,
  background: 0,
  extra: 0,
  claimed: [],
  kept: [],
  usersWaitMs: 0,
  backgroundWaitMs: 0,
  hasRival: false,
};

/** The database as one answer after the other; the last one stays. */
class Answers {
  readonly asked: Asking[] = [];
  readonly released: HeldSlot[] = [];
  private fence = 0;
  constructor(private readonly answers: (Partial<Admission> | Error)[]) {}

  admit = (_limits: unknown, asking: Asking): Promise<Admission> => {
    this.asked.push(asking);
    const answer = this.answers.length > 1 ? this.answers.shift()! : this.answers[0]!;
    if (answer instanceof Error) return Promise.reject(answer);
    const { users = 0, background = 0 } = answer;
    const kept = asking.idle.slice(0, users + background);
    const claimed = Array.from({ length: users + background - kept.length }, () => {
      this.fence += 1;
      return { number: this.fence, fence: this.fence };
    });
    return Promise.resolve({ ...NOBODY, ...answer, kept: [...asking.idle], claimed });
  };
  release = (slots: readonly HeldSlot[]): Promise<void> => {
    this.released.push(...slots);
    return Promise.resolve();
  };
}

const laneOf = (...answers: (Partial<Admission> | Error)[]) => {
  const store = new Answers(answers);
  const closed: boolean[] = [];
  const lane = new LimitLane(LIMITS, store, () => closed.push(true));
  return { store, lane, closed };
};
/** Who was let in, in order, as far as it has come. */
const noted = (lane: LimitLane, turns: Turn[]): { in: Priority[]; places: Place[] } => {
  const seen = { in: [] as Priority[], places: [] as Place[] };
  for (const turn of turns)
    lane.enter(turn).then(
      (place) => {
        seen.in.push(turn.priority);
        seen.places.push(place);
      },
      () => undefined,
    );
  return seen;
};

it('lets users in before background work, however long that has waited', async () => {
  const { lane } = laneOf(
    { backgroundWaitMs: 60, usersWaitMs: 60 },
    { users: 1, backgroundWaitMs: 40 },
    { background: 2 },
  );
  const seen = noted(lane, [BACKGROUND, BACKGROUND, USER]);
  await until(
    () => seen.in.length,
    (count) => count === 3,
  );
  expect(seen.in).toEqual(['user', 'background', 'background']);
});

it('asks once for all who wait', async () => {
  const { lane, store } = laneOf({}, { users: 3, background: 2 });
  noted(lane, [USER, USER, BACKGROUND, USER, BACKGROUND]);
  await pause(200);
  expect(store.asked.slice(1)).toEqual([{ users: 3, background: 2, idle: [] }]);
});

it('tells those at once who would wait longer than they can, by their place in the queue, and when to come back', async () => {
  const { lane } = laneOf({ usersWaitMs: 1_500, backgroundWaitMs: 1_500 });
  const started = performance.now();
  const outcomes = await Promise.all(
    [0, 1, 2, 3].map((nth) =>
      Promise.race([
        lane.enter(USER).catch((error: unknown) => error),
        pause(500).then(() => `waits ${String(nth)}`),
      ]),
    ),
  );
  // One call in 333 ms: the third in the queue would wait 2.2 s.
  expect(outcomes.map((one) => (one instanceof VendorError ? one.kind : one))).toEqual([
    'waits 0',
    'waits 1',
    'rate_limited',
    'rate_limited',
  ]);
  expect((outcomes[2] as VendorError).at.retryAfterMs).toBeGreaterThan(USER.patienceMs);
  const late = await lane.enter({ ...USER, patienceMs: 100 }).catch((error: unknown) => error);
  expect(late).toMatchObject({ kind: 'rate_limited' });
  expect(performance.now() - started).toBeLessThan(1_000);
  lane.refuseWaiting();
});

it('gives up where no slot comes free in time', async () => {
  const { lane, store } = laneOf({});
  const refused = await lane
    .enter({ priority: 'user', patienceMs: 1_000 })
    .catch((error: unknown) => error as VendorError);
  expect(refused).toMatchObject({ kind: 'rate_limited', at: { outcome: 'not_done' } });
  expect(store.asked.length).toBeGreaterThan(2);
});

it('keeps a slot for the next call, and gives it back when none comes', async () => {
  const { lane, store, closed } = laneOf({ users: 1 });
  const place = await lane.enter(USER);
  lane.leave(place);
  const again = await lane.enter(USER);
  expect([again.number, store.asked[1]!.idle]).toEqual([place.number, [place.number]]);
  lane.leave(again);
  await pause(250);
  expect(store.released.map(({ number }) => number)).toEqual([place.number]);
  expect(closed).toEqual([true]);
});

it('lets in without a question those who were let in ahead, while there is a slot at hand', async () => {
  const { lane, store } = laneOf({ users: 1, extra: 2 }, { users: 1 });
  for (let i = 0; i < 3; i += 1) lane.leave(await lane.enter(USER));
  expect(store.asked).toHaveLength(1);
  lane.leave(await lane.enter(USER));
  expect(store.asked).toHaveLength(2);
});

it('lets nobody go ahead once the vendor wants a rest', async () => {
  const { lane, store } = laneOf({ users: 1, extra: 3 }, { usersWaitMs: 6_000 });
  lane.leave(await lane.enter(USER));
  lane.heldBack();
  await expect(lane.enter(USER)).rejects.toThrow(VendorError);
  expect(store.asked).toHaveLength(2);
});

it('forgets what was let in ahead when its moment is over', async () => {
  const { lane, store } = laneOf({ users: 1, extra: 50 });
  lane.leave(await lane.enter(USER));
  await pause(150);
  lane.leave(await lane.enter(USER));
  expect(store.asked).toHaveLength(2);
});

it('lets a slot of background work go where another process waits for one', async () => {
  const { lane, store } = laneOf({ background: 1, hasRival: true }, { background: 1 });
  const place = await lane.enter(BACKGROUND);
  const next = lane.enter(BACKGROUND);
  lane.leave(place);
  expect(store.released.map(({ number }) => number)).toEqual([place.number]);
  const before = performance.now();
  expect((await next).number).not.toBe(place.number);
  expect(performance.now() - before).toBeGreaterThan(30);
});

it('hands a failure of the database to those who wait, and goes on with the next', async () => {
  const { lane } = laneOf(new Error('the database is gone'), { users: 1 });
  await expect(lane.enter(USER)).rejects.toThrow('the database is gone');
  expect((await lane.enter(USER)).number).toBe(1);
});

it('does not use a slot that another process has taken', async () => {
  const { lane, store } = laneOf({ users: 1, extra: 5 }, { users: 1 });
  const place = await lane.enter(USER);
  lane.renewed(new Set(), [place], performance.now());
  lane.leave(place);
  expect((await lane.enter(USER)).number).not.toBe(place.number);
  expect([lane.places.length, store.asked[1]!.idle]).toEqual([1, []]);
});
