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
import { AfterWrites } from './after-writes';
import { MissingRecordsService } from './missing-records.service';
import { ResourceReaderService } from './resource-reader.service';
import { SchedulerService } from './scheduler.service';
import { SchedulesRepository } from './schedules.repository';
import { Sync } from './sync.entity';
import { SyncCursorsRepository } from './sync-cursors.repository';
import type { RunnerTools } from './sync-run';
import { SyncRunnerService } from './sync-runner.service';
import { SyncWorker } from './sync-worker';
import { SyncsController } from './syncs.controller';
import { SyncsRepository } from './syncs.repository';
import { SyncsService } from './syncs.service';

const isWorker = ({ ROLE }: CompleteConfig): boolean => ROLE !== 'api';

const TOOLS = Symbol('what running a sync takes');
type ToolList = [
  Database,
  SyncsRepository,
  SyncCursorsRepository,
  SchedulesRepository,
  MirrorWriterService,
  SessionsService,
  ConnectionsService,
  Metrics,
  Logger,
];
const toolsOf = (
  ...[database, syncs, cursors, schedules, writer, sessions, connections, metrics, logger]: ToolList
): RunnerTools => ({
  database,
  syncs,
  cursors,
  schedules,
  writer,
  sessions,
  connections,
  metrics,
  logger,
});

/** Reads the vendors into the mirror, in the background. */
@Module({
  imports: [TypeOrmModule.forFeature([Sync]), ConnectionsModule, MirrorModule],
  controllers: [SyncsController],
  providers: [
    SchedulesRepository,
    {
      provide: SyncsRepository,
      useFactory: (database: Database) => new SyncsRepository(database),
      inject: [Database],
    },
    {
      provide: SyncCursorsRepository,
      useFactory: (database: Database) => new SyncCursorsRepository(database),
      inject: [Database],
    },
    {
      provide: TOOLS,
      useFactory: toolsOf,
      inject: [
        Database,
        SyncsRepository,
        SyncCursorsRepository,
        SchedulesRepository,
        MirrorWriterService,
        SessionsService,
        ConnectionsService,
        Metrics,
        LOGGER,
      ],
    },
    {
      provide: SyncRunnerService,
      useFactory: (tools: RunnerTools) =>
        new SyncRunnerService(tools, new ResourceReaderService(tools, new MissingRecordsService(tools))),
      inject: [TOOLS],
    },
    {
      provide: SyncWorker,
      useFactory: (
        config: CompleteConfig,
        logger: Logger,
        runner: SyncRunnerService,
        syncs: SyncsRepository,
      ) => {
        const atOnce = isWorker(config) ? config.SYNC_CONCURRENCY : 0;
        return new SyncWorker(config.DATABASE_URL, { atOnce, logger }, runner, syncs);
      },
      inject: [CONFIG, LOGGER, SyncRunnerService, SyncsRepository],
    },
    {
      provide: SchedulerService,
      useFactory: (
        config: CompleteConfig,
        { database, schedules, syncs, logger }: RunnerTools,
        queue: SyncWorker,
      ) => new SchedulerService({ database, schedules, syncs, queue, logger }, isWorker(config)),
      inject: [CONFIG, TOOLS, SyncWorker],
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
    private readonly database: Database,
    private readonly schedules: SchedulesRepository,
  ) {}

  onModuleInit(): void {
    this.events.onChange(async ({ tenantId, id }) => {
      await this.syncs.request(tenantId, id, { mode: 'full' });
    });
    const afterWrites = new AfterWrites(this.database, this.schedules);
    this.events.onWrite((connection) => afterWrites.wrote(connection));
  }
}
