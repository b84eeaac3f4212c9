import { notAsked, VendorError } from '../vendors/kit/error';

/** Who waits: a caller's request goes before background work. */
export type Priority = 'user' | 'background';
/** How a call waits for its turn, and how long at most. */
export interface Turn {
  readonly priority: Priority;
  readonly patienceMs: number;
}

/** The limit is spent for longer than the turn's patience. It names a later time than that, so that nobody tries again by itself. */
export const spent = ({ patienceMs }: Turn, waitMs: number): VendorError =>
  new VendorError(
    'rate_limited',
    "The vendor's limit is spent",
    notAsked('wait for a turn', Math.max(Math.ceil(waitMs), patienceMs + 1)),
  );
