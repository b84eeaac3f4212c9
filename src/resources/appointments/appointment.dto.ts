import { ApiProperty, OmitType } from '@nestjs/swagger';
import {
  APPOINTMENT_STATUSES,
  CANCELLATION_REASONS,
  MODALITIES,
  type Appointment,
  type AppointmentStatus,
  type Attendee,
  type Cancellation,
  type CancellationReason,
  type Modality,
} from '../../canonical/appointment';
import { INCLUDES, type Include } from '../../mirror/records';
import { Ids, InstantField, MayBeAbsent, OneOf, SomeOf } from '../../platform/http/fields';
import { PageDto } from '../../platform/http/paging.dto';
import { ServiceDto } from '../bookable-services/bookable-service.dto';
import { ClientDto } from '../clients/client.dto';
import { LocationDto } from '../locations/location.dto';
import { PractitionerDto } from '../practitioners/practitioner.dto';
import { RecordDto, RecordQuery, RecordsQuery } from '../record.dto';

const SORTS = ['start', '-start', 'updatedAt', '-updatedAt'] as const;

export class AttendeeDto implements Attendee<string> {
  /** @example "019a9c3e-7c1f-7d5a-b0a3-6f3f0f0d9a51" */
  clientId: string;
  @ApiProperty({ enum: [...APPOINTMENT_STATUSES], enumName: 'AppointmentStatus' })
  status: AppointmentStatus;
  /** @example null */
  arrivedAt: string | null;
  /** @example null */
  cancelledAt: string | null;
  /**
   * The vendor's record of the attendance, where it has one.
   * @example null
   */
  remoteId: string | null;
}

export class CancellationDto implements Cancellation {
  /** @example "2026-01-30T16:12:00.000Z" */
  at: string | null;
  @ApiProperty({
    enum: [...CANCELLATION_REASONS],
    enumName: 'CancellationReason',
    nullable: true,
    example: 'sick',
  })
  reason: CancellationReason | null;
  /**
   * The vendor's text, else its code.
   * @example "Sick"
   */
  remoteReason: string | null;
  /** @example "Called in the morning" */
  note: string | null;
}

export class WriteWarningDto {
  /** @example "conflicts" */
  field: string;
  /** @example "the practitioner is booked twice then" */
  value: string;
}

export class AppointmentDto extends RecordDto implements Appointment<string> {
  @ApiProperty({ enum: [...APPOINTMENT_STATUSES], enumName: 'AppointmentStatus' })
  status: AppointmentStatus;
  /**
   * The vendor's own word.
   * @example "Pending"
   */
  remoteStatus: string | null;
  /**
   * Null only where the vendor has none.
   * @example "2026-02-02T09:00:00.000Z"
   */
  start: string | null;
  /** @example "2026-02-02T09:30:00.000Z" */
  end: string | null;
  /** @example null */
  title: string | null;
  /** @example "Annual checkup" */
  description: string | null;
  /**
   * For the staff only.
   * @example null
   */
  notes: string | null;
  /**
   * What the client sees.
   * @example null
   */
  clientMessage: string | null;
  @ApiProperty({ enum: [...MODALITIES], enumName: 'Modality', nullable: true })
  modality: Modality | null;
  /**
   * The client's link.
   * @example null
   */
  videoUrl: string | null;
  /**
   * The primary practitioner.
   * @example "019a9c3e-7c1f-7d5a-b0a3-6f3f0f0d9a61"
   */
  practitionerId: string | null;
  /**
   * The primary first.
   * @example ["019a9c3e-7c1f-7d5a-b0a3-6f3f0f0d9a61"]
   */
  practitionerIds: string[];
  /**
   * The primary client; null for a group and for a break.
   * @example "019a9c3e-7c1f-7d5a-b0a3-6f3f0f0d9a51"
   */
  clientId: string | null;
  attendees: AttendeeDto[];
  /** @example "019a9c3e-7c1f-7d5a-b0a3-6f3f0f0d9a71" */
  serviceId: string | null;
  /** @example "019a9c3e-7c1f-7d5a-b0a3-6f3f0f0d9a81" */
  locationId: string | null;
  /** @example null */
  arrivedAt: string | null;
  cancellation: CancellationDto | null;
  /** @example "#c1fffb" */
  color: string | null;
  /**
   * IANA name.
   * @example "Europe/London"
   */
  timeZone: string | null;
  /** Only in the answer to a write: what its caller should look at. */
  @ApiProperty({ type: [WriteWarningDto], required: false })
  warnings?: WriteWarningDto[];
  /** Only with `include=client`. */
  client?: ClientDto | null;
  /** Only with `include=practitioner`. */
  practitioner?: PractitionerDto | null;
  /** Only with `include=service`. */
  service?: ServiceDto | null;
  /** Only with `include=location`. */
  location?: LocationDto | null;
}

export class AppointmentPageDto {
  data: AppointmentDto[];
  page: PageDto;
}

export class AppointmentsQuery extends RecordsQuery {
  /** Only appointments in which one of these takes part, as the primary or not. */
  @MayBeAbsent()
  @Ids()
  practitionerId?: string[];

  /** Only appointments in which one of these takes part, as the primary or not. */
  @MayBeAbsent()
  @Ids()
  clientId?: string[];

  /** Only appointments of these services. */
  @MayBeAbsent()
  @Ids()
  serviceId?: string[];

  /** Only appointments at these locations. */
  @MayBeAbsent()
  @Ids()
  locationId?: string[];

  /** Only appointments that stand so. */
  @MayBeAbsent()
  @SomeOf(APPOINTMENT_STATUSES)
  status?: string[];

  /**
   * Only appointments that start then or later.
   * @example "2026-01-31T00:00:00Z"
   */
  @MayBeAbsent()
  @InstantField()
  startsFrom?: string;

  /**
   * Only appointments that start earlier.
   * @example "2026-02-28T00:00:00Z"
   */
  @MayBeAbsent()
  @InstantField()
  startsBefore?: string;

  /** The order; `updatedAt` is `changedAt`, the gateway's own time of the last change. */
  @MayBeAbsent()
  @OneOf(SORTS, 'AppointmentSort')
  sort?: string;

  /** What to embed in each appointment. */
  @MayBeAbsent()
  @SomeOf(INCLUDES)
  include?: Include[];
}

export class AppointmentQuery extends OmitType(RecordQuery, ['include']) {
  /** What to embed in the appointment. */
  @MayBeAbsent()
  @SomeOf(INCLUDES)
  include?: Include[];
}
