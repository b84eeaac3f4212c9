const LONGEST_MS = 15 * 60_000;

/**
 * How long a vendor asks to wait, from `Retry-After` (seconds or a date) or `X-RateLimit-Reset` (Unix seconds), 15 minutes
 * at most; null where it says nothing sensible. Its times are by its own clock, which `Date` shows.
 */
export function retryAfterMs(headers: Readonly<Record<string, string>>, now: number): number | null {
  const after = headers['retry-after']?.trim();
  const reset = headers['x-ratelimit-reset']?.trim();
  if (after !== undefined && /^\d{1,15}$/.test(after)) return Math.min(Number(after) * 1000, LONGEST_MS);
  const at =
    after !== undefined && /[a-z]{3}/i.test(after)
      ? Date.parse(after)
      : reset !== undefined && /^\d{9,11}$/.test(reset)
        ? Number(reset) * 1000
        : NaN;
  const here = Date.parse(headers['date'] ?? '');
  return Number.isNaN(at) ? null : Math.min(Math.max(at - (Number.isNaN(here) ? now : here), 0), LONGEST_MS);
}

/** The pause before the nth try: what the vendor asked for, else growing, with jitter so that callers spread out. */
export function pauseMs(nth: number, askedMs: number | null, firstMs: number): number {
  const growing = firstMs * 2 ** nth;
  return askedMs === null ? growing / 2 + Math.random() * growing : askedMs + Math.random() * firstMs;
}
