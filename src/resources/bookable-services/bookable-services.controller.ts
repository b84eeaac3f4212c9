import { Controller, Get, Param, Query } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import { Fresh } from '../../platform/http/no-cache';
import { PathId } from '../../platform/http/path-id';
import type { Rendered } from '../../platform/http/rendered';
import { Returns } from '../../platform/http/returns';
import { Requires, TheCaller } from '../../platform/http/caller';
import type { Caller } from '../../platform/scopes';
import { RecordAnswers } from '../record-answers';
import { RecordQuery } from '../record.dto';
import { ServiceDto, ServicePageDto, ServicesQuery } from './bookable-service.dto';

@ApiTags('Services')
@Requires('read')
@Controller('v1/services')
export class ServicesController {
  constructor(private readonly records: RecordAnswers) {}

  /**
   * Lists services, of all connections in one list.
   * @remarks What can be booked: types of appointments.
   */
  @Get()
  @Returns(ServicePageDto)
  listServices(@TheCaller() { tenantId }: Caller, @Query() query: ServicesQuery): Promise<Rendered> {
    return this.records.list({ tenantId, resource: 'services' }, query);
  }

  /**
   * Reads a service.
   * @remarks From the mirror; with `Cache-Control: no-cache` the vendor is asked first.
   */
  @Get(':id')
  @Returns(ServiceDto)
  getService(
    @TheCaller() { tenantId }: Caller,
    @Param('id', PathId) id: string,
    @Query() query: RecordQuery,
    @Fresh() fresh: boolean,
  ): Promise<Rendered> {
    return this.records.get({ tenantId, resource: 'services' }, id, { ...query, fresh });
  }
}
