import { Module } from '@nestjs/common';
import { MirrorModule } from '../../mirror/mirror.module';
import { RecordAnswers } from '../record-answers';
import { LocationsController } from './locations.controller';

/** Locations: where appointments take place. */
@Module({ imports: [MirrorModule], providers: [RecordAnswers], controllers: [LocationsController] })
export class LocationsModule {}
