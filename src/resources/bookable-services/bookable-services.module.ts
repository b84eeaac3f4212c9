import { Module } from '@nestjs/common';
import { MirrorModule } from '../../mirror/mirror.module';
import { RecordAnswers } from '../record-answers';
import { ServicesController } from './bookable-services.controller';

/** Services: what is booked. The folder avoids the word that Nest uses for something else. */
@Module({ imports: [MirrorModule], providers: [RecordAnswers], controllers: [ServicesController] })
export class ServicesModule {}
