import type { ResourceName } from '../canonical/index';
import type { ConnectionsService } from '../connections/connections.service';
import type { Session, SessionsService } from '../connections/sessions.service';
import type { MirrorWriterService } from '../mirror/mirror-writer.service';
import type { Database, Query } from '../platform/database/database';
import type { Logger } from '../platform/log';
import type { Metrics } from '../platform/metrics';
import type { SchedulesRepository } from './schedules.repository';
import type { Progress, ResourceProgress, SyncError } from './sync.entity';
import type { SyncCursorsRepository } from './sync-cursors.repository';
import type { Claim, SyncsRepository } from './syncs.repository';
import { NOT_BEGUN } from './tally';

/** What running a sync takes. */
export interface RunnerTools {
  readonly database: Database;
  readonly syncs: SyncsRepository;
  readonly cursors: SyncCursorsRepository;
  readonly schedules: SchedulesRepository;
  readonly writer: MirrorWriterService;
  readonly sessions: SessionsService;
  readonly connections: ConnectionsService;
  readonly metrics: Metrics;
  readonly logger: Logger;
}

/** The process stops: what was stored stays, and the run goes on elsewhere. */
export class Interrupted extends Error {}

/** A sync that this process runs: what is stored of it so far, and the connection that it reads. */
export class SyncRun {
  /** Something was stored since the run was taken up. */
  hasMoved = false;
  progress: Progress;
  errors: readonly SyncError[];

  constructor(
    readonly claim: Claim,
    readonly session: Session,
    private readonly tools: Pick<RunnerTools, 'database' | 'syncs'>,
    private readonly isStopping: () => boolean,
  ) {
    this.progress = claim.progress;
    this.errors = claim.errors;
  }

  of(resource: ResourceName): ResourceProgress {
    return this.progress[resource] ?? NOT_BEGUN;
  }

  /** Interrupted where the process stops. */
  checkOn(): void {
    if (this.isStopping()) throw new Interrupted();
  }

  /** Stores what `work` does together with how far the run is after it: cursors move only with the rows that they cover. */
  async store(
    resource: ResourceName,
    work: (query: Query, before: ResourceProgress) => Promise<ResourceProgress>,
    errorsAfter: () => readonly SyncError[] = () => this.errors,
  ): Promise<void> {
    const { database, syncs } = this.tools;
    const [progress, errors] = await database.inTenant(this.claim.tenantId, async (query) => {
      const after = { ...this.progress, [resource]: await work(query, this.of(resource)) };
      const known = errorsAfter();
      await syncs.advance(query, this.claim, after, known);
      return [after, known] as const;
    });
    this.progress = progress;
    this.errors = errors;
    this.hasMoved = true;
  }

  /** Notes how far the run is with a resource. */
  save(
    resource: ResourceName,
    change: Partial<ResourceProgress>,
    errors: readonly SyncError[] = this.errors,
  ): Promise<void> {
    return this.store(
      resource,
      (_query, before) => Promise.resolve({ ...before, ...change }),
      () => errors,
    );
  }
}
