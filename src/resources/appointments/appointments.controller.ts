import { Controller, Get, Param, Query } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import { Fresh } from '../../platform/http/no-cache';
import { PathId } from '../../platform/http/path-id';
import type { Rendered } from '../../platform/http/rendered';
import { Returns } from '../../platform/http/returns';
import { Requires, TheCaller } from '../../platform/http/caller';
import type { Caller } from '../../platform/scopes';
import { RecordAnswers } from '../record-answers';
import { AppointmentDto, AppointmentPageDto, AppointmentQuery, AppointmentsQuery } from './appointment.dto';

@ApiTags('Appointments')
@Requires('read')
@Controller('v1/appointments')
export class AppointmentsController {
  constructor(private readonly records: RecordAnswers) {}

  /**
   * Lists appointments, of all connections in one list.
   * @remarks Served from the mirror, in keyset pages: no record is shown twice or skipped because others come and go. `practitionerId` and `clientId` match every participant. `include` embeds what each appointment points at.
   */
  @Get()
  @Returns(AppointmentPageDto)
  listAppointments(@TheCaller() { tenantId }: Caller, @Query() query: AppointmentsQuery): Promise<Rendered> {
    return this.records.list({ tenantId, resource: 'appointments' }, query);
  }

  /**
   * Reads an appointment.
   * @remarks From the mirror; with `Cache-Control: no-cache` the vendor is asked first.
   */
  @Get(':id')
  @Returns(AppointmentDto)
  getAppointment(
    @TheCaller() { tenantId }: Caller,
    @Param('id', PathId) id: string,
    @Query() query: AppointmentQuery,
    @Fresh() fresh: boolean,
  ): Promise<Rendered> {
    return this.records.get({ tenantId, resource: 'appointments' }, id, { ...query, fresh });
  }
}
