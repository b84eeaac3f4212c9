import { Module } from '@nestjs/common';
import { MirrorModule } from '../../mirror/mirror.module';
import { RecordAnswers } from '../record-answers';
import { AppointmentsController } from './appointments.controller';

/** Appointments, as every vendor has them. */
@Module({ imports: [MirrorModule], providers: [RecordAnswers], controllers: [AppointmentsController] })
export class AppointmentsModule {}
