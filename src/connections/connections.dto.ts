import { ApiProperty } from '@nestjs/swagger';
import { IsBoolean } from 'class-validator';
import { VENDOR_NAMES } from '../vendors/names';
import { FreeObject, MayBeAbsent, OneOf, Text } from '../platform/http/fields';
import { PageDto } from '../platform/http/paging.dto';
import { CONNECTION_STATUSES } from './connection-state';

export class CreateConnectionDto {
  @OneOf(VENDOR_NAMES, 'VendorName')
  vendor: string;

  /**
   * What people call the connection.
   * @example "Northside, main practice"
   */
  @Text({ max: 200 })
  name: string;

  /** As `credentialsSchema` of the vendor says. They go in and never come out. */
  @FreeObject()
  credentials: Record<string, unknown>;

  /** As `settingsSchema` of the vendor says; what is left out takes the vendor's default. */
  @MayBeAbsent()
  @FreeObject()
  settings?: Record<string, unknown>;
}

export class UpdateConnectionDto {
  /** @example "Northside, main practice" */
  @MayBeAbsent()
  @Text({ max: 200 })
  name?: string;

  /** Replaces the credentials whole. */
  @MayBeAbsent()
  @FreeObject()
  credentials?: Record<string, unknown>;

  /** Merged key by key: null removes a key, an object such as `statusMap` is replaced whole. */
  @MayBeAbsent()
  @FreeObject()
  settings?: Record<string, unknown>;

  /**
   * False switches the connection off: no sync, no call to the vendor, reads go on.
   * @example true
   */
  @MayBeAbsent()
  @IsBoolean()
  enabled?: boolean;
}

export class CredentialsStateDto {
  /** @example true */
  configured: boolean;
  /** @example "2026-01-31T09:00:00.000Z" */
  updatedAt: string;
}

export class ConnectionErrorDto {
  /**
   * A code of the problems.
   * @example "vendor_unavailable"
   */
  code: string;
  /** @example "The vendor cannot be reached" */
  message: string;
  /** @example "2026-01-31T09:00:00.000Z" */
  at: string;
  /** @example true */
  retryable: boolean;
}

export class ConnectionWarningDto {
  /** @example "unknown_word" */
  code: string;
  /** @example "The vendor's appointments have a status that no table knows" */
  message: string;
  /** @example "appointments" */
  resource: string | null;
  /** @example "status" */
  field: string | null;
  /** @example "On Hold" */
  value: string | null;
  /** @example "2026-01-31T09:00:00.000Z" */
  firstSeenAt: string;
  /** @example 12 */
  count: number;
}

export class ConnectionDto {
  /** @example "019a9c3e-7c1f-7d5a-b0a3-6f3f0f0d9a21" */
  id: string;
  @ApiProperty({ enum: [...VENDOR_NAMES], enumName: 'VendorName' })
  vendor: string;
  /** @example "Northside, main practice" */
  name: string;
  /** Every setting, defaults written out. */
  @ApiProperty({ type: 'object', additionalProperties: true })
  settings: Record<string, unknown>;
  credentials: CredentialsStateDto;
  /** @example true */
  enabled: boolean;
  @ApiProperty({ enum: [...CONNECTION_STATUSES], enumName: 'ConnectionStatus', example: 'active' })
  status: string;
  /**
   * When a sync last ended well.
   * @example "2026-01-31T09:00:00.000Z"
   */
  lastSyncAt: string | null;
  lastError: ConnectionErrorDto | null;
  warnings: ConnectionWarningDto[];
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

export class ConnectionPageDto {
  data: ConnectionDto[];
  page: PageDto;
}

export class CheckedVendorDto {
  /**
   * The HTTP status of the vendor's answer; null where it did not answer.
   * @example 200
   */
  status: number | null;
}

export class CheckProblemDto {
  /** @example "vendor_auth_failed" */
  code: string;
  /** @example "The vendor refused these credentials" */
  message: string;
}

export class CheckResultDto {
  /**
   * Whether the vendor took the credentials.
   * @example true
   */
  ok: boolean;
  vendor: CheckedVendorDto;
  /** @example 84 */
  latencyMs: number;
  /**
   * Whose account it is, in the vendor's words.
   * @example "Northside Clinics"
   */
  account: string | null;
  problem?: CheckProblemDto;
}
