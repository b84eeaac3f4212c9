import { Controller, Get, Param, Query } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import { Fresh } from '../../platform/http/no-cache';
import { PathId } from '../../platform/http/path-id';
import type { Rendered } from '../../platform/http/rendered';
import { Returns } from '../../platform/http/returns';
import { Requires, TheCaller } from '../../platform/http/caller';
import type { Caller } from '../../platform/scopes';
import { RecordAnswers } from '../record-answers';
import { CatalogueQuery } from '../catalogue.dto';
import { RecordQuery } from '../record.dto';
import { LocationDto, LocationPageDto } from './location.dto';

@ApiTags('Locations')
@Requires('read')
@Controller('v1/locations')
export class LocationsController {
  constructor(private readonly records: RecordAnswers) {}

  /**
   * Lists locations, of all connections in one list.
   * @remarks Where appointments take place.
   */
  @Get()
  @Returns(LocationPageDto)
  listLocations(@TheCaller() { tenantId }: Caller, @Query() query: CatalogueQuery): Promise<Rendered> {
    return this.records.list({ tenantId, resource: 'locations' }, query);
  }

  /**
   * Reads a location.
   * @remarks From the mirror; with `Cache-Control: no-cache` the vendor is asked first.
   */
  @Get(':id')
  @Returns(LocationDto)
  getLocation(
    @TheCaller() { tenantId }: Caller,
    @Param('id', PathId) id: string,
    @Query() query: RecordQuery,
    @Fresh() fresh: boolean,
  ): Promise<Rendered> {
    return this.records.get({ tenantId, resource: 'locations' }, id, { ...query, fresh });
  }
}
