import { askedMs, verdictOf } from './delivery-verdict';
import type { Outcome } from './webhook-sender';

const [SECOND, MINUTE, HOUR] = [1_000, 60_000, 3_600_000];
const DAYS_3 = 72 * HOUR;
const NOW = Date.parse('2026-01-31T09:00:00Z');

const outcome = (changed: Partial<Outcome>): Outcome => ({
  status: 500,
  error: 'refused',
  retryAfter: null,
  latencyMs: 5,
  ...changed,
});
const after = (
  changed: Partial<Outcome>,
  before: number,
  elapsedMs: number,
  chance = 0.5,
): ReturnType<typeof verdictOf> => verdictOf(outcome(changed), { before, elapsedMs }, { chance, now: NOW });
const pauseAfter = (...args: Parameters<typeof after>): number => {
  const verdict = after(...args);
  if (verdict.status !== 'pending') throw new Error(`it is ${verdict.status}`);
  return verdict.pauseMs;
};

it('a 2xx is delivered, at whatever try', () => {
  expect(after({ status: 204, error: null }, 0, 0)).toEqual({ status: 'delivered' });
  expect(after({ status: 200, error: null }, 12, DAYS_3 + HOUR)).toEqual({ status: 'delivered' });
});

it('a 410 ends it at once, and the endpoint with it', () => {
  expect(after({ status: 410, error: 'gone' }, 0, 0)).toEqual({ status: 'failed', disable: 'gone' });
});

it('the pauses grow from seconds to a day, and the last try comes when three days are over', () => {
  let elapsed = 0;
  const pauses: number[] = [];
  for (let before = 0; ; before += 1) {
    const verdict = after({}, before, elapsed);
    if (verdict.status !== 'pending') {
      expect(verdict).toEqual({ status: 'failed', disable: 'failing' });
      break;
    }
    pauses.push(verdict.pauseMs);
    elapsed += verdict.pauseMs;
  }
  expect(pauses.slice(0, 8)).toEqual([
    5 * SECOND,
    5 * MINUTE,
    30 * MINUTE,
    2 * HOUR,
    5 * HOUR,
    10 * HOUR,
    14 * HOUR,
    20 * HOUR,
  ]);
  expect(pauses).toHaveLength(9);
  expect(elapsed).toBe(DAYS_3);
});

it('chance makes each pause a fifth longer or shorter at most', () => {
  expect(pauseAfter({}, 1, 0, 0)).toBe(4 * MINUTE);
  expect(pauseAfter({}, 1, 0, 1)).toBe(6 * MINUTE);
  expect(pauseAfter({}, 99, 0, 0)).toBe(24 * HOUR * 0.8);
});

it.each([
  ['seconds', '120', 120 * SECOND],
  ['a date', new Date(NOW + 10 * MINUTE).toUTCString(), 10 * MINUTE],
  ['more than a day', '999999', 24 * HOUR],
  ['a date gone by', new Date(NOW - HOUR).toUTCString(), 0],
  ['nonsense', 'soon', 0],
  ['less than nothing', '-5', 0],
  ['a fraction', '1.5', 0],
  ['nothing', '', 0],
])('Retry-After with %s is read', (_what, header, expected) => {
  expect(askedMs(header, NOW)).toBe(expected);
});

it.each([0, 0.5, 1])('a pause that a receiver asks for is never cut short (chance %d)', (chance) => {
  expect(pauseAfter({ status: 429, retryAfter: '60' }, 0, MINUTE, chance)).toBeGreaterThanOrEqual(
    60 * SECOND,
  );
  expect(pauseAfter({ status: 503, retryAfter: '5' }, 0, 0, chance)).toBeGreaterThanOrEqual(5 * SECOND);
  expect(pauseAfter({ status: 503, retryAfter: '7200' }, 0, DAYS_3 - MINUTE, chance)).toBeGreaterThanOrEqual(
    2 * HOUR,
  );
});

it('a receiver that asks for less than the plan gets the plan', () => {
  expect(pauseAfter({ status: 503, retryAfter: '1' }, 3, HOUR)).toBe(2 * HOUR);
});
