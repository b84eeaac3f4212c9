import { Module } from '@nestjs/common';
import { ConnectionsModule } from '../connections/connections.module';
import { SessionsService } from '../connections/sessions.service';
import { IdentityModule } from '../identity/identity.module';
import { IdentityRepository } from '../identity/identity.repository';
import { Database } from '../platform/database/database';
import { Cursors } from '../platform/http/cursor';
import { MirrorReaderRepository } from './mirror-reader.repository';
import { MirrorWriterRepository } from './mirror-writer.repository';
import { RecordsService } from './records.service';

/** The canonical records as they are kept: written by syncs, read by every route. */
@Module({
  imports: [IdentityModule, ConnectionsModule],
  providers: [
    { provide: MirrorReaderRepository, useFactory: (database: Database) => new MirrorReaderRepository(database), inject: [Database] },
    { provide: MirrorWriterRepository, useFactory: (identity: IdentityRepository) => new MirrorWriterRepository(identity), inject: [IdentityRepository] },
    {
      provide: RecordsService,
      useFactory: (...[reader, writer, identity, sessions, database, cursors]: [MirrorReaderRepository, MirrorWriterRepository, IdentityRepository, SessionsService, Database, Cursors]) =>
        new RecordsService({ reader, writer, identity, sessions, database, cursors }),
      inject: [MirrorReaderRepository, MirrorWriterRepository, IdentityRepository, SessionsService, Database, Cursors],
    },
  ],
  exports: [RecordsService, MirrorWriterRepository],
})
export class MirrorModule {}
