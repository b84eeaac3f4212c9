import { openRange, type Range } from '../support/fuzz';

/** The same seed shoots the same, so that a change is judged by the same shots each day; `test:chaos` shoots anew each time. */
const SEED = Number(process.env['FUZZ_SEED'] ?? 20_260_701);
const RUNS = Number(process.env['FUZZ_RUNS'] ?? 12);

let range: Range;

beforeAll(async () => {
  range = await openRange(SEED);
}, 60_000);
afterAll(() => range.stop());

it(`whatever is sent to any operation is answered as documented, and what is refused costs nothing (FUZZ_SEED=${String(SEED)})`, async () => {
  const wrong: (string | null)[] = [];
  for (const operation of range.operations) wrong.push(await range.shootAt(operation, RUNS));
  expect(wrong.filter((one) => one !== null)).toEqual([]);
  // Shots that all miss prove nothing.
  for (const status of [200, 201, 204, 400, 404])
    expect([status, range.seen.get(status) ?? 0]).not.toEqual([status, 0]);
  expect((await range.gateway.as(null)('GET', '/healthz')).status).toBe(200);
  expect(range.gateway.log.filter((line) => line.includes('"level":"error"'))).toEqual([]);
}, 600_000);
