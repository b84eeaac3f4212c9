import type { OnApplicationBootstrap, OnModuleDestroy } from '@nestjs/common';
import type { Database } from '../platform/database/database';
import { newId } from '../platform/ids';
import type { Logger } from '../platform/log';
import { readableOf } from './readable';
import type { DueSync, SchedulesRepository } from './schedules.repository';
import type { NewSync, SyncsRepository } from './syncs.repository';
import type { SyncQueue } from './syncs.service';

const TICK_MS = 1_000;
const AT_ONCE = 200;
const PRUNE_MS = 60_000;
const PRUNED_AT_ONCE = 2_000;

export interface SchedulerTools {
  readonly database: Database;
  readonly schedules: SchedulesRepository;
  readonly syncs: SyncsRepository;
  readonly queue: SyncQueue;
  readonly logger: Logger;
}

/** Looks once a second, over all tenants, which connections are due; any number of processes may look. */
export class SchedulerService implements OnApplicationBootstrap, OnModuleDestroy {
  private readonly timers: NodeJS.Timeout[] = [];
  private looking: Promise<void> | null = null;

  constructor(
    private readonly tools: SchedulerTools,
    private readonly works: boolean,
  ) {}

  onApplicationBootstrap(): void {
    if (!this.works) return;
    this.timers.push(
      setInterval(() => void this.look(), TICK_MS),
      setInterval(() => void this.prune(), PRUNE_MS),
    );
  }

  async onModuleDestroy(): Promise<void> {
    for (const timer of this.timers) clearInterval(timer);
    await this.looking;
  }

  /** Queues the syncs of all connections that are due; a look that is under way serves for both. */
  private look(): Promise<void> {
    this.looking ??= this.queueDue()
      .catch((error: unknown) => {
        this.tools.logger.warn({ err: error }, 'could not look for syncs that are due');
      })
      .finally(() => {
        this.looking = null;
      });
    return this.looking;
  }

  private async queueDue(): Promise<void> {
    const { database, schedules, syncs, queue } = this.tools;
    for (;;) {
      const { found, queued } = await database.asSystem(async (query) => {
        const due = await schedules.due(query, AT_ONCE);
        if (due.length > 0) await schedules.postpone(query, due);
        // One that runs is enough, unless a full scan was asked for since it began.
        const wanted = due.filter(({ isRunning, isFull }) => !isRunning || isFull).map(newSync);
        return { found: due.length, queued: await syncs.queue(query, wanted) };
      });
      if (queued.length > 0) await queue.enqueue(queued, false);
      if (found < AT_ONCE) return;
    }
  }

  private async prune(): Promise<void> {
    try {
      while (await this.tools.syncs.prune(PRUNED_AT_ONCE));
    } catch (error) {
      this.tools.logger.warn({ err: error }, 'could not forget old syncs');
    }
  }
}

const newSync = ({ tenantId, connectionId, vendor, dueAt, isFull }: DueSync): NewSync => ({
  tenantId,
  id: newId(),
  connectionId,
  mode: isFull ? 'full' : 'incremental',
  requested: readableOf(vendor),
  dueAt,
});
