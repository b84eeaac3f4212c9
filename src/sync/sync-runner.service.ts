import { RESOURCE_NAMES, type ResourceName } from '../canonical/index';
import type { Instant } from '../canonical/values';
import type { ConnectionsService } from '../connections/connections.service';
import { PATIENCE, type Session, type SessionsService } from '../connections/sessions.service';
import type { MirrorWriterService } from '../mirror/mirror-writer.service';
import type { Database } from '../platform/database/database';
import { Problem } from '../platform/http/problems';
import type { Logger } from '../platform/log';
import type { Metrics } from '../platform/metrics';
import type { Page, Port } from '../vendors/contract';
import { VendorError } from '../vendors/kit/error';
import { gathered, oneAhead } from './pages';
import type { Progress, ResourceProgress, SyncError } from './sync.entity';
import type { Claim, SyncsRepository } from './syncs.repository';
import { counted, NOT_BEGUN, withError, withSetAside } from './tally';
import { closed, failure, isBelievable, outcomeOf, statusOf, tooManyMissing } from './verdict';

const RECORDS_A_TRANSACTION = 400;
const BEAT_MS = 10_000;
const MOST_ATTEMPTS = 5;
const OVERLAP_MS = 5 * 60_000;

/** The process stops: what was stored stays, and the run goes on elsewhere. */
class Interrupted extends Error {}

export interface RunnerTools {
  readonly database: Database;
  readonly syncs: SyncsRepository;
  readonly writer: MirrorWriterService;
  readonly sessions: SessionsService;
  readonly connections: ConnectionsService;
  readonly metrics: Metrics;
  readonly logger: Logger;
}
interface Run {
  readonly claim: Claim;
  readonly session: Session;
  progress: Progress;
  errors: readonly SyncError[];
}

/** Reads a vendor into the mirror: page by page, each in one transaction with how far the run is. */
export class SyncRunnerService {
  private stopping = false;

  constructor(private readonly tools: RunnerTools) {}

  /** Lets each run end after the page that it is storing; another process goes on from there. */
  stop(): void {
    this.stopping = true;
  }

  /** Runs a sync to its end, from where an earlier holder left it. Does nothing where another process holds it. */
  async run(id: string): Promise<void> {
    const { syncs, metrics, logger } = this.tools;
    const owner = await syncs.ownerOf(id);
    if (!owner) return;
    const { tenantId, connectionId } = owner;
    const { settings } = await this.tools.connections.find(tenantId, connectionId);
    const claim = await syncs.claim(
      tenantId,
      id,
      settings['window'] as { pastDays: number; futureDays: number },
    );
    if (!claim) return;
    const beat = setInterval(() => void syncs.beat(claim).catch(() => undefined), BEAT_MS);
    metrics.syncsRunning.inc();
    try {
      await this.readAll(claim);
    } catch (error) {
      if (!(error instanceof Interrupted) && claim.fence >= MOST_ATTEMPTS) {
        await this.giveUp(claim);
        return;
      }
      await syncs.release(claim);
      if (!(error instanceof Interrupted)) throw error;
      logger.info({ syncId: id }, 'sync put down; another process goes on');
    } finally {
      clearInterval(beat);
      metrics.syncsRunning.dec();
    }
  }

  private async readAll(claim: Claim): Promise<void> {
    let session: Session;
    try {
      session = await this.tools.sessions.open(claim.tenantId, claim.connectionId, PATIENCE.sync);
    } catch (error) {
      if (!(error instanceof Problem)) throw error;
      return this.finish({ claim, progress: claim.progress, errors: withError([], failure(null, error)) });
    }
    const run: Run = { claim, session, progress: claim.progress, errors: claim.errors };
    for (const resource of RESOURCE_NAMES) {
      const list = session.ports[resource]?.list;
      if (!list || !claim.requested.includes(resource) || isOver(run.progress[resource])) continue;
      const refusedAltogether = await this.readResource(run, resource);
      if (refusedAltogether) break;
    }
    await this.finish(run);
  }

  /** Reads one resource; true where the vendor refuses the credentials, so that asking on would only lock the account. */
  private async readResource(run: Run, resource: ResourceName): Promise<boolean> {
    try {
      const since = await this.updatedSince(run, resource);
      await this.readPages(run, resource, since);
      await this.complete(run, resource, since);
      return false;
    } catch (error) {
      if (!(error instanceof VendorError)) throw error;
      this.tools.logger.warn(
        {
          syncId: run.claim.id,
          resource,
          kind: error.kind,
          operation: error.at.operation,
          status: error.at.status,
        },
        'resource not read',
      );
      run.errors = withError(run.errors, failure(resource, error));
      await this.save(run, resource, {
        ...(run.progress[resource] ?? NOT_BEGUN),
        state: 'failed',
        warnings: closed(resource, error, run.progress[resource]),
      });
      return error.kind === 'auth';
    }
  }

