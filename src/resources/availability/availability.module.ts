import { Module } from '@nestjs/common';
import { ConnectionsModule } from '../../connections/connections.module';
import { SessionsService } from '../../connections/sessions.service';
import { IdentityModule } from '../../identity/identity.module';
import { IdentityService } from '../../identity/identity.service';
import { MirrorModule } from '../../mirror/mirror.module';
import { MirrorWriterService } from '../../mirror/mirror-writer.service';
import { Database } from '../../platform/database/database';
import { AvailabilityController } from './availability.controller';
import { AvailabilityService } from './availability.service';

/** Availability: what can be booked. */
@Module({
  imports: [ConnectionsModule, IdentityModule, MirrorModule],
  controllers: [AvailabilityController],
  providers: [
    {
      provide: AvailabilityService,
      useFactory: (
        ...[sessions, identity, writer, database]: [
          SessionsService,
          IdentityService,
          MirrorWriterService,
          Database,
        ]
      ) => new AvailabilityService(sessions, identity, writer, database),
      inject: [SessionsService, IdentityService, MirrorWriterService, Database],
    },
  ],
})
export class AvailabilityModule {}
