import { setTimeout as pause } from 'node:timers/promises';
import type {
  BeforeApplicationShutdown,
  OnApplicationBootstrap,
  OnApplicationShutdown,
} from '@nestjs/common';
import type { Logger } from '../platform/log';
import type { EndpointKey } from './delivery-queue.repository';
import { EndpointCourier, type CourierTools } from './endpoint-courier';
import type { FeedKeeperRepository } from './feed-keeper.repository';

/**
 * Looked for and not listened for: a NOTIFY would make every commit of every tenant wait for a lock that they all share, and
 * would need a connection that no pooler may stand before.
 */
const POLL_MS = 300;
const AFTER_TROUBLE_MS = 5_000;
const MEASURE_EVERY_MS = 15_000;
const SWEEP_EVERY_MS = 10 * 60_000;
/** How long a receiver has to answer once the process is told to stop. */
const LAST_WORDS_MS = 5_000;

export interface WorkerOptions {
  readonly works: boolean;
  readonly retentionDays: number;
  readonly logger: Logger;
}

/** Sends each endpoint a courier when something waits for it, measures how they fare, and clears what is too old. */
export class WebhookWorker
  implements OnApplicationBootstrap, BeforeApplicationShutdown, OnApplicationShutdown
{
  private readonly couriers = new Map<string, { courier: EndpointCourier; ended: Promise<void> }>();
  private readonly stopped = new AbortController();
  private polling: Promise<void> = Promise.resolve();
  private keeping: Promise<void> = Promise.resolve();

  constructor(
    private readonly tools: CourierTools,
    private readonly keeper: FeedKeeperRepository,
    private readonly options: WorkerOptions,
  ) {}

  onApplicationBootstrap(): void {
    if (!this.options.works) return;
    this.polling = this.repeat(POLL_MS, () => this.poll());
    this.keeping = this.keep();
  }

  async beforeApplicationShutdown(): Promise<void> {
    this.stopped.abort();
    await Promise.all([this.polling, this.keeping]);
    const under = [...this.couriers.values()];
    for (const { courier } of under) courier.stop();
    const all = Promise.all(under.map(({ ended }) => ended));
    await Promise.race([all, pause(LAST_WORDS_MS)]);
    for (const { courier } of under) courier.giveUp();
    await all;
  }

  onApplicationShutdown(): void {
    this.tools.sender.close();
  }

  private async poll(): Promise<void> {
    for (const endpoint of await this.tools.queue.due())
      if (!this.couriers.has(endpoint.id)) this.send(endpoint);
  }

  private send(endpoint: EndpointKey): void {
    const courier = new EndpointCourier(endpoint, this.tools);
    const { logger } = this.options;
    const ended = courier
      .run()
      .then((disabled) => {
        if (disabled)
          logger.warn({ endpointId: endpoint.id, reason: disabled }, 'webhook endpoint switched off');
      })
      .catch((error: unknown) => {
        logger.error(
          { err: error, endpointId: endpoint.id },
          'webhooks broke off; they go on at the next look',
        );
      })
      .finally(() => this.couriers.delete(endpoint.id));
    this.couriers.set(endpoint.id, { courier, ended });
  }

  private async keep(): Promise<void> {
    await Promise.all([
      this.repeat(MEASURE_EVERY_MS, () => this.measure()),
      this.repeat(SWEEP_EVERY_MS, () => this.sweep()),
    ]);
  }

  private async measure(): Promise<void> {
    const { events, oldestUndelivered } = this.tools.metrics;
    const { written, oldestSeconds } = await this.keeper.figures();
    events.set(written);
    oldestUndelivered.set(oldestSeconds);
  }

  private async sweep(): Promise<void> {
    await this.keeper.forgetOldSecrets();
    while (!this.stopped.signal.aborted && (await this.keeper.sweep(this.options.retentionDays)) > 0);
  }

  /** Does something again and again until the process stops; trouble is told and waited out. */
  private async repeat(everyMs: number, work: () => Promise<void>): Promise<void> {
    const { signal } = this.stopped;
    while (!signal.aborted) {
      const waitMs = await work().then(
        () => everyMs,
        (error: unknown) => {
          this.options.logger.warn({ err: error }, 'webhooks had trouble; they go on');
          return Math.max(everyMs, AFTER_TROUBLE_MS);
        },
      );
      await pause(waitMs, null, { signal }).catch(() => undefined);
    }
  }
}
