import { Module } from '@nestjs/common';
import { MirrorModule } from '../../mirror/mirror.module';
import { PractitionersController } from './practitioners.controller';

/** Practitioners: who is booked. */
@Module({ imports: [MirrorModule], controllers: [PractitionersController] })
export class PractitionersModule {}
