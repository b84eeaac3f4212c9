import { Module } from '@nestjs/common';
import { Keyring } from '../platform/crypto';
import { Database } from '../platform/database/database';
import { AuditService } from '../tenants/audit.service';
import { ErasureService } from './erasure.service';

/** The right to be forgotten: what it takes is spread over the tables of all features, and told in one place. */
@Module({
  providers: [
    {
      provide: ErasureService,
      useFactory: (...parts: ConstructorParameters<typeof ErasureService>) => new ErasureService(...parts),
      inject: [Database, Keyring, AuditService],
    },
  ],
  exports: [ErasureService],
})
export class ErasureModule {}
