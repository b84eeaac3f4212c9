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
import { PractitionerDto, PractitionerPageDto, PractitionersQuery } from './practitioner.dto';

@ApiTags('Practitioners')
@Requires('read')
@Controller('v1/practitioners')
export class PractitionersController {
  constructor(private readonly records: RecordAnswers) {}

  /**
   * Lists practitioners, of all connections in one list.
   * @remarks Inactive ones too, unless `active=true`.
   */
  @Get()
  @Returns(PractitionerPageDto)
  listPractitioners(
    @TheCaller() { tenantId }: Caller,
    @Query() query: PractitionersQuery,
  ): Promise<Rendered> {
    return this.records.list({ tenantId, resource: 'practitioners' }, query);
  }

  /**
   * Reads a practitioner.
   * @remarks From the mirror; with `Cache-Control: no-cache` the vendor is asked first.
   */
  @Get(':id')
  @Returns(PractitionerDto)
  getPractitioner(
    @TheCaller() { tenantId }: Caller,
    @Param('id', PathId) id: string,
    @Query() query: RecordQuery,
    @Fresh() fresh: boolean,
  ): Promise<Rendered> {
    return this.records.get({ tenantId, resource: 'practitioners' }, id, { ...query, fresh });
  }
}
