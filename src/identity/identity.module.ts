import { Module } from '@nestjs/common';
import { Database } from '../platform/database/database';
import { Cursors } from '../platform/http/cursor';
import { IdentityRepository } from './identity.repository';
import { RemoteIdsController } from './remote-ids.controller';
import { RemoteIdsService } from './remote-ids.service';

/** The mapping table, and the route that looks into it from either side. */
@Module({
  controllers: [RemoteIdsController],
  providers: [
    { provide: IdentityRepository, useFactory: (database: Database) => new IdentityRepository(database), inject: [Database] },
    {
      provide: RemoteIdsService,
      useFactory: (identity: IdentityRepository, cursors: Cursors) => new RemoteIdsService(identity, cursors),
      inject: [IdentityRepository, Cursors],
    },
  ],
  exports: [IdentityRepository],
})
export class IdentityModule {}
