import { Controller, Get, Query } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import { Requires, TheCaller } from '../../platform/http/caller';
import type { Caller } from '../../platform/scopes';
import { AvailabilityQuery, type AvailabilityDto } from './availability.dto';
import { AvailabilityService } from './availability.service';

@ApiTags('Availability')
@Requires('read')
@Controller('v1/availability')
export class AvailabilityController {
  constructor(private readonly availability: AvailabilityService) {}

  /**
   * Asks a vendor what can be booked.
   * @remarks At most 31 days at once. Which ids a vendor needs differs; a missing one is named. What is not offered online is an empty list with a warning.
   */
  @Get()
  listAvailability(
    @TheCaller() { tenantId }: Caller,
    @Query() query: AvailabilityQuery,
  ): Promise<AvailabilityDto> {
    return this.availability.find(tenantId, query);
  }
}
