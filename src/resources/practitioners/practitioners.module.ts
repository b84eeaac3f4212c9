import { Module } from '@nestjs/common';
import { MirrorModule } from '../../mirror/mirror.module';
import { RecordAnswers } from '../record-answers';
import { PractitionersController } from './practitioners.controller';

/** Practitioners: who is booked. */
@Module({ imports: [MirrorModule], providers: [RecordAnswers], controllers: [PractitionersController] })
export class PractitionersModule {}
