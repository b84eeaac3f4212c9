import { ApiProperty } from '@nestjs/swagger';
import { APPOINTMENT_STATUSES } from '../canonical/appointment';
import type { RESOURCE_NAMES } from '../canonical/index';
import { PageDto } from '../platform/http/paging.dto';
import { DELETION_SIGNS, OPERATIONS } from '../vendors/contract';
import { VENDOR_NAMES } from '../vendors/names';

export class ResourceCapabilitiesDto {
  @ApiProperty({
    enum: [...OPERATIONS],
    enumName: 'Operation',
    isArray: true,
    example: ['list', 'get', 'incremental'],
  })
  operations: readonly string[];
  /**
   * The fields that a write reaches; any other is refused before the vendor is asked.
   * @example ["start", "end"]
   */
  @ApiProperty({ type: [String] })
  writableFields: readonly string[];
  /** Those of them that only a create reaches. */
  @ApiProperty({ type: [String] })
  onlyOnCreate?: readonly string[];
  /** Those of them that only a change reaches. */
  @ApiProperty({ type: [String] })
  onlyOnUpdate?: readonly string[];
  /** Without which the vendor makes no record. */
  @ApiProperty({ type: [String] })
  requiredFields?: readonly string[];
  /** Those that can be written and are never shown. */
  @ApiProperty({ type: [String] })
  writeOnlyFields?: readonly string[];
  /** The words that `status` can be set to. */
  @ApiProperty({
    enum: [...APPOINTMENT_STATUSES],
    enumName: 'AppointmentStatus',
    isArray: true,
  })
  statuses?: readonly string[];
  /** Those from which there is no way back. */
  @ApiProperty({
    enum: [...APPOINTMENT_STATUSES],
    enumName: 'AppointmentStatus',
    isArray: true,
  })
  finalStatuses?: readonly string[];
  /** Operations and statuses that are offered only where this setting of the connection is true. */
  @ApiProperty({
    type: 'object',
    additionalProperties: { type: 'string' },
    example: { cancel: 'undocumentedActions' },
  })
  onlyWith?: Readonly<Record<string, string>>;
  /** How a deletion at the vendor is noticed. */
  @ApiProperty({ enum: [...DELETION_SIGNS], enumName: 'DeletionSign', example: 'flag' })
  deletions: string;
}

export class AvailabilityCapabilityDto {
  /** @example true */
  supported: boolean;
}

export class CapabilitiesDto implements Partial<Record<(typeof RESOURCE_NAMES)[number], object>> {
  appointments?: ResourceCapabilitiesDto;
  clients?: ResourceCapabilitiesDto;
  practitioners?: ResourceCapabilitiesDto;
  services?: ResourceCapabilitiesDto;
  locations?: ResourceCapabilitiesDto;
  availability: AvailabilityCapabilityDto;
}

export class VendorDto {
  @ApiProperty({ enum: [...VENDOR_NAMES], enumName: 'VendorName' })
  vendor: string;
  title: string;
  /** Where the vendor documents its API. */
  docs: string;
  /** JSON Schema of `credentials`. */
  @ApiProperty({ type: 'object', additionalProperties: true })
  credentialsSchema: object;
  /** JSON Schema of `settings`. */
  @ApiProperty({ type: 'object', additionalProperties: true })
  settingsSchema: object;
  capabilities: CapabilitiesDto;
}

export class VendorPageDto {
  data: VendorDto[];
  page: PageDto;
}
