import type { OnApplicationBootstrap, OnApplicationShutdown, OnModuleDestroy } from '@nestjs/common';
import { setTimeout as pause } from 'node:timers/promises';
import PgBoss from 'pg-boss';
import type { Logger } from '../platform/log';
import { createQueue, QUEUE } from './sync-queue';
import type { Sync } from './sync.entity';
import type { SyncRunnerService } from './sync-runner.service';
import type { SyncQueue } from './syncs.service';
import type { SyncsRepository } from './syncs.repository';

const POLL_MS = 500;
const SWEEP_MS = 2_000;
const MAINTENANCE_SECONDS = 30;
const STOP_MS = 10_000;
const ASKED_FOR = 1;

/** Nothing of the tenant: what a job holds outlives its erasure. */
type Job = Pick<Sync, 'id'>;
export interface WorkerOptions {
  /** How many syncs are run at once; none where the process only queues them. */
  readonly atOnce: number;
  readonly logger: Logger;
}

/**
 * The queue of syncs, on PostgreSQL. A job only says "run this now": what is to be done, and how far it is, stands in the
 * sync's own row, so that a job that is lost, or comes twice, changes nothing.
 */
export class SyncWorker implements SyncQueue, OnApplicationBootstrap, OnModuleDestroy, OnApplicationShutdown {
  private readonly boss: PgBoss;
  private readonly running = new Set<Promise<void>>();
  private readonly timers: NodeJS.Timeout[] = [];
  private fetching: Promise<void> | null = null;
  private isStopping = false;

  constructor(
    databaseUrl: string,
    private readonly options: WorkerOptions,
    private readonly runner: SyncRunnerService,
    private readonly syncs: SyncsRepository,
  ) {
    this.boss = new PgBoss({
      connectionString: databaseUrl,
      application_name: 'scheduling-gateway-jobs',
      max: 4,
      maintenanceIntervalSeconds: MAINTENANCE_SECONDS,
      schedule: false,
    });
    this.boss.on('error', (error) => {
      options.logger.error({ err: error }, 'queue failed');
    });
  }

  async onApplicationBootstrap(): Promise<void> {
    await this.boss.start();
    await createQueue(this.boss);
    if (this.options.atOnce === 0) return;
    this.timers.push(
      setInterval(() => void this.fill(), POLL_MS),
      setInterval(() => void this.pickUpAbandoned(), SWEEP_MS),
    );
    await this.pickUpAbandoned();
  }

  onModuleDestroy(): void {
    this.isStopping = true;
    for (const timer of this.timers) clearInterval(timer);
    this.runner.stop();
  }

  async onApplicationShutdown(): Promise<void> {
    await this.fetching;
    await Promise.race([Promise.all(this.running), pause(STOP_MS, null, { ref: false })]);
    await this.boss.stop({ graceful: false });
  }

  async enqueue(syncs: readonly Job[], isAskedFor: boolean): Promise<void> {
    const priority = isAskedFor ? ASKED_FOR : 0;
    await this.boss.insert(
      syncs.map(({ id }) => ({ name: QUEUE, data: { id }, priority, singletonKey: id })),
    );
    void this.fill();
  }

  /** Takes as many jobs as there is room for; called again whenever there may be more. */
  private fill(): Promise<void> {
    const { atOnce, logger } = this.options;
    if (this.isStopping || this.running.size >= atOnce) return Promise.resolve();
    this.fetching ??= this.fetch(atOnce - this.running.size)
      .catch((error: unknown) => {
        logger.error({ err: error }, 'could not take syncs from the queue');
      })
      .finally(() => {
        this.fetching = null;
      });
    return this.fetching;
  }

  private async fetch(room: number): Promise<void> {
    for (const job of await this.boss.fetch<Job>(QUEUE, { batchSize: room })) {
      const run = this.work(job).finally(() => {
        this.running.delete(run);
        void this.fill();
      });
      this.running.add(run);
    }
  }

  private async work({ id: job, data }: PgBoss.Job<Job>): Promise<void> {
    const { logger } = this.options;
    try {
      const next = await this.runner.run(data.id);
      if (next !== null) await this.enqueue([{ id: next }], true);
    } catch (error) {
      logger.error({ err: error, syncId: data.id }, 'sync broke off; it goes on at its last page');
    }
    // What the job said stands in the sync's own row.
    await this.boss.deleteJob(QUEUE, job).catch((error: unknown) => {
      logger.warn({ err: error }, 'could not forget a job');
    });
  }

  /** Queues again what a killed process left behind. */
  private async pickUpAbandoned(): Promise<void> {
    try {
      const abandoned = await this.syncs.abandoned();
      if (abandoned.length > 0) await this.enqueue(abandoned, true);
    } catch (error) {
      this.options.logger.warn({ err: error }, 'could not look for abandoned syncs');
    }
  }
}
