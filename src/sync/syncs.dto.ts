import { ApiProperty } from '@nestjs/swagger';
import { ArrayNotEmpty, ArrayUnique, IsArray, IsBoolean, IsIn } from 'class-validator';
import { RESOURCE_NAMES, type ResourceName } from '../canonical/index';
import { MayBeAbsent, OneOf } from '../platform/http/fields';
import { PageDto } from '../platform/http/paging.dto';
import { SYNC_MODES, SYNC_STATUSES, type SyncMode } from './sync.entity';

export class RequestSyncDto {
  /** `full` reads everything; `incremental` asks for what changed, where the vendor can tell, and else scans. */
  @OneOf(SYNC_MODES, 'SyncMode')
  mode: SyncMode;

  /** Only these resources; all if left out. */
  @MayBeAbsent()
  @IsArray()
  @ArrayNotEmpty()
  @ArrayUnique()
  @IsIn([...RESOURCE_NAMES], { each: true })
  @ApiProperty({ enum: [...RESOURCE_NAMES], enumName: 'ResourceName', isArray: true })
  resources?: ResourceName[];

  /**
   * Believes every deletion that a full scan finds, however many there are: what the warning `deletions_not_believed` waits for.
   * @example false
   */
  @MayBeAbsent()
  @IsBoolean()
  force?: boolean;
}

export class ResourceCountsDto {
  /**
   * Records that the vendor handed out.
   * @example 120
   */
  seen: number;
  /** @example 3 */
  created: number;
  /**
   * Records whose content had changed.
   * @example 1
   */
  updated: number;
  /** @example 0 */
  deleted: number;
  /**
   * Records that could not be read; they are listed in `errors`.
   * @example 0
   */
  failed: number;
  /**
   * Records that a full scan found wrong, changed, missing or unknown, although incremental syncs should have seen them
   * change. Null where nothing was compared: in incremental syncs, at the first read, and where the vendor is always scanned.
   * @example 0
   */
  drift: number | null;
}

export class SyncedResourcesDto {
  appointments?: ResourceCountsDto;
  clients?: ResourceCountsDto;
  practitioners?: ResourceCountsDto;
  services?: ResourceCountsDto;
  locations?: ResourceCountsDto;
}

export class SyncErrorDto {
  /** @example "appointments" */
  resource: string | null;
  /**
   * The record that was set aside; null where the whole resource could not be read.
   * @example "APT-00000320"
   */
  remoteId: string | null;
  /** @example "invalid_record" */
  code: string;
  /** @example "start_time is missing" */
  message: string;
}

export class SyncDto {
  /** @example "019a9c3e-7c1f-7d5a-b0a3-6f3f0f0d9a31" */
  id: string;
  /** @example "019a9c3e-7c1f-7d5a-b0a3-6f3f0f0d9a21" */
  connectionId: string;
  @ApiProperty({ enum: [...SYNC_MODES], enumName: 'SyncMode' })
  mode: string;
  @ApiProperty({ enum: [...SYNC_STATUSES], enumName: 'SyncStatus', example: 'succeeded' })
  status: string;
  /** @example "2026-01-31T09:00:00.000Z" */
  createdAt: string;
  /** @example "2026-01-31T09:00:00.000Z" */
  startedAt: string | null;
  /** @example "2026-01-31T09:00:04.000Z" */
  finishedAt: string | null;
  resources: SyncedResourcesDto;
  /** The first hundred. */
  @ApiProperty({ type: [SyncErrorDto] })
  errors: readonly SyncErrorDto[];
}

export class SyncPageDto {
  data: SyncDto[];
  page: PageDto;
}
