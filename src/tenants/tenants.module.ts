import { Module } from '@nestjs/common';
import { APP_GUARD, Reflector } from '@nestjs/core';
import { TypeOrmModule } from '@nestjs/typeorm';
import { Database } from '../platform/database/database';
import { CONFIG, type CompleteConfig } from '../platform/config';
import { NothingMoreGuard } from '../platform/http/nothing-more.guard';
import { ApiKey } from './api-key.entity';
import { ApiKeysController } from './api-keys.controller';
import { ApiKeysService } from './api-keys.service';
import { AuditModule } from './audit.module';
import { AuditService } from './audit.service';
import { AuthGuard } from './auth.guard';
import { CallerLimit } from './caller-limit';
import { CallerLimitRepository } from './caller-limit.repository';
import { Tenant } from './tenant.entity';
import { TenantsController } from './tenants.controller';
import { TenantsService } from './tenants.service';

/** Tenants, their keys, and the guard that asks for them. */
@Module({
  imports: [TypeOrmModule.forFeature([Tenant, ApiKey]), AuditModule],
  controllers: [TenantsController, ApiKeysController],
  providers: [
    {
      provide: TenantsService,
      useFactory: (database: Database, keys: ApiKeysService) => new TenantsService(database, keys),
      inject: [Database, ApiKeysService],
    },
    {
      provide: ApiKeysService,
      useFactory: (database: Database) => new ApiKeysService(database),
      inject: [Database],
    },
    {
      provide: CallerLimit,
      useFactory: (database: Database, config: CompleteConfig) =>
        new CallerLimit(new CallerLimitRepository(database), config.RATE_LIMIT_PER_MINUTE),
      inject: [Database, CONFIG],
    },
    {
      provide: APP_GUARD,
      useFactory: (
        ...[reflector, keys, limit, audit, config]: [
          Reflector,
          ApiKeysService,
          CallerLimit,
          AuditService,
          CompleteConfig,
        ]
      ) => new AuthGuard(reflector, keys, limit, audit, config.ADMIN_API_KEY),
      inject: [Reflector, ApiKeysService, CallerLimit, AuditService, CONFIG],
    },
    // After the key: whoever has none is told no more than that.
    { provide: APP_GUARD, useClass: NothingMoreGuard },
  ],
})
export class TenantsModule {}
