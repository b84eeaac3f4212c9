import { ApiProperty } from '@nestjs/swagger';
import { Id, InstantField, MayBeAbsent } from '../../platform/http/fields';

export class AvailabilityQuery {
  /** The connection to ask; may be left out where an id of its records says it. */
  @MayBeAbsent()
  @Id()
  connectionId?: string;

  /** Whose time. */
  @MayBeAbsent()
  @Id()
  practitionerId?: string;

  /** For what. */
  @MayBeAbsent()
  @Id()
  serviceId?: string;

  /** Where. */
  @MayBeAbsent()
  @Id()
  locationId?: string;

  /**
   * Slots that start then or later.
   * @example "2026-02-02T00:00:00Z"
   */
  @InstantField()
  from: string;

  /**
   * Slots that start earlier; at most 31 days after `from`.
   * @example "2026-02-09T00:00:00Z"
   */
  @InstantField()
  to: string;
}

export class SlotDto {
  /** @example "2026-02-02T09:00:00.000Z" */
  start: string;
  /** @example "2026-02-02T09:30:00.000Z" */
  end: string | null;
  /** @example "019a9c3e-7c1f-7d5a-b0a3-6f3f0f0d9a21" */
  connectionId: string;
  /** @example "019a9c3e-7c1f-7d5a-b0a3-6f3f0f0d9a61" */
  practitionerId: string | null;
  /** @example "019a9c3e-7c1f-7d5a-b0a3-6f3f0f0d9a71" */
  serviceId: string | null;
  /** @example "019a9c3e-7c1f-7d5a-b0a3-6f3f0f0d9a81" */
  locationId: string | null;
}

export class AvailabilityDto {
  data: SlotDto[];
  /**
   * What the vendor does not offer online, in words.
   * @example []
   */
  @ApiProperty({ type: [String] })
  warnings: readonly string[];
}
