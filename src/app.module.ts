import { Module, type DynamicModule } from '@nestjs/common';
import { ConnectionsModule } from './connections/connections.module';
import { EventsModule } from './events/events.module';
import { IdentityModule } from './identity/identity.module';
import { MirrorModule } from './mirror/mirror.module';
import type { CompleteConfig } from './platform/config';
import type { Logger } from './platform/log';
import { PlatformModule } from './platform/platform.module';
import { AppointmentsModule } from './resources/appointments/appointments.module';
import { AvailabilityModule } from './resources/availability/availability.module';
import { ServicesModule } from './resources/bookable-services/bookable-services.module';
import { ClientsModule } from './resources/clients/clients.module';
import { LocationsModule } from './resources/locations/locations.module';
import { PractitionersModule } from './resources/practitioners/practitioners.module';
import { SyncModule } from './sync/sync.module';
import { TenantsModule } from './tenants/tenants.module';
import { WritesModule } from './writes/writes.module';

/** The list of features. */
@Module({})
export class AppModule {
  static with(config: CompleteConfig, logger: Logger): DynamicModule {
    return {
      module: AppModule,
      imports: [
        PlatformModule.with(config, logger),
        TenantsModule,
        ConnectionsModule,
        IdentityModule,
        MirrorModule,
        SyncModule,
        EventsModule,
        WritesModule,
        AppointmentsModule,
        ClientsModule,
        PractitionersModule,
        ServicesModule,
        LocationsModule,
        AvailabilityModule,
      ],
    };
  }
}
