import { Module } from '@nestjs/common';
import { ErasureModule } from '../../erasure/erasure.module';
import { MirrorModule } from '../../mirror/mirror.module';
import { WritesModule } from '../../writes/writes.module';
import { RecordAnswers } from '../record-answers';
import { WriteAnswers } from '../write-answers';
import { ClientsController } from './clients.controller';

/** Clients: the people who come to the clinics. */
@Module({
  imports: [ErasureModule, MirrorModule, WritesModule],
  providers: [RecordAnswers, WriteAnswers],
  controllers: [ClientsController],
})
export class ClientsModule {}
