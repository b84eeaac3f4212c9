import { Module, type OnModuleInit } from '@nestjs/common';
import { TypeOrmModule } from '@nestjs/typeorm';
import { ConnectionEvents } from '../connections/connection-events';
import { ConnectionsModule } from '../connections/connections.module';
import { ConnectionsService } from '../connections/connections.service';
import { SessionsService } from '../connections/sessions.service';
import { MirrorModule } from '../mirror/mirror.module';
import { MirrorWriterService } from '../mirror/mirror-writer.service';
import { CONFIG, type CompleteConfig } from '../platform/config';
import { Database } from '../platform/database/database';
import { LOGGER, type Logger } from '../platform/log';
import { Metrics } from '../platform/metrics';
import { Sync } from './sync.entity';
import { SyncRunnerService, type RunnerTools } from './sync-runner.service';
import { SyncWorker } from './sync-worker';
import { SyncsController } from './syncs.controller';
import { SyncsRepository } from './syncs.repository';
import { SyncsService } from './syncs.service';

const TOOLS = [
  Database,
  SyncsRepository,
  MirrorWriterService,
  SessionsService,
  ConnectionsService,
  Metrics,
  LOGGER,
];
type ToolList = [
  RunnerTools['database'],
  SyncsRepository,
  MirrorWriterService,
  SessionsService,
  ConnectionsService,
  Metrics,
  Logger,
];

/** Reads the vendors into the mirror, in the background. */
@Module({
  imports: [TypeOrmModule.forFeature([Sync]), ConnectionsModule, MirrorModule],
  controllers: [SyncsController],
  providers: [
    {
      provide: SyncsRepository,
      useFactory: (database: Database) => new SyncsRepository(database),
      inject: [Database],
    },
    {
      provide: SyncRunnerService,
      useFactory: (...[database, syncs, writer, sessions, connections, metrics, logger]: ToolList) =>
        new SyncRunnerService({ database, syncs, writer, sessions, connections, metrics, logger }),
      inject: TOOLS,
    },
    {
      provide: SyncWorker,
      useFactory: (
        config: CompleteConfig,
        logger: Logger,
        runner: SyncRunnerService,
        syncs: SyncsRepository,
      ) => new SyncWorker(config.DATABASE_URL, { works: config.ROLE !== 'api', logger }, runner, syncs),
      inject: [CONFIG, LOGGER, SyncRunnerService, SyncsRepository],
    },
    {
      provide: SyncsService,
      useFactory: (database: Database, connections: ConnectionsService, worker: SyncWorker) =>
        new SyncsService(database, connections, worker),
      inject: [Database, ConnectionsService, SyncWorker],
    },
  ],
})
export class SyncModule implements OnModuleInit {
  constructor(
    private readonly events: ConnectionEvents,
    private readonly syncs: SyncsService,
  ) {}

  onModuleInit(): void {
    this.events.onChange(async ({ tenantId, id }) => {
      await this.syncs.request(tenantId, id, { mode: 'full' });
    });
  }
}
