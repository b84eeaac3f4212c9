import { Module } from '@nestjs/common';
import { Reflector } from '@nestjs/core';
import { ConnectionsModule } from '../connections/connections.module';
import { ConnectionsService } from '../connections/connections.service';
import { ConnectionWarningsService } from '../connections/connection-warnings.service';
import { SessionsService } from '../connections/sessions.service';
import { IdentityModule } from '../identity/identity.module';
import { IdentityService } from '../identity/identity.service';
import { MirrorModule } from '../mirror/mirror.module';
import { MirrorWriterService } from '../mirror/mirror-writer.service';
import { RecordsService } from '../mirror/records.service';
import { CONFIG, type CompleteConfig } from '../platform/config';
import { Keyring } from '../platform/crypto';
import { Database } from '../platform/database/database';
import { LOGGER, type Logger } from '../platform/log';
import { AuditService } from '../tenants/audit.service';
import { BatchService } from './batch.service';
import { BeginningsService } from './beginnings.service';
import { BegunService } from './begun.service';
import { BulkService } from './bulk.service';
import { DraftsService } from './drafts.service';
import { KeysRepository } from './keys.repository';
import { LookWorker } from './look-worker';
import { OnceInterceptor } from './once.interceptor';
import { RequestsService } from './requests.service';
import { SettlementService } from './settlement.service';
import { WritesRepository } from './writes.repository';
import { WritesService } from './writes.service';

/** What writes stand on, made once for all of their parts. */
class Ground {
  constructor(
    readonly database: Database,
    readonly identity: IdentityService,
    readonly writer: MirrorWriterService,
    readonly records: RecordsService,
    readonly sessions: SessionsService,
    readonly warnings: ConnectionWarningsService,
    readonly audit: AuditService,
    readonly connections: ConnectionsService,
  ) {}
}

/** The parts of which a single write and many at once are made alike. */
class Doers {
  constructor(
    readonly beginnings: BeginningsService,
    readonly begun: BegunService,
    readonly settlement: SettlementService,
    readonly writes: WritesRepository,
    readonly keys: KeysRepository,
  ) {}
}

const secondsOf = (list: string): number[] => list.split(',').map(Number);

/** Writes to vendors: honest, and once. */
@Module({
  imports: [IdentityModule, MirrorModule, ConnectionsModule],
  providers: [
    {
      provide: Ground,
      useFactory: (...parts: ConstructorParameters<typeof Ground>) => new Ground(...parts),
      inject: [
        Database,
        IdentityService,
        MirrorWriterService,
        RecordsService,
        SessionsService,
        ConnectionWarningsService,
        AuditService,
        ConnectionsService,
      ],
    },
    {
      provide: WritesRepository,
      useFactory: (database: Database) => new WritesRepository(database),
      inject: [Database],
    },
    {
      provide: KeysRepository,
      useFactory: (database: Database) => new KeysRepository(database),
      inject: [Database],
    },
    {
      provide: SettlementService,
      useFactory: (ground: Ground, writes: WritesRepository, keys: KeysRepository) =>
        new SettlementService({ ...ground, writes, keys }),
      inject: [Ground, WritesRepository, KeysRepository],
    },
    {
      provide: BegunService,
      useFactory: (
        ...[ground, writes, settlement, logger, config]: [
          Ground,
          WritesRepository,
          SettlementService,
          Logger,
          CompleteConfig,
        ]
      ) =>
        new BegunService({
          ...ground,
          writes,
          settlement,
          logger,
          looksAfter: secondsOf(config.WRITE_LOOKS_SECONDS),
        }),
      inject: [Ground, WritesRepository, SettlementService, LOGGER, CONFIG],
    },
    {
      provide: BeginningsService,
      useFactory: (ground: Ground, writes: WritesRepository, keys: KeysRepository) =>
        new BeginningsService({
          ...ground,
          writes,
          keys,
          drafts: new DraftsService(ground.identity, ground.records),
        }),
      inject: [Ground, WritesRepository, KeysRepository],
    },
    {
      provide: Doers,
      useFactory: (...parts: ConstructorParameters<typeof Doers>) => new Doers(...parts),
      inject: [BeginningsService, BegunService, SettlementService, WritesRepository, KeysRepository],
    },
    {
      provide: WritesService,
      useFactory: (ground: Ground, doers: Doers) => new WritesService({ ...ground, ...doers }),
      inject: [Ground, Doers],
    },
    {
      provide: RequestsService,
      useFactory: (database: Database, keys: KeysRepository) => new RequestsService(database, keys),
      inject: [Database, KeysRepository],
    },
    {
      provide: BatchService,
      useFactory: (writes: WritesService, doers: Doers, requests: RequestsService) =>
        new BatchService(writes, new BulkService(doers), requests),
      inject: [WritesService, Doers, RequestsService],
    },
    {
      provide: OnceInterceptor,
      useFactory: (reflector: Reflector, requests: RequestsService, keyring: Keyring) =>
        new OnceInterceptor(reflector, requests, keyring),
      inject: [Reflector, RequestsService, Keyring],
    },
    {
      provide: LookWorker,
      useFactory: (
        ...[begun, writes, keys, config, logger]: [
          BegunService,
          WritesRepository,
          KeysRepository,
          CompleteConfig,
          Logger,
        ]
      ) => new LookWorker(begun, writes, keys, { works: config.ROLE !== 'api', logger }),
      inject: [BegunService, WritesRepository, KeysRepository, CONFIG, LOGGER],
    },
  ],
  exports: [WritesService, BatchService],
})
export class WritesModule {}
