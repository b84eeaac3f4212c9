import { startGateway, type Gateway, type TestTenant } from '../support/gateway';
import type { Answer } from '../support/calls';

const PER_MINUTE = 160;

let first: Gateway;
let second: Gateway;
let tenant: TestTenant;

beforeAll(async () => {
  const env = { RATE_LIMIT_PER_MINUTE: String(PER_MINUTE) };
  first = await startGateway([], env);
  second = await startGateway([], { ...env, DATABASE_URL: first.database.url });
  tenant = await first.tenant('Northside Clinics');
});
afterAll(async () => {
  await second.stop();
  await first.stop();
});

const limitOf = (answer: Answer<unknown>): { left: number; seconds: number } => {
  const [, left, seconds] = /^"per-key";r=(\d+);t=(\d+)$/.exec(answer.headers.get('ratelimit') ?? '') ?? [];
  return { left: Number(left), seconds: Number(seconds) };
};
const ask = (gateway: Gateway, key: string): Promise<Answer<unknown>> =>
  gateway.as(key)('GET', '/v1/vendors/penga');

it('two processes keep one limit for a key, and the headers tell what is left of it', async () => {
  const key = await tenant.key(['read']);
  const begun = limitOf(await ask(first, key));
  expect(begun.left).toBeLessThan(PER_MINUTE);
  expect(begun.left).toBeGreaterThan(PER_MINUTE - 5);
  expect(begun.seconds).toBeGreaterThan(55);
  expect(begun.seconds).toBeLessThanOrEqual(60);
  let allowed = 1;
  const refused: Answer<unknown>[] = [];
  for (let round = 0; round < 40; round += 1) {
    const answers = await Promise.all(
      [first, second, first, second, second, second].map((one) => ask(one, key)),
    );
    allowed += answers.filter(({ status }) => status === 200).length;
    refused.push(...answers.filter(({ status }) => status === 429));
    for (const answer of answers.filter(({ status }) => status === 200)) {
      // Nobody is told of more than there is, but for what the other process has put by since the last news.
      expect(limitOf(answer).left).toBeLessThanOrEqual(PER_MINUTE - allowed + PER_MINUTE / 4);
      expect(answer.headers.get('ratelimit-policy')).toBe(`"per-key";q=${String(PER_MINUTE)};w=60`);
    }
  }
  expect(allowed).toBeLessThanOrEqual(PER_MINUTE);
  expect(allowed).toBeGreaterThanOrEqual(PER_MINUTE * 0.9);
  const { problem, headers } = refused.at(-1)!;
  expect(problem).toMatchObject({ code: 'rate_limited', status: 429, retryable: true });
  expect(Number(headers.get('retry-after'))).toBe(limitOf(refused.at(-1)!).seconds);
  expect(limitOf(refused.at(-1)!).left).toBe(0);
}, 30_000);

it('each key has its own, whichever process is asked', async () => {
  const [spent, fresh] = [await tenant.key(['read']), await tenant.key(['read'])];
  for (let i = 0; i < PER_MINUTE; i += 1) expect((await ask(first, spent)).status).toBe(200);
  expect((await ask(first, spent)).status).toBe(429);
  expect((await ask(second, spent)).status).toBe(429);
  for (const gateway of [first, second]) expect((await ask(gateway, fresh)).status).toBe(200);
}, 30_000);

it('a minute that is over begins anew, in every process', async () => {
  const key = await tenant.key(['read']);
  for (let i = 0; i <= PER_MINUTE; i += 1) await ask(second, key);
  expect((await ask(second, key)).status).toBe(429);
  // The processes go by their own clocks until the end that they were told: they are told of an earlier one by asking.
  await first.rows(
    `update caller_allowances set ends_at = clock_timestamp() where taken >= ${String(PER_MINUTE)}`,
  );
  await second.kill('SIGTERM');
  await second.restart();
  const answer = await ask(second, key);
  expect(answer.status).toBe(200);
  expect(limitOf(answer).left).toBeGreaterThan(PER_MINUTE - 5);
}, 30_000);
