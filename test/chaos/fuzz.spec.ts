import { openRange, type Range } from '../support/fuzz';
import { startGateway } from '../support/gateway';
import { answersIn, problemIn, said } from '../support/raw-http';

/** The same seed shoots the same; a failure prints it. */
const SEED = Number(process.env['FUZZ_SEED'] ?? Date.now() % 2 ** 31);
const RUNS = Number(process.env['FUZZ_RUNS'] ?? 500);
const SLOW = 200;

let range: Range;

beforeAll(async () => {
  range = await openRange(SEED);
}, 60_000);
afterAll(() => range.stop());

it(`some 25,000 requests of every kind are answered as documented, and what is refused costs nothing (FUZZ_SEED=${String(SEED)})`, async () => {
  const wrong: (string | null)[] = [];
  for (const operation of range.operations) wrong.push(await range.shootAt(operation, RUNS));
  expect(wrong.filter((one) => one !== null)).toEqual([]);
  expect([...range.seen.values()].reduce((sum, one) => sum + one, 0)).toBeGreaterThan(RUNS * 40);
  expect(range.gateway.log.filter((line) => line.includes('"level":"error"'))).toEqual([]);
}, 1_800_000);

it('callers who never finish are answered 408 and let go, and keep nobody waiting', async () => {
  const gateway = await startGateway();
  try {
    const head =
      'POST /v1/tenants HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 1000\r\n';
    const authorization = `Authorization: Bearer ${gateway.operatorKey}\r\n`;
    const slow = (pieces: string[]): ReturnType<typeof said> =>
      said(gateway.url, [...pieces, ...Array<string>(34).fill('x')], { betweenMs: 1_000 });
    const begun = performance.now();
    const callers = Array.from({ length: SLOW }, (_, i) =>
      slow(i % 2 === 0 ? [head + authorization, '\r\n{'] : [head]),
    );
    let slowest = 0;
    while (performance.now() - begun < 30_000) {
      const asked = performance.now();
      expect((await gateway.operator('GET', '/v1/tenants')).status).toBe(200);
      slowest = Math.max(slowest, performance.now() - asked);
    }
    expect(slowest).toBeLessThan(2_000);
    for (const { text, closed } of await Promise.all(callers)) {
      expect(closed).toBe(true);
      expect(problemIn(answersIn(text)[0]!)).toMatchObject({ status: 408, code: 'request_timeout' });
    }
  } finally {
    await gateway.stop();
  }
}, 120_000);
