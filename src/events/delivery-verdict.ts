import type { Outcome } from './webhook-sender';

const [SECOND, MINUTE, HOUR] = [1_000, 60_000, 3_600_000];
/** The pause after the first failure, the second and so on; the last one from then on. */
const PAUSES = [
  5 * SECOND,
  5 * MINUTE,
  30 * MINUTE,
  2 * HOUR,
  5 * HOUR,
  10 * HOUR,
  14 * HOUR,
  20 * HOUR,
  24 * HOUR,
];
const LONGEST_ASKED = 24 * HOUR;
const GIVEN_UP_AFTER = 72 * HOUR;
const JITTER = 0.2;

/** How often, and for how long, a delivery has been tried before. */
export interface Tries {
  readonly before: number;
  readonly elapsedMs: number;
}
/** What becomes of a delivery after a try; `disable` says why its endpoint gets nothing more. */
export type Verdict =
  | { readonly status: 'delivered' }
  | { readonly status: 'pending'; readonly pauseMs: number }
  | { readonly status: 'failed'; readonly disable: 'gone' | 'failing' };

/** How long a receiver asks to be left alone, from its `Retry-After` (seconds or a date); 0 where it says nothing sensible. */
export function askedMs(retryAfter: string | null, now: number): number {
  const text = retryAfter?.trim() ?? '';
  if (/^\d{1,9}$/.test(text)) return Math.min(Number(text) * SECOND, LONGEST_ASKED);
  const at = /[a-z]{3}/i.test(text) ? Date.parse(text) : NaN;
  return Number.isNaN(at) ? 0 : Math.min(Math.max(at - now, 0), LONGEST_ASKED);
}

/**
 * Delivered, tried again later, or given up. The pauses grow over three days, each a little longer or shorter by chance so that
 * receivers are not called in step; one that a receiver asks for is never cut short. `chance` is 0 to 1.
 */
export function verdictOf(
  { status, error, retryAfter }: Outcome,
  { before, elapsedMs }: Tries,
  { chance, now }: { chance: number; now: number },
): Verdict {
  if (error === null) return { status: 'delivered' };
  if (status === 410) return { status: 'failed', disable: 'gone' };
  if (elapsedMs >= GIVEN_UP_AFTER) return { status: 'failed', disable: 'failing' };
  const planned = (PAUSES[Math.min(before, PAUSES.length - 1)] as number) * (1 + JITTER * (2 * chance - 1));
  const asked = askedMs(retryAfter, now) * (1 + JITTER * chance);
  // The last try comes when the three days are over, unless the receiver wants to be left alone for longer.
  const left = GIVEN_UP_AFTER - elapsedMs;
  return { status: 'pending', pauseMs: Math.round(Math.max(asked, Math.min(planned, left))) };
}
