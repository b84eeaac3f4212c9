import { Module } from '@nestjs/common';
import { ConnectionsModule } from '../connections/connections.module';
import { SessionsService } from '../connections/sessions.service';
import { IdentityModule } from '../identity/identity.module';
import { IdentityService } from '../identity/identity.service';
import { Database } from '../platform/database/database';
import { MirrorReaderRepository } from './mirror-reader.repository';
import { MirrorWriterService } from './mirror-writer.service';
import { RecordsService } from './records.service';

/** The canonical records as they are kept: written by syncs, read by every route. */
@Module({
  imports: [IdentityModule, ConnectionsModule],
  providers: [
    {
      provide: MirrorReaderRepository,
      useFactory: (database: Database) => new MirrorReaderRepository(database),
      inject: [Database],
    },
    {
      provide: MirrorWriterService,
      useFactory: (identity: IdentityService) => new MirrorWriterService(identity),
      inject: [IdentityService],
    },
    {
      provide: RecordsService,
      useFactory: (
        ...[reader, writer, identity, sessions, database]: [
          MirrorReaderRepository,
          MirrorWriterService,
          IdentityService,
          SessionsService,
          Database,
        ]
      ) => new RecordsService({ reader, writer, identity, sessions, database }),
      inject: [MirrorReaderRepository, MirrorWriterService, IdentityService, SessionsService, Database],
    },
  ],
  exports: [RecordsService, MirrorWriterService],
})
export class MirrorModule {}
