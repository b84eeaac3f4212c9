/** Less than that may be the way of an answer, and the whole seconds that `Date` counts in. */
const TOLERATED_MS = 60_000;
const MOST_MS = 24 * 60 * 60_000;

/** How far a vendor's clock is behind ours, by the `Date` of its answers: the times of its changes go by that clock. */
export class VendorClock {
  private behind = 0;
  /** Whether anything was answered, with a time or without. */
  isHeard = false;

  hear(date: unknown, now: number): void {
    this.isHeard = true;
    const behind = typeof date === 'string' ? now - Date.parse(date) : 0;
    if (behind > this.behind) this.behind = behind;
  }

  /** The most that was heard, a day at most; 0 where it is next to nothing. */
  get behindMs(): number {
    return this.behind > TOLERATED_MS ? Math.min(this.behind, MOST_MS) : 0;
  }
}
