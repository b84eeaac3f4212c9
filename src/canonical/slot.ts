import type { Instant } from './values';

/** A time that can be booked; computed by the vendor, never stored. */
export interface Slot<Ref> {
  readonly start: Instant;
  readonly end: Instant | null;
  readonly practitionerId: Ref | null;
  readonly serviceId: Ref | null;
  readonly locationId: Ref | null;
}
