import type { OnApplicationBootstrap, OnApplicationShutdown } from '@nestjs/common';
import type { Logger } from '../platform/log';
import type { BegunService } from './begun.service';
import type { KeysRepository } from './keys.repository';
import type { WritesRepository } from './writes.repository';

const TICK_MS = 500;
const AT_ONCE = 8;
const SWEEP_MS = 10 * 60_000;
const SWEPT_AT_ONCE = 1_000;

/** Looks for writes whose outcome nobody knows, also for those of a process that was killed, and forgets what is long over. */
export class LookWorker implements OnApplicationBootstrap, OnApplicationShutdown {
  private ticking: NodeJS.Timeout | undefined;
  private sweeping: NodeJS.Timeout | undefined;
  private running: Promise<void> = Promise.resolve();
  private isBusy = false;
  private isStopping = false;

  constructor(
    private readonly begun: BegunService,
    private readonly writes: WritesRepository,
    private readonly keys: KeysRepository,
    private readonly options: { readonly works: boolean; readonly logger: Logger },
  ) {}

  onApplicationBootstrap(): void {
    if (!this.options.works) return;
    this.ticking = setInterval(() => {
      if (!this.isBusy) this.running = this.tick();
    }, TICK_MS);
    this.sweeping = setInterval(() => void this.sweep(), SWEEP_MS);
  }

  async onApplicationShutdown(): Promise<void> {
    this.isStopping = true;
    clearInterval(this.ticking);
    clearInterval(this.sweeping);
    await this.running;
  }

  private async tick(): Promise<void> {
    this.isBusy = true;
    try {
      const due = await this.writes.due(AT_ONCE);
      await Promise.all(
        due.map((write) =>
          this.begun.lookAgain(write).catch((error: unknown) => {
            this.options.logger.error(
              { err: error, writeId: write.id },
              'look failed; there will be another',
            );
          }),
        ),
      );
    } catch (error) {
      this.options.logger.warn({ err: error }, 'could not look for writes');
    } finally {
      this.isBusy = false;
    }
  }

  private async sweep(): Promise<void> {
    try {
      for (const kept of [this.writes, this.keys])
        while (!this.isStopping && (await kept.sweep(SWEPT_AT_ONCE)));
    } catch (error) {
      this.options.logger.warn({ err: error }, 'could not forget old writes');
    }
  }
}
