import { Module } from '@nestjs/common';
import { MirrorModule } from '../../mirror/mirror.module';
import { RecordAnswers } from '../record-answers';
import { ClientsController } from './clients.controller';

/** Clients: the people who come to the clinics. */
@Module({ imports: [MirrorModule], providers: [RecordAnswers], controllers: [ClientsController] })
export class ClientsModule {}
