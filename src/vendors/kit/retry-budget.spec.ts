import { Circuit } from './circuit';
import { VendorError } from './error';
import { patiently } from './retries';
import { RetryBudget } from './retry-budget';

const TIMES = { firstByteMs: 1, readMs: 1, writeMs: 1, firstPauseMs: 0 };
const failure = (): VendorError =>
  new VendorError('vendor_error', 'The vendor answered 500', {
    operation: 'list clients',
    status: 500,
    code: null,
    retryAfterMs: null,
    outcome: 'unknown',
  });

it('lets a connection that is hardly used try three times', async () => {
  let tries = 0;
  const call = patiently(true, { patienceMs: 0, circuit: new Circuit(), times: TIMES }, () => {
    tries += 1;
    return Promise.reject(failure());
  });
  await expect(call).rejects.toThrow('500');
  expect(tries).toBe(3);
});

it('never sends a write again once it may have left', async () => {
  let tries = 0;
  const call = patiently(false, { patienceMs: 0, circuit: new Circuit(), times: TIMES }, () => {
    tries += 1;
    return Promise.reject(failure());
  });
  await expect(call).rejects.toThrow('500');
  expect(tries).toBe(1);
});

it('spends a fifth of the calls on retries at most, over 200 calls that fail', async () => {
  const circuit = new Circuit();
  let tries = 0;
  for (let nth = 0; nth < 200; nth += 1)
    await patiently(true, { patienceMs: 0, circuit, times: TIMES }, () => {
      tries += 1;
      return Promise.reject(failure());
    }).catch(() => undefined);
  expect(tries).toBe(240);
});

it('forgets what is older than a minute', () => {
  const budget = new RetryBudget();
  const taken = (now: number): number =>
    Array.from({ length: 300 }, () => budget.take(now)).filter(Boolean).length;
  for (let call = 0; call < 1_000; call += 1) budget.call(0);
  expect(taken(1_000)).toBe(200);
  expect(taken(59_000)).toBe(0);
  expect(taken(71_000)).toBe(10);
});
