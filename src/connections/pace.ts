import type { Limits } from '../vendors/kit/limits';

/** A limit as distances between calls: in any minute no more than nineteen twentieths of what the vendor allows. */
export interface Pace {
  /** Seconds from one call to the next when calls come without end; 0 where there is no limit. */
  readonly gap: number;
  /** How many calls may come at once after a rest. */
  readonly burst: number;
  /** The part of it that background work may use, so that a user's call finds some in hand. Below 1: it waits a little longer. */
  readonly backgroundBurst: number;
  /** How many calls may be let in ahead of their time by one look at the database. */
  readonly block: number;
}

const SUSTAINED = 0.9;
const AT_ONCE = 0.05;
const USERS_SHARE = 0.4;
const NO_BURST = 0.8;
/** How long calls that were let in ahead stay good. */
export const BLOCK_MS = 100;

/**
 * What leaves within a minute is the burst and what the gap allows after it, and both together stay below the limit with
 * room for calls that travel at different speeds. Where a vendor allows few calls a minute there is no burst.
 */
export function paceOf({ requestsPerMinute }: Limits): Pace {
  if (requestsPerMinute === null) return { gap: 0, burst: 0, backgroundBurst: 0, block: 0 };
  const gap = 60 / (requestsPerMinute * SUSTAINED);
  const burst = Math.max(1, Math.floor(requestsPerMinute * AT_ONCE));
  const backgroundBurst = burst === 1 ? NO_BURST : burst - Math.max(1, Math.floor(burst * USERS_SHARE));
  const block = Math.floor(Math.min(BLOCK_MS / 1000 / gap, backgroundBurst / 4));
  return { gap, burst, backgroundBurst, block };
}
