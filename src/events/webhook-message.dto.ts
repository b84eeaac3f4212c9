import { ApiExtraModels, ApiProperty, getSchemaPath } from '@nestjs/swagger';
import { RESOURCE_NAMES } from '../canonical/index';
import { RECORDS } from './events.dto';
import { EVENT_TYPES, TEST_EVENT } from './event-types';

export class WebhookDataDto {
  /**
   * The record's id.
   * @example "019a9c3e-7c1f-7d5a-b0a3-6f3f0f0d9a41"
   */
  id: string;
  /** @example "019a9c3e-7c1f-7d5a-b0a3-6f3f0f0d9a21" */
  connectionId: string;
  @ApiProperty({ enum: [...RESOURCE_NAMES], enumName: 'ResourceName', example: 'appointments' })
  resource: string;
  /**
   * The members of the record that differ from before; none where it is new.
   * @example ["start", "end"]
   */
  changed: string[];
  /** The record as it was shown at that moment; only where the endpoint's `payload` is `full`. */
  @ApiProperty({ required: false, anyOf: RECORDS.map((record) => ({ $ref: getSchemaPath(record) })) })
  record?: object;
}

/** What an endpoint is sent for each event; the event's id is the `webhook-id`. */
@ApiExtraModels(...RECORDS)
export class WebhookMessageDto {
  @ApiProperty({ enum: [...EVENT_TYPES], enumName: 'EventType', example: 'appointment.updated' })
  type: string;
  /**
   * When it happened.
   * @example "2026-01-31T09:00:00.000Z"
   */
  timestamp: string;
  data: WebhookDataDto;
}

export class WebhookTestDataDto {
  /** @example "019a9c3e-7c1f-7d5a-b0a3-6f3f0f0d9a61" */
  endpointId: string;
}

/** What an endpoint is sent by its test. */
export class WebhookTestMessageDto {
  @ApiProperty({ enum: [TEST_EVENT], example: TEST_EVENT })
  type: string;
  /** @example "2026-01-31T09:00:00.000Z" */
  timestamp: string;
  data: WebhookTestDataDto;
}
