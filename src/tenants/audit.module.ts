import { Global, Module } from '@nestjs/common';
import { HttpAdapterHost } from '@nestjs/core';
import { CONFIG, type CompleteConfig } from '../platform/config';
import { Database } from '../platform/database/database';
import { LOGGER, type Logger } from '../platform/log';
import { AuditKeeperRepository } from './audit-keeper.repository';
import { AuditSweeper } from './audit-sweeper';
import { AuditTrail } from './audit-trail';
import { AuditController } from './audit.controller';
import { AuditRepository } from './audit.repository';
import { AuditService } from './audit.service';

/** The audit, at hand for every feature that touches clients' data. */
@Global()
@Module({
  controllers: [AuditController],
  providers: [
    {
      provide: AuditRepository,
      useFactory: (database: Database) => new AuditRepository(database),
      inject: [Database],
    },
    {
      provide: AuditService,
      useFactory: (repository: AuditRepository, logger: Logger) => new AuditService(repository, logger),
      inject: [AuditRepository, LOGGER],
    },
    {
      provide: AuditTrail,
      useFactory: (host: HttpAdapterHost, audit: AuditService) => new AuditTrail(host, audit),
      inject: [HttpAdapterHost, AuditService],
    },
    {
      provide: AuditSweeper,
      useFactory: (database: Database, config: CompleteConfig, logger: Logger) =>
        new AuditSweeper(
          new AuditKeeperRepository(database),
          config.ROLE === 'api' ? null : (config.AUDIT_RETENTION_DAYS ?? null),
          logger,
        ),
      inject: [Database, CONFIG, LOGGER],
    },
  ],
  exports: [AuditService],
})
export class AuditModule {}
