import { OmitType, PartialType } from '@nestjs/swagger';
import {
  APPOINTMENT_STATUSES,
  CANCELLATION_REASONS,
  MODALITIES,
  type AppointmentStatus,
  type CancellationReason,
  type Modality,
} from '../../canonical/appointment';
import {
  Color,
  Id,
  InstantField,
  MayBeAbsent,
  MayBeNull,
  OneOf,
  Parts,
  Switch,
  Text,
} from '../../platform/http/fields';

const MOST_TEXT = 20_000;
const CONFLICT_POLICIES = ['vendor', 'reject'] as const;

export class WriteAttendeeDto {
  /** @example "019a9c3e-7c1f-7d5a-b0a3-6f3f0f0d9a51" */
  @Id()
  clientId: string;

  /** How this client's part stands; `booked` if left out. */
  @MayBeAbsent()
  @OneOf(APPOINTMENT_STATUSES, 'AppointmentStatus')
  status?: AppointmentStatus;
}

export class CreateAppointmentDto {
  /**
   * The connection at whose vendor the appointment is made.
   * @example "019a9c3e-7c1f-7d5a-b0a3-6f3f0f0d9a21"
   */
  @Id()
  connectionId: string;

  /**
   * With an offset; it becomes UTC.
   * @example "2026-02-02T09:00:00Z"
   */
  @InstantField()
  start: string;

  /**
   * May be left out where the service's duration is known.
   * @example "2026-02-02T09:30:00Z"
   */
  @MayBeNull()
  @InstantField()
  end?: string | null;

  /** @example "019a9c3e-7c1f-7d5a-b0a3-6f3f0f0d9a61" */
  @MayBeNull()
  @Id()
  practitionerId?: string | null;

  /** @example "019a9c3e-7c1f-7d5a-b0a3-6f3f0f0d9a51" */
  @MayBeNull()
  @Id()
  clientId?: string | null;

  /** @example "019a9c3e-7c1f-7d5a-b0a3-6f3f0f0d9a71" */
  @MayBeNull()
  @Id()
  serviceId?: string | null;

  /** @example "019a9c3e-7c1f-7d5a-b0a3-6f3f0f0d9a81" */
  @MayBeNull()
  @Id()
  locationId?: string | null;

  /** Which of them a vendor can set, its matrix says. */
  @MayBeAbsent()
  @OneOf(APPOINTMENT_STATUSES, 'AppointmentStatus')
  status?: AppointmentStatus;

  @MayBeNull()
  @Text({ max: 255 })
  title?: string | null;

  /** @example "Annual checkup" */
  @MayBeNull()
  @Text({ max: MOST_TEXT })
  description?: string | null;

  /** For the staff only. */
  @MayBeNull()
  @Text({ max: MOST_TEXT })
  notes?: string | null;

  /** What the client sees. */
  @MayBeNull()
  @Text({ max: MOST_TEXT })
  clientMessage?: string | null;

  /** How client and practitioner meet. */
  @MayBeNull()
  @OneOf(MODALITIES, 'Modality')
  modality?: Modality | null;

  @MayBeNull()
  @Color()
  color?: string | null;

  /** All who take part, where the vendor knows groups: the whole list as it shall be. */
  @MayBeAbsent()
  @Parts(WriteAttendeeDto, { max: 100 })
  attendees?: WriteAttendeeDto[];

  /**
   * Your own id for the record: unique among your appointments.
   * @example "booking-4711"
   */
  @MayBeNull()
  @Text({ max: 255 })
  externalId?: string | null;

  /** Whether the vendor shall tell the client; false if left out. */
  @MayBeAbsent()
  @Switch()
  notifyClient?: boolean;

  /** `reject` answers 409 `slot_conflict` where the practitioner is booked already in that time; `vendor` leaves it to the vendor. */
  @MayBeAbsent()
  @OneOf(CONFLICT_POLICIES, 'ConflictPolicy')
  conflictPolicy?: 'vendor' | 'reject';
}

/** What a change names; null clears, what is absent stays. `status: cancelled` is the cancel action, and stands alone. */
export class UpdateAppointmentDto extends PartialType(OmitType(CreateAppointmentDto, ['connectionId']), {
  skipNullProperties: false,
}) {}

export class CancelAppointmentDto {
  /** Why, as far as the vendor has words for it; what it cannot hold is kept here and shown. */
  @MayBeNull()
  @OneOf(CANCELLATION_REASONS, 'CancellationReason')
  reason?: CancellationReason | null;

  /** @example "Called in the morning" */
  @MayBeNull()
  @Text({ max: 2000 })
  note?: string | null;

  /** Whether the vendor shall tell the client; false if left out. */
  @MayBeAbsent()
  @Switch()
  notifyClient?: boolean;
}
