import { ApiProperty } from '@nestjs/swagger';
import { Ids, InstantField, MayBeAbsent, SomeOf, Texts } from '../platform/http/fields';
import { PageDto, PagingQuery } from '../platform/http/paging.dto';
import { AUDIT_ACTORS, AUDIT_OUTCOMES, type AuditDetail } from './audit-entry';

export class AuditEventsQuery extends PagingQuery {
  /** Only events about these clients: their own records, and appointments that name them. */
  @MayBeAbsent()
  @Ids()
  clientId?: string[];

  /** Only events in which one of these records was read or changed. */
  @MayBeAbsent()
  @Ids()
  resourceId?: string[];

  /** Only events of these connections; a list over several connections is of none. */
  @MayBeAbsent()
  @Ids()
  connectionId?: string[];

  /**
   * Only these actions.
   * @example "client.read"
   */
  @MayBeAbsent()
  @Texts(100)
  action?: string[];

  /** Only what these API keys did. */
  @MayBeAbsent()
  @Ids()
  apiKeyId?: string[];

  /** Only what was done, or only what was refused. */
  @MayBeAbsent()
  @SomeOf(AUDIT_OUTCOMES)
  outcome?: string[];

  /**
   * Only events at that time or later.
   * @example "2026-01-31T00:00:00Z"
   */
  @MayBeAbsent()
  @InstantField()
  from?: string;

  /**
   * Only earlier events.
   * @example "2026-02-28T00:00:00Z"
   */
  @MayBeAbsent()
  @InstantField()
  before?: string;
}

export class AuditActorDto {
  @ApiProperty({ enum: [...AUDIT_ACTORS], enumName: 'AuditActorKind', example: 'api_key' })
  kind: (typeof AUDIT_ACTORS)[number];
  /**
   * Of the key, or of the sync; the operator has none.
   * @example "019a9c3e-7c1f-7d5a-b0a3-6f3f0f0d9a12"
   */
  id: string | null;
}

export class AuditEventDto {
  /** @example "019a9c3e-7c1f-7d5a-b0a3-6f3f0f0d9ab1" */
  id: string;
  /** @example "2026-01-31T09:00:00.000Z" */
  at: string;
  actor: AuditActorDto;
  /**
   * The kind of record and what was done with it: `client.list`, `client.search`, `client.read`, `client.created`,
   * `client.updated`, `client.deleted`, `client.batch`, `client.synced`, likewise for `appointment`; and `client.erased`,
   * `appointment.cancelled`, `event.list`, `connection.passthrough`, `connection.deleted`.
   * @example "appointment.list"
   */
  action: string;
  /** @example "appointments" */
  resource: string;
  /**
   * The records that were read or changed: of a list, those of the page.
   * @example ["019a9c3e-7c1f-7d5a-b0a3-6f3f0f0d9a41"]
   */
  @ApiProperty({ type: [String] })
  resourceIds: readonly string[];
  /**
   * The clients whom they are about.
   * @example ["019a9c3e-7c1f-7d5a-b0a3-6f3f0f0d9a51"]
   */
  @ApiProperty({ type: [String] })
  clientIds: readonly string[];
  /**
   * Null where it is no single one.
   * @example "019a9c3e-7c1f-7d5a-b0a3-6f3f0f0d9a21"
   */
  connectionId: string | null;
  @ApiProperty({ enum: [...AUDIT_OUTCOMES], enumName: 'AuditOutcome', example: 'done' })
  outcome: string;
  /**
   * The HTTP status that the caller got; null for a sync.
   * @example 200
   */
  status: number | null;
  /** @example "019a9c3e-7c1f-7d5a-b0a3-6f3f0f0d9a99" */
  requestId: string | null;
  /** Circumstances without anybody's data: the names of the filters, what was embedded, a vendor's method and status. */
  @ApiProperty({ type: 'object', additionalProperties: true, example: { filters: ['clientId'] } })
  detail: AuditDetail;
}

export class AuditEventPageDto {
  data: AuditEventDto[];
  page: PageDto;
}
