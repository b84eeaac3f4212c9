import { ApiProperty } from '@nestjs/swagger';
import { ArrayMaxSize, ArrayNotEmpty, ArrayUnique, IsArray, IsBoolean, IsIn } from 'class-validator';
import { MayBeAbsent, OneOf, SomeOf, Text } from '../platform/http/fields';
import { PageDto, PagingQuery } from '../platform/http/paging.dto';
import { DELIVERY_STATUSES } from './delivery-log.repository';
import { PAYLOADS, type Payload } from './event-text';
import { EVENT_PATTERNS } from './event-types';
import { DISABLED_REASONS } from './webhook-endpoint.entity';

/** What an endpoint asks for: words of the list of patterns, each once. */
const Patterns = (): PropertyDecorator => (target, name) => {
  for (const decorate of [
    IsArray(),
    ArrayNotEmpty(),
    ArrayUnique(),
    ArrayMaxSize(EVENT_PATTERNS.length),
    IsIn([...EVENT_PATTERNS], { each: true }),
    ApiProperty({
      enum: [...EVENT_PATTERNS],
      enumName: 'EventPattern',
      isArray: true,
      example: ['appointment.*'],
    }),
  ])
    decorate(target, name);
};

export class CreateWebhookEndpointDto {
  /**
   * An https URL at a public address.
   * @example "https://receiver.example/hooks/scheduling"
   */
  @Text({ max: 2000 })
  url: string;

  /** Which events are sent there; `*` is all of them. */
  @Patterns()
  eventTypes: string[];

  /** What the calls are signed with: `whsec_` and 24 to 64 bytes in base64. One is made where it is left out. */
  @MayBeAbsent()
  @Text({ max: 100 })
  secret?: string;

  /** `thin` says which record has changed in what; `full` adds the record, which may hold a client's data. */
  @MayBeAbsent()
  @OneOf(PAYLOADS, 'WebhookPayload')
  payload?: Payload;
}

export class UpdateWebhookEndpointDto {
  /** @example "https://receiver.example/hooks/scheduling" */
  @MayBeAbsent()
  @Text({ max: 2000 })
  url?: string;

  @MayBeAbsent()
  @Patterns()
  eventTypes?: string[];

  /** For events from now on: one that has been tried keeps the body that it had. */
  @MayBeAbsent()
  @OneOf(PAYLOADS, 'WebhookPayload')
  payload?: Payload;

  /**
   * False stops all calls; true goes on where they stopped, with what has happened meanwhile.
   * @example true
   */
  @MayBeAbsent()
  @IsBoolean()
  enabled?: boolean;
}

export class WebhookErrorDto {
  /**
   * `timeout`, `refused` (no 2xx), `redirected`, `gone`, `connection_failed`, `name_not_found`, `tls_failed`, `address_not_allowed` or `secret_unreadable`.
   * @example "timeout"
   */
  code: string;
  /**
   * The HTTP status of the answer; null where none came.
   * @example null
   */
  status: number | null;
  /** @example "2026-01-31T09:00:00.000Z" */
  at: string;
}

export class WebhookEndpointDto {
  /** @example "019a9c3e-7c1f-7d5a-b0a3-6f3f0f0d9a61" */
  id: string;
  /** @example "https://receiver.example/hooks/scheduling" */
  url: string;
  @ApiProperty({
    enum: [...EVENT_PATTERNS],
    enumName: 'EventPattern',
    isArray: true,
    example: ['appointment.*'],
  })
  eventTypes: string[];
  @ApiProperty({ enum: [...PAYLOADS], enumName: 'WebhookPayload', example: 'thin' })
  payload: string;
  /** @example true */
  enabled: boolean;
  /** Why nothing is sent: switched off here, the receiver answered 410, or nothing arrived for three days. */
  @ApiProperty({
    enum: [...DISABLED_REASONS],
    enumName: 'WebhookDisabledReason',
    nullable: true,
    example: null,
  })
  disabledReason: string | null;
  /**
   * Until when the secret before the last rotation signs too.
   * @example null
   */
  previousSecretUntil: string | null;
  /**
   * When something last arrived.
   * @example "2026-01-31T09:00:00.000Z"
   */
  lastDeliveryAt: string | null;
  /** What last went wrong; it stays when later calls arrive. */
  lastError: WebhookErrorDto | null;
  /** @example "2026-01-31T09:00:00.000Z" */
  createdAt: string;
  /** @example "2026-01-31T09:00:00.000Z" */
  updatedAt: string;
  /**
   * Grows with each change; the ETag.
   * @example 1
   */
  version: number;
}

export class ToldWebhookEndpointDto extends WebhookEndpointDto {
  /**
   * Told in this answer alone.
   * @example "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSwMfKQ9r8GKYo="
   */
  secret: string;
}

export class WebhookEndpointPageDto {
  data: WebhookEndpointDto[];
  page: PageDto;
}

export class WebhookTestDto {
  /**
   * Whether the receiver answered 2xx in time.
   * @example true
   */
  ok: boolean;
  /** @example 204 */
  status: number | null;
  /** @example 84 */
  latencyMs: number;
  /** @example null */
  error: string | null;
}

export class DeliveriesQuery extends PagingQuery {
  /** Only deliveries that stand so. */
  @MayBeAbsent()
  @SomeOf(DELIVERY_STATUSES)
  status?: string[];
}

export class WebhookDeliveryDto {
  /** @example "019a9c3e-7c1f-7d5a-b0a3-6f3f0f0d9a71" */
  id: string;
  /** @example "019a9c3e-7c1f-7d5a-b0a3-6f3f0f0d9a61" */
  endpointId: string;
  /**
   * The event's id, and the `webhook-id` of each try.
   * @example "019a9c3e-7c1f-7d5a-b0a3-6f3f0f0d9a51"
   */
  eventId: string;
  /** @example "appointment.updated" */
  eventType: string;
  /** @example "019a9c3e-7c1f-7d5a-b0a3-6f3f0f0d9a41" */
  resourceId: string;
  @ApiProperty({ enum: [...DELIVERY_STATUSES], enumName: 'DeliveryStatus', example: 'delivered' })
  status: string;
  /** @example 1 */
  attempts: number;
  /**
   * The HTTP status of the last answer; null where none came.
   * @example 204
   */
  responseStatus: number | null;
  /** @example null */
  error: string | null;
  /** @example "2026-01-31T09:00:00.000Z" */
  createdAt: string;
  /** @example "2026-01-31T09:00:00.000Z" */
  lastAttemptAt: string | null;
  /** @example null */
  nextAttemptAt: string | null;
  /** @example "2026-01-31T09:00:00.000Z" */
  deliveredAt: string | null;
}

export class WebhookDeliveryPageDto {
  data: WebhookDeliveryDto[];
  page: PageDto;
}
