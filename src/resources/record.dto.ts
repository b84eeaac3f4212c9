import { ApiProperty } from '@nestjs/swagger';
import { Flag, Ids, InstantField, MayBeAbsent, SomeOf, Text, Texts } from '../platform/http/fields';
import { PagingQuery } from '../platform/http/paging.dto';
import { VENDOR_NAMES } from '../vendors/names';

/** What every record carries. */
export class RecordDto {
  /**
   * The gateway's id: the same record always has the same.
   * @example "019a9c3e-7c1f-7d5a-b0a3-6f3f0f0d9a41"
   */
  id: string;
  /** @example "019a9c3e-7c1f-7d5a-b0a3-6f3f0f0d9a21" */
  connectionId: string;
  @ApiProperty({ enum: [...VENDOR_NAMES], enumName: 'VendorName' })
  vendor: string;
  /**
   * The vendor's own id.
   * @example "APT-00000320"
   */
  remoteId: string;
  /**
   * The caller's own id for the record.
   * @example null
   */
  externalId: string | null;
  /**
   * When the vendor made it; null where the vendor does not say.
   * @example "2026-01-31T09:00:00.000Z"
   */
  createdAt: string | null;
  /**
   * When the vendor last changed it; null where the vendor does not say.
   * @example "2026-01-31T09:00:00.000Z"
   */
  updatedAt: string | null;
  /**
   * When the gateway last saw it at the vendor; null for a record that only another one mentions.
   * @example "2026-01-31T09:00:00.000Z"
   */
  syncedAt: string | null;
  /**
   * When the gateway last saw it change.
   * @example "2026-01-31T09:00:00.000Z"
   */
  changedAt: string;
  /**
   * When the vendor deleted or archived it, or when the gateway found it gone.
   * @example null
   */
  deletedAt: string | null;
  /**
   * Grows with each change that the gateway saw; the ETag.
   * @example 1
   */
  version: number;
  /** The vendor's record, verbatim but for secrets; only with `include=remote`. */
  @ApiProperty({ type: 'object', additionalProperties: true })
  remote?: object;
}

/** What every list of records can be narrowed by. */
export class RecordsQuery extends PagingQuery {
  /** Only records of these connections. */
  @MayBeAbsent()
  @Ids()
  connectionId?: string[];

  /** Only records of these vendors. */
  @MayBeAbsent()
  @SomeOf(VENDOR_NAMES)
  vendor?: string[];

  /** Only records with these ids at the vendor. */
  @MayBeAbsent()
  @Texts()
  remoteId?: string[];

  /** Only records with these ids of the caller's. */
  @MayBeAbsent()
  @Texts()
  externalId?: string[];

  /**
   * Only records that the gateway saw change at that time or later (`changedAt`).
   * @example "2026-01-31T09:00:00Z"
   */
  @MayBeAbsent()
  @InstantField()
  updatedSince?: string;

  /** Deleted records too. */
  @MayBeAbsent()
  @Flag()
  includeDeleted?: boolean;
}

/** A list that can be searched by name. */
export class NamedRecordsQuery extends RecordsQuery {
  /**
   * Words: each the beginning of a name, or a part of the e-mail or of the phone number's digits. Case and accents do not matter.
   * @example "smi"
   */
  @MayBeAbsent()
  @Text({ max: 100 })
  q?: string;
}

/** How a single record is asked for. */
export class RecordQuery {
  /** The record even when it is deleted. */
  @MayBeAbsent()
  @Flag()
  includeDeleted?: boolean;

  /** `remote` adds the vendor's own record. */
  @MayBeAbsent()
  @SomeOf(['remote'])
  include?: 'remote'[];
}
