import { ApiExtraModels, ApiProperty, getSchemaPath } from '@nestjs/swagger';
import { RESOURCE_NAMES } from '../canonical/index';
import { Ids, MayBeAbsent, OneOf, SomeOf } from '../platform/http/fields';
import { PageDto, PagingQuery } from '../platform/http/paging.dto';
import { AppointmentDto } from '../resources/appointments/appointment.dto';
import { ServiceDto } from '../resources/bookable-services/bookable-service.dto';
import { ClientDto } from '../resources/clients/client.dto';
import { LocationDto } from '../resources/locations/location.dto';
import { PractitionerDto } from '../resources/practitioners/practitioner.dto';
import { EVENT_TYPES } from './event-types';

/** What an event may be about. */
export const RECORDS = [AppointmentDto, ClientDto, PractitionerDto, ServiceDto, LocationDto];

export class EventsQuery extends PagingQuery {
  /** Only events of these types. */
  @MayBeAbsent()
  @SomeOf(EVENT_TYPES)
  type?: string[];

  /** Only events of these resources. */
  @MayBeAbsent()
  @SomeOf(RESOURCE_NAMES)
  resource?: string[];

  /** Only events of these connections. */
  @MayBeAbsent()
  @Ids()
  connectionId?: string[];

  /** Where to begin without a cursor: with the oldest event that is kept, unless told, or with what happens from now on. */
  @MayBeAbsent()
  @OneOf(['oldest', 'now'], 'FeedStart')
  from?: string;
}

@ApiExtraModels(...RECORDS)
export class EventDto {
  /**
   * Also the `webhook-id` of every try to deliver it.
   * @example "019a9c3e-7c1f-7d5a-b0a3-6f3f0f0d9a51"
   */
  id: string;
  @ApiProperty({ enum: [...EVENT_TYPES], enumName: 'EventType', example: 'appointment.updated' })
  type: string;
  /** @example "2026-01-31T09:00:00.000Z" */
  occurredAt: string;
  /** @example "019a9c3e-7c1f-7d5a-b0a3-6f3f0f0d9a21" */
  connectionId: string;
  @ApiProperty({ enum: [...RESOURCE_NAMES], enumName: 'ResourceName', example: 'appointments' })
  resource: string;
  /**
   * The record's id.
   * @example "019a9c3e-7c1f-7d5a-b0a3-6f3f0f0d9a41"
   */
  resourceId: string;
  /**
   * The members of the record that differ from before; none where it is new.
   * @example ["start", "end"]
   */
  changed: string[];
  /** The record as it was shown at that moment. */
  @ApiProperty({ anyOf: RECORDS.map((record) => ({ $ref: getSchemaPath(record) })) })
  data: object;
}

export class EventPagePlaceDto extends PageDto {
  /** Where to go on later: it is always there, and whatever happens from now on lies behind it. */
  resumeCursor: string;
}

export class EventPageDto {
  data: EventDto[];
  page: EventPagePlaceDto;
}
