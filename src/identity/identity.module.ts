import { Module } from '@nestjs/common';
import { Database } from '../platform/database/database';
import { IdentityService } from './identity.service';
import { MappingsService } from './mappings.service';
import { RemoteIdsController } from './remote-ids.controller';

/** The mapping table, and the route that looks into it from either side. */
@Module({
  controllers: [RemoteIdsController],
  providers: [
    {
      provide: IdentityService,
      useFactory: (database: Database) => new IdentityService(database),
      inject: [Database],
    },
    {
      provide: MappingsService,
      useFactory: (database: Database) => new MappingsService(database),
      inject: [Database],
    },
  ],
  exports: [IdentityService],
})
export class IdentityModule {}
