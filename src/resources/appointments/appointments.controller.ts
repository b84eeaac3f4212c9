import { Body, Controller, Delete, Get, Param, Patch, Post, Query } from '@nestjs/common';
import { ApiBody, ApiTags } from '@nestjs/swagger';
import { KeepsKeys, TheAsked, type Asked } from '../../platform/http/asked';
import { IfMatch } from '../../platform/http/etag';
import { Fresh } from '../../platform/http/no-cache';
import { PathId } from '../../platform/http/path-id';
import type { Rendered } from '../../platform/http/rendered';
import { Returns, ReturnsNothing } from '../../platform/http/returns';
import { Requires, TheCaller } from '../../platform/http/caller';
import type { Caller } from '../../platform/scopes';
import { AppointmentBatchDto, AppointmentBatchResultsDto } from '../batch.dto';
import { RecordAnswers } from '../record-answers';
import { WriteAnswers } from '../write-answers';
import { AppointmentDto, AppointmentPageDto, AppointmentQuery, AppointmentsQuery } from './appointment.dto';
import { CancelAppointmentDto, CreateAppointmentDto, UpdateAppointmentDto } from './appointment-writes.dto';

@ApiTags('Appointments')
@Requires('read')
@Controller('v1/appointments')
export class AppointmentsController {
  constructor(
    private readonly records: RecordAnswers,
    private readonly writes: WriteAnswers,
  ) {}

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

  /**
   * Books an appointment, at the vendor first.
   * @remarks The answer is what the vendor then holds. With an `Idempotency-Key` it happens once, whatever fails between.
   */
  @Post()
  @Requires('write')
  @KeepsKeys()
  @Returns(AppointmentDto, 201)
  createAppointment(@TheAsked() asked: Asked, @Body() body: CreateAppointmentDto): Promise<Rendered> {
    return this.writes.write(asked, 'appointments', 'create', { body });
  }

  /**
   * Changes an appointment: what is absent stays, null clears.
   * @remarks A move names `start` and `end`. `status: arrived` and `noshow` note the attendance; `status: cancelled` is the cancel action.
   */
  @Patch(':id')
  @Requires('write')
  @Returns(AppointmentDto)
  updateAppointment(
    @TheAsked() asked: Asked,
    @Param('id', PathId) id: string,
    @Body() body: UpdateAppointmentDto,
    @IfMatch() ifMatch?: string,
  ): Promise<Rendered> {
    return this.writes.write(asked, 'appointments', 'update', { id, ifMatch, body });
  }

  /**
   * Deletes or archives an appointment, as far as the vendor lets it.
   * @remarks Afterwards it is found with `includeDeleted=true` alone.
   */
  @Delete(':id')
  @Requires('write')
  @ReturnsNothing()
  deleteAppointment(
    @TheAsked() asked: Asked,
    @Param('id', PathId) id: string,
    @IfMatch() ifMatch?: string,
  ): Promise<Rendered> {
    return this.writes.write(asked, 'appointments', 'delete', { id, ifMatch });
  }

  /**
   * Cancels an appointment.
   * @remarks A reason or note that the vendor cannot hold is kept here and shown.
   */
  @Post(':id/cancel')
  @Requires('write')
  @KeepsKeys()
  @ApiBody({ type: CancelAppointmentDto, required: false })
  @Returns(AppointmentDto)
  cancelAppointment(
    @TheAsked() asked: Asked,
    @Param('id', PathId) id: string,
    @Body() body: CancelAppointmentDto,
    @IfMatch() ifMatch?: string,
  ): Promise<Rendered> {
    return this.writes.write(asked, 'appointments', 'cancel', { id, ifMatch, body });
  }

  /**
   * Creates, changes and cancels up to 200 appointments.
   * @remarks Each operation stands for itself: one that is refused leaves the others alone. The vendor's bulk endpoint is used where it has one.
   */
  @Post('batch')
  @Requires('write')
  @KeepsKeys()
  @Returns(AppointmentBatchResultsDto)
  batchAppointments(
    @TheAsked() asked: Asked,
    @Body() { operations }: AppointmentBatchDto,
  ): Promise<Rendered> {
    return this.writes.batch(asked, 'appointments', operations, {
      create: CreateAppointmentDto,
      update: UpdateAppointmentDto,
    });
  }
}
