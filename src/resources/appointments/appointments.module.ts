import { Module } from '@nestjs/common';
import { MirrorModule } from '../../mirror/mirror.module';
import { AppointmentsController } from './appointments.controller';

/** Appointments, as every vendor has them. */
@Module({ imports: [MirrorModule], controllers: [AppointmentsController] })
export class AppointmentsModule {}
