import { Module } from '@nestjs/common';
import { MirrorModule } from '../../mirror/mirror.module';
import { ClientsController } from './clients.controller';

/** Clients: the people who come to the clinics. */
@Module({ imports: [MirrorModule], controllers: [ClientsController] })
export class ClientsModule {}
