import { Module } from '@nestjs/common';
import { MirrorModule } from '../../mirror/mirror.module';
import { ServicesController } from './bookable-services.controller';

/** Services: what is booked. The folder avoids the word that Nest uses for something else. */
@Module({ imports: [MirrorModule], controllers: [ServicesController] })
export class ServicesModule {}
