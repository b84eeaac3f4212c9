import { Module } from '@nestjs/common';
import { MirrorModule } from '../../mirror/mirror.module';
import { WritesModule } from '../../writes/writes.module';
import { RecordAnswers } from '../record-answers';
import { WriteAnswers } from '../write-answers';
import { AppointmentsController } from './appointments.controller';

/** Appointments, as every vendor has them. */
@Module({
  imports: [MirrorModule, WritesModule],
  providers: [RecordAnswers, WriteAnswers],
  controllers: [AppointmentsController],
})
export class AppointmentsModule {}
