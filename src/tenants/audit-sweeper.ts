import type { OnApplicationBootstrap, OnApplicationShutdown } from '@nestjs/common';
import type { Logger } from '../platform/log';
import type { AuditKeeperRepository } from './audit-keeper.repository';

const SWEEP_MS = 10 * 60_000;

/** Keeps the audit in bounds, where the operator has set any. */
export class AuditSweeper implements OnApplicationBootstrap, OnApplicationShutdown {
  private timer: NodeJS.Timeout | undefined;
  private sweeping: Promise<void> | null = null;
  private isStopping = false;

  constructor(
    private readonly keeper: AuditKeeperRepository,
    /** Null where this process, or nobody, is to sweep. */
    private readonly days: number | null,
    private readonly logger: Logger,
  ) {}

  onApplicationBootstrap(): void {
    if (this.days === null) return;
    const { days } = this;
    const sweep = (): void => {
      this.sweeping ??= this.sweep(days).finally(() => (this.sweeping = null));
    };
    this.timer = setInterval(sweep, SWEEP_MS);
    sweep();
  }

  async onApplicationShutdown(): Promise<void> {
    this.isStopping = true;
    clearInterval(this.timer);
    await this.sweeping;
  }

  private async sweep(days: number): Promise<void> {
    try {
      while (!this.isStopping && (await this.keeper.sweep(days)) > 0);
    } catch (error) {
      this.logger.warn({ err: error }, 'could not let go of old rows of the audit');
    }
  }
}
