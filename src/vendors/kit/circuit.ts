import {
  BrokenCircuitError,
  bulkhead,
  BulkheadRejectedError,
  circuitBreaker,
  CircuitState,
  ConsecutiveBreaker,
  CountBreaker,
  DelegateBackoff,
  handleWhen,
  type IBreaker,
  type IHalfOpenAfterBackoffContext,
} from 'cockatiel';
import { notAsked, VendorError } from './error';
import { RetryBudget } from './retry-budget';

const IN_A_ROW = 10;
const OF_THE_LAST = { threshold: 0.5, size: 40, minimumNumberOfCalls: 20 };
const FIRST_REST_MS = 2_000;
const LONGEST_REST_MS = 30_000;
const PROBE_MS = 1_000;
/** Calls of one connection that are under way or wait for their turn. */
const MOST_CALLS = 256;
const CROWDED_MS = 60_000;

const FAILURES = new Set(['unavailable', 'timeout', 'vendor_error', 'invalid_response']);

/** Whether the vendor failed: a refusal (4xx) is an answer, and says that the vendor is well. */
const isFailure = (error: unknown): boolean => {
  if (!(error instanceof VendorError) || !FAILURES.has(error.kind)) return false;
  const { status } = error.at;
  return status === null || status < 400 || status >= 500;
};

/** The vendor failed so often that it is left alone for a while: nothing was sent. */
export class CircuitOpen extends VendorError {
  constructor(waitMs: number) {
    super(
      'unavailable',
      'The vendor failed again and again and is not called for a moment',
      notAsked('call the vendor', Math.max(waitMs, PROBE_MS)),
    );
  }
}

/** More calls wait for this connection than one process is to hold: nothing was sent. */
const crowded = (): VendorError =>
  new VendorError(
    'rate_limited',
    'Too many calls wait for this vendor',
    notAsked('wait for a turn', CROWDED_MS),
  );

/** Opens after failures in a row, or when half of the last calls failed. */
class Either implements IBreaker {
  state: unknown = null;
  private readonly parts: readonly IBreaker[] = [
    new ConsecutiveBreaker(IN_A_ROW),
    new CountBreaker(OF_THE_LAST),
  ];

  success(state: CircuitState): void {
    for (const part of this.parts) part.success(state);
  }

  failure(state: CircuitState): boolean {
    return this.parts.map((part) => part.failure(state)).includes(true);
  }
}

/**
 * What keeps one connection's troubles its own: a breaker that leaves a failing vendor alone and lets one call look
 * whether it is back, a bound on the calls that wait, and a budget of retries.
 */
export class Circuit {
  private readonly budget = new RetryBudget();
  private readonly room = bulkhead(MOST_CALLS);
  private opensAt = 0;
  private readonly breaker = circuitBreaker(handleWhen(isFailure), {
    breaker: new Either(),
    halfOpenAfter: new DelegateBackoff<IHalfOpenAfterBackoffContext>(({ attempt }) => this.rest(attempt)),
  });

  /** `tell` hears when the vendor is left alone, and when it is back. */
  constructor(tell: (state: 'opened' | 'closed') => void = () => undefined) {
    this.breaker.onBreak(() => {
      tell('opened');
    });
    this.breaker.onReset(() => {
      tell('closed');
    });
  }

  /** Throws CircuitOpen while the vendor is left alone: a caller hears it before anything is done for him. */
  mustBeClosed(): void {
    const { state } = this.breaker;
    if (state === CircuitState.HalfOpen) throw new CircuitOpen(PROBE_MS);
    if (state === CircuitState.Open && Date.now() < this.opensAt)
      throw new CircuitOpen(this.opensAt - Date.now());
  }

  /** Bounds the calls that are under way or wait for their turn. */
  async enter<T>(call: () => Promise<T>): Promise<T> {
    return this.room.execute(call).catch((error: unknown) => {
      throw error instanceof BulkheadRejectedError ? crowded() : error;
    });
  }

  /** Makes a call, and learns from it how the vendor is. */
  async run<T>(call: () => Promise<T>): Promise<T> {
    this.mustBeClosed();
    // What is no failure of the vendor's counts as a success, so it does not go through the breaker as an error.
    const settled = async (): Promise<{ answer: T } | { refusal: unknown }> => {
      try {
        return { answer: await call() };
      } catch (error) {
        if (isFailure(error)) throw error;
        return { refusal: error };
      }
    };
    const ended = await this.breaker.execute(settled).catch((error: unknown) => {
      throw error instanceof BrokenCircuitError ? new CircuitOpen(PROBE_MS) : error;
    });
    if ('refusal' in ended) throw ended.refusal;
    return ended.answer;
  }

  /** Counts a call that is made for the first time. */
  begin(): void {
    this.budget.call();
  }

  /** Whether a failed call may be made once more. Where its failure was the last straw, that is what its caller hears of. */
  mayRetry(): boolean {
    return this.breaker.state === CircuitState.Closed && this.budget.take();
  }

  private rest(nth: number): number {
    const growing = Math.min(FIRST_REST_MS * 2 ** (nth - 1), LONGEST_REST_MS);
    const ms = Math.ceil(growing * (1 + Math.random() / 4));
    this.opensAt = Date.now() + ms;
    return ms;
  }
}
