import { ApiProperty } from '@nestjs/swagger';
import { RESOURCE_NAMES } from '../canonical/index';
import { Ids, MayBeAbsent, SomeOf, Texts } from '../platform/http/fields';
import { PageDto, PagingQuery } from '../platform/http/paging.dto';

export class RemoteIdsQuery extends PagingQuery {
  /** Only records of these resources. */
  @MayBeAbsent()
  @SomeOf(RESOURCE_NAMES)
  resource?: string[];

  /** Only records of these connections. */
  @MayBeAbsent()
  @Ids()
  connectionId?: string[];

  /** The vendor's ids. */
  @MayBeAbsent()
  @Texts()
  remoteId?: string[];

  /** The gateway's ids. */
  @MayBeAbsent()
  @Ids()
  canonicalId?: string[];
}

export class RemoteIdDto {
  @ApiProperty({ enum: [...RESOURCE_NAMES], enumName: 'ResourceName' })
  resource: string;
  /** @example "019a9c3e-7c1f-7d5a-b0a3-6f3f0f0d9a41" */
  canonicalId: string;
  /** @example "019a9c3e-7c1f-7d5a-b0a3-6f3f0f0d9a21" */
  connectionId: string;
  /** @example "progenda" */
  vendor: string;
  /** @example 57 */
  remoteId: string;
  /**
   * What else the vendor's URL needs; null where nothing.
   * @example "2"
   */
  remoteScope: string | null;
  /**
   * What the vendor's own field for a caller's id holds; null where it is empty, or where there is none.
   * @example "8401"
   */
  externalId: string | null;
  /** @example "2026-01-31T09:00:00.000Z" */
  firstSeenAt: string;
  /**
   * Null for a record that only another one mentions.
   * @example "2026-01-31T09:00:00.000Z"
   */
  lastSeenAt: string | null;
  /**
   * Since when the vendor no longer has the record.
   * @example null
   */
  goneAt: string | null;
}

export class RemoteIdPageDto {
  data: RemoteIdDto[];
  page: PageDto;
}
