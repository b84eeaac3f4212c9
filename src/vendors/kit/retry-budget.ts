const SLICE_MS = 10_000;
const SLICES = 6;
const SHARE_OF_CALLS = 0.2;
/** A connection that is hardly used may retry so often all the same. */
const ALWAYS = 10;

interface Slice {
  readonly from: number;
  calls: number;
  retries: number;
}

/**
 * Keeps retries to a fifth of the calls of the last minute: a vendor that fails everybody is not asked three times as
 * often for it.
 */
export class RetryBudget {
  private slices: Slice[] = [];

  /** Counts a call that is made for the first time. */
  call(now = performance.now()): void {
    this.current(now).calls += 1;
  }

  /** Takes a retry out of the budget; false where there is none left. */
  take(now = performance.now()): boolean {
    const current = this.current(now);
    const sum = (of: 'calls' | 'retries'): number => this.slices.reduce((all, one) => all + one[of], 0);
    if (sum('retries') >= Math.max(ALWAYS, Math.floor(sum('calls') * SHARE_OF_CALLS))) return false;
    current.retries += 1;
    return true;
  }

  private current(now: number): Slice {
    this.slices = this.slices.filter(({ from }) => now - from < SLICE_MS * SLICES);
    const last = this.slices.at(-1);
    if (last && now - last.from < SLICE_MS) return last;
    const slice = { from: now, calls: 0, retries: 0 };
    this.slices.push(slice);
    return slice;
  }
}
