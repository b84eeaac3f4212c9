import { DelegateBackoff, handleWhen, retry } from 'cockatiel';
import { VendorError } from './error';
import { TIMES, type HttpEnvironment } from './policy';
import { pauseMs } from './retry-after';

const RETRIES = 2;
const RETRYABLE = new Set(['rate_limited', 'unavailable', 'timeout', 'vendor_error', 'invalid_response']);

/**
 * Reads are tried again, with the pauses that the vendor asks for and as the connection's budget allows; a write never is
 * once it may have left.
 */
export function patiently<T>(
  isRepeatable: boolean,
  { patienceMs, circuit, times = TIMES }: Pick<HttpEnvironment, 'patienceMs' | 'circuit' | 'times'>,
  attempt: () => Promise<T>,
): Promise<T> {
  circuit.begin();
  let failed = 0;
  const again = (error: Error): boolean => {
    failed += 1;
    return (
      failed <= RETRIES &&
      error instanceof VendorError &&
      RETRYABLE.has(error.kind) &&
      (isRepeatable || error.at.outcome === 'not_done') &&
      (error.at.retryAfterMs ?? 0) <= patienceMs &&
      circuit.mayRetry()
    );
  };
  const backoff = new DelegateBackoff<{ attempt: number; result: unknown }>(({ attempt: nth, result }) =>
    pauseMs(nth, askedMs(result), times.firstPauseMs),
  );
  return retry(handleWhen(again), { maxAttempts: RETRIES, backoff }).execute(attempt);
}

/** The pause that the vendor asked for. */
const askedMs = (result: unknown): number | null =>
  result !== null && typeof result === 'object' && 'error' in result && result.error instanceof VendorError
    ? result.error.at.retryAfterMs
    : null;
