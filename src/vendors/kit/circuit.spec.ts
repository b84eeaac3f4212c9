import { Circuit, CircuitOpen } from './circuit';
import { VendorError, type VendorErrorKind } from './error';

const FIRST_REST_MS = 2_500;

const failure = (kind: VendorErrorKind, status: number | null): VendorError =>
  new VendorError(kind, kind, {
    operation: 'get',
    status,
    code: null,
    retryAfterMs: null,
    outcome: 'unknown',
  });

let circuit: Circuit;
let calls: number;
beforeEach(() => {
  jest.useFakeTimers();
  circuit = new Circuit();
  calls = 0;
});
afterEach(() => {
  jest.useRealTimers();
});

const fail = (error: Error): Promise<unknown> =>
  circuit
    .run(() => {
      calls += 1;
      return Promise.reject(error);
    })
    .catch((thrown: unknown) => thrown);
const succeed = (): Promise<unknown> =>
  circuit
    .run(() => {
      calls += 1;
      return Promise.resolve('well');
    })
    .catch((thrown: unknown) => thrown);
const failTimes = async (times: number): Promise<void> => {
  for (let nth = 0; nth < times; nth += 1) await fail(failure('vendor_error', 500));
};

it.each([
  ['unavailable', null],
  ['timeout', null],
  ['vendor_error', 500],
  ['unavailable', 503],
  ['invalid_response', 200],
] as const)('opens after ten answers of %s %s in a row', async (kind, status) => {
  for (let nth = 0; nth < 10; nth += 1)
    expect(await fail(failure(kind, status))).not.toBeInstanceOf(CircuitOpen);
  expect(await succeed()).toBeInstanceOf(CircuitOpen);
  expect(() => {
    circuit.mustBeClosed();
  }).toThrow(CircuitOpen);
  expect(calls).toBe(10);
});

it.each([
  ['auth', 401],
  ['forbidden', 403],
  ['not_found', 404],
  ['conflict', 409],
  ['rejected', 422],
  ['rate_limited', 429],
] as const)('never opens for %s %s: that is an answer', async (kind, status) => {
  for (let nth = 0; nth < 100; nth += 1) await fail(failure(kind, status));
  expect(await succeed()).toBe('well');
});

it('opens when half of the last calls failed, though never ten in a row', async () => {
  let opened = 0;
  for (let nth = 0; nth < 40 && opened === 0; nth += 1) {
    await failTimes(1);
    if ((await succeed()) instanceof CircuitOpen) opened = nth;
  }
  expect(opened).toBeGreaterThanOrEqual(9);
});

it('lets one call look whether the vendor is back, and nobody waits for that', async () => {
  await failTimes(10);
  jest.advanceTimersByTime(FIRST_REST_MS);
  let answer: (well: string) => void = () => undefined;
  const probe = circuit.run(() => new Promise<string>((done) => (answer = done)));
  expect(await succeed()).toBeInstanceOf(CircuitOpen);
  answer('back');
  expect(await probe).toBe('back');
  expect(await succeed()).toBe('well');
});

it('rests longer after each look in vain, and never longer than 40 seconds', async () => {
  await failTimes(10);
  const rests: number[] = [];
  for (let nth = 0; nth < 8; nth += 1) {
    const { at } = (await succeed()) as VendorError;
    rests.push(at.retryAfterMs ?? 0);
    jest.advanceTimersByTime(at.retryAfterMs ?? 0);
    await failTimes(1);
  }
  expect(rests[0]).toBeGreaterThanOrEqual(2_000);
  expect(rests[2]).toBeGreaterThan(rests[0]!);
  expect(Math.max(...rests)).toBeLessThanOrEqual(40_000);
  expect(calls).toBe(18);
});

it('holds no more than 256 calls at a time, and takes others when those have ended', async () => {
  const ends: (() => void)[] = [];
  const enter = (): Promise<unknown> => circuit.enter(() => new Promise<void>((done) => ends.push(done)));
  const held = Array.from({ length: 256 }, enter);
  const error = await enter().catch((thrown: unknown) => thrown);
  expect(error).toMatchObject({ kind: 'rate_limited', at: { outcome: 'not_done' } });
  for (const end of ends) end();
  await Promise.all(held);
  await expect(circuit.enter(() => Promise.resolve('in'))).resolves.toBe('in');
});

it('tells when it opens, and when the vendor is back', async () => {
  const told: string[] = [];
  circuit = new Circuit((state) => told.push(state));
  await failTimes(12);
  expect(told).toEqual(['opened']);
  jest.advanceTimersByTime(FIRST_REST_MS);
  expect(await succeed()).toBe('well');
  expect(told).toEqual(['opened', 'closed']);
});
