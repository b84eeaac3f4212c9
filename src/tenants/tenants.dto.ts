import { PartialType } from '@nestjs/swagger';
import { ArrayNotEmpty, ArrayUnique, IsArray, IsIn, Matches } from 'class-validator';
import { ApiProperty } from '@nestjs/swagger';
import { InstantField, MayBeAbsent, Text } from '../platform/http/fields';
import { PageDto } from '../platform/http/paging.dto';
import { SCOPES, type Scope } from '../platform/scopes';

export class CreateTenantDto {
  /**
   * What people call the tenant.
   * @example "Northside Clinics"
   */
  @Text({ max: 200 })
  name: string;

  /**
   * A short name for URLs and logs, unique: lower-case letters, digits and hyphens.
   * @example "northside"
   */
  @Matches(/^[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$/, {
    message: 'slug must be 1 to 63 lower-case letters, digits and hyphens',
  })
  slug: string;
}

export class UpdateTenantDto extends PartialType(CreateTenantDto, { skipNullProperties: false }) {}

export class TenantDto {
  /** @example "019a9c3e-7c1f-7d5a-b0a3-6f3f0f0d9a11" */
  id: string;
  /** @example "Northside Clinics" */
  name: string;
  /** @example "northside" */
  slug: string;
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

export class TenantPageDto {
  data: TenantDto[];
  page: PageDto;
}

export class CreateApiKeyDto {
  /**
   * What the key is for.
   * @example "booking site"
   */
  @Text({ max: 200 })
  name: string;

  /**
   * What the key may do.
   * @example ["read", "write"]
   */
  @IsArray()
  @ArrayNotEmpty()
  @ArrayUnique()
  @IsIn([...SCOPES], { each: true })
  @ApiProperty({ enum: [...SCOPES], enumName: 'Scope', isArray: true })
  scopes: Scope[];

  /**
   * When the key ends; never if left out.
   * @example "2027-12-31T00:00:00Z"
   */
  @MayBeAbsent()
  @InstantField()
  expiresAt?: string;
}

export class ApiKeyDto {
  /** @example "019a9c3e-7c1f-7d5a-b0a3-6f3f0f0d9a12" */
  id: string;
  /** @example "booking site" */
  name: string;
  @ApiProperty({ enum: [...SCOPES], enumName: 'Scope', isArray: true, example: ['read', 'write'] })
  scopes: string[];
  /**
   * The first characters of the key, to tell keys apart.
   * @example "sgw_3fK9aZ"
   */
  prefix: string;
  /** @example "2026-01-31T09:00:00.000Z" */
  createdAt: string;
  /** @example null */
  expiresAt: string | null;
  /** @example null */
  revokedAt: string | null;
}

export class NewApiKeyDto extends ApiKeyDto {
  /**
   * The key itself: shown this once.
   * @example "sgw_3fK9aZ0000000000000000000000000000AAAA"
   */
  key: string;
}

export class ApiKeyPageDto {
  data: ApiKeyDto[];
  page: PageDto;
}
