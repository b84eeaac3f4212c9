import type { OnApplicationBootstrap, OnApplicationShutdown } from '@nestjs/common';
import PgBoss from 'pg-boss';
import type { Logger } from '../platform/log';
import type { Sync } from './sync.entity';
import type { SyncRunnerService } from './sync-runner.service';
import type { SyncQueue } from './syncs.service';
import type { SyncsRepository } from './syncs.repository';

const QUEUE = 'sync';
const AT_ONCE = 4;
const POLL_SECONDS = 0.5;
const SWEEP_MS = 5_000;
const MAINTENANCE_SECONDS = 30;
const LONGEST_RUN_SECONDS = 6 * 3600;
/** However often a run is queued again, one job in this time is enough. */
const ONCE_IN_SECONDS = 10;
const STOP_MS = 10_000;

/** Nothing of the tenant: what a job holds outlives its erasure. */
type Job = Pick<Sync, 'id'>;

/**
 * The queue of syncs, on PostgreSQL. A job only says "run this now": what is to be done, and how far it is, stands in the
 * sync's own row, so that a job that is lost, or comes twice, changes nothing.
 */
export class SyncWorker implements SyncQueue, OnApplicationBootstrap, OnApplicationShutdown {
  private readonly boss: PgBoss;
  private readonly workers: string[] = [];
  private sweep: NodeJS.Timeout | undefined;

  constructor(
    databaseUrl: string,
    private readonly options: { readonly works: boolean; readonly logger: Logger },
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
    await this.boss.createQueue(QUEUE, {
      name: QUEUE,
      policy: 'standard',
      expireInSeconds: LONGEST_RUN_SECONDS,
      retryLimit: 0,
    });
    if (!this.options.works) return;
    for (let i = 0; i < AT_ONCE; i += 1) {
      this.workers.push(
        await this.boss.work<Job>(QUEUE, { batchSize: 1, pollingIntervalSeconds: POLL_SECONDS }, (jobs) =>
          this.work(jobs),
        ),
      );
    }
    this.sweep = setInterval(() => void this.pickUpAbandoned(), SWEEP_MS);
  }

  async onApplicationShutdown(): Promise<void> {
    clearInterval(this.sweep);
    this.runner.stop();
    await this.boss.stop({ graceful: true, timeout: STOP_MS, wait: true });
  }

  async enqueue({ id }: Job): Promise<void> {
    await this.boss.send(QUEUE, { id }, { singletonKey: id, singletonSeconds: ONCE_IN_SECONDS });
    for (const worker of this.workers) this.boss.notifyWorker(worker);
  }

  private async work(jobs: readonly PgBoss.Job<Job>[]): Promise<void> {
    for (const { data } of jobs) {
      await this.runner.run(data.id).catch((error: unknown) => {
        this.options.logger.error(
          { err: error, syncId: data.id },
          'sync broke off; it goes on at its last page',
        );
      });
    }
  }

  /** Queues again what a killed process left behind. */
  private async pickUpAbandoned(): Promise<void> {
    try {
      for (const sync of await this.syncs.abandoned()) await this.enqueue(sync);
    } catch (error) {
      this.options.logger.warn({ err: error }, 'could not look for abandoned syncs');
    }
  }
}
