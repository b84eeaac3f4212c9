import { Module } from '@nestjs/common';
import { MirrorModule } from '../../mirror/mirror.module';
import { LocationsController } from './locations.controller';

/** Locations: where appointments take place. */
@Module({ imports: [MirrorModule], controllers: [LocationsController] })
export class LocationsModule {}
