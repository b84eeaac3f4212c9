import { Module } from '@nestjs/common';
import { ConnectionsModule } from '../../connections/connections.module';
import { SessionsService } from '../../connections/sessions.service';
import { IdentityModule } from '../../identity/identity.module';
import { IdentityRepository } from '../../identity/identity.repository';
import { MirrorModule } from '../../mirror/mirror.module';
import { MirrorWriterRepository } from '../../mirror/mirror-writer.repository';
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
      useFactory: (...[sessions, identity, writer, database]: [SessionsService, IdentityRepository, MirrorWriterRepository, Database]) =>
        new AvailabilityService(sessions, identity, writer, database),
      inject: [SessionsService, IdentityRepository, MirrorWriterRepository, Database],
    },
  ],
})
export class AvailabilityModule {}