  private async readPages(run: Run, resource: ResourceName, updatedSince: Instant | null): Promise<void> {
    const { claim, session } = run;
    const port = session.ports[resource] as Port<ResourceName>;
    const pages = port.list({
      window: { from: claim.windowFrom, to: claim.windowTo },
      updatedSince,
      resumeAt: run.progress[resource]?.cursor ?? null,
    });
    for await (const page of oneAhead(gathered(pages, RECORDS_A_TRANSACTION))) {
      if (this.stopping) throw new Interrupted();
      await this.storePage(run, resource, page);
    }
  }

  private async storePage<R extends ResourceName>(run: Run, resource: R, page: Page<R>): Promise<void> {
    const { database, syncs, writer, metrics } = this.tools;
    const { tenantId, connectionId } = run.claim;
    const { name: vendor, secretFields } = run.session.vendor;
    await database.inTenant(tenantId, async (query) => {
      const at = await syncs.now(query);
      const written = await writer.write(
        query,
        { tenantId, connectionId, vendor },
        { resource, seen: page.items, secretFields, at },
      );
      const progress = {
        ...run.progress,
        [resource]: counted(run.progress[resource] ?? NOT_BEGUN, resource, page, written),
      };
      const errors = withSetAside(run.errors, resource, page);
      await syncs.advance(query, run.claim, progress, errors);
      run.progress = progress;
      run.errors = errors;
      metrics.records.inc({ vendor, resource, outcome: 'created' }, written.created);
      metrics.records.inc({ vendor, resource, outcome: 'updated' }, written.updated);
      metrics.records.inc({ vendor, resource, outcome: 'set_aside' }, page.setAside.length);
    });
  }

  private async updatedSince({ claim, session }: Run, resource: ResourceName): Promise<Instant | null> {
    const filters = session.vendor.capabilities[resource]?.operations.includes('incremental');
    if (claim.mode === 'full' || !filters) return null;
    const last = await this.tools.syncs.lastComplete(claim, resource);
    return last === null ? null : new Date(Date.parse(last) - OVERLAP_MS).toISOString();
  }

  /** The list was read to its end: what it no longer holds is gone, if the vendor has no other way to tell, and if that is believable. */
  private async complete(run: Run, resource: ResourceName, since: Instant | null): Promise<void> {
    const { claim, session } = run;
    const before = run.progress[resource] ?? NOT_BEGUN;
    const isScan = since === null && session.vendor.capabilities[resource]?.deletions === 'full_scan';
    if (!isScan || before.failed > 0)
      return this.save(run, resource, { ...before, state: 'done', cursor: null });
    await this.tools.database.inTenant(claim.tenantId, async (query) => {
      const { missing, total } = await this.tools.syncs.unseen(query, claim, resource);
      const isBelieved = isBelievable(missing.length, total);
      const at = await this.tools.syncs.now(query);
      const deleted = isBelieved
        ? await this.tools.writer.markGone(query, claim.tenantId, { resource, ids: missing, at })
        : 0;
      const warnings = isBelieved
        ? before.warnings
        : [...before.warnings, tooManyMissing(resource, missing.length, total)];
      run.progress = {
        ...run.progress,
        [resource]: { ...before, state: 'done', cursor: null, deleted, warnings },
      };
      await this.tools.syncs.advance(query, claim, run.progress, run.errors);
    });
  }

  private async save(run: Run, resource: ResourceName, progress: ResourceProgress): Promise<void> {
    run.progress = { ...run.progress, [resource]: progress };
    await this.tools.database.inTenant(run.claim.tenantId, (query) =>
      this.tools.syncs.advance(query, run.claim, run.progress, run.errors),
    );
  }

  /** Our own fault, again and again: the run ends, and says so where the caller looks. */
  private giveUp(claim: Claim): Promise<void> {
    const broken = new Problem(
      'internal_error',
      'The gateway failed at this sync several times; its log says why',
    );
    return this.finish({
      claim,
      progress: claim.progress,
      errors: withError(claim.errors, failure(null, broken)),
    });
  }

  private async finish({
    claim,
    progress,
    errors,
  }: Pick<Run, 'claim' | 'progress' | 'errors'>): Promise<void> {
    const { database, syncs, connections, logger } = this.tools;
    const status = statusOf(progress, errors);
    const finishedAt = await database.inTenant(claim.tenantId, (query) =>
      syncs.finish(query, claim, status, errors),
    );
    await connections.noteSync(
      claim.tenantId,
      claim.connectionId,
      outcomeOf({ progress, errors, status, finishedAt }),
    );
    logger.info({ syncId: claim.id, connectionId: claim.connectionId, status }, 'sync finished');
  }
}

const isOver = (progress: ResourceProgress | undefined): boolean =>
  progress !== undefined && progress.state !== 'running';
