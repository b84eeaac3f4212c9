import { RESOURCE_NAMES, type ResourceName } from '../canonical/index';
import { PATIENCE } from '../connections/sessions.service';
import { Problem } from '../platform/http/problems';
import { VendorError } from '../vendors/kit/error';
import { isWhole } from './readable';
import type { ResourceReaderService } from './resource-reader.service';
import type { ResourceProgress } from './sync.entity';
import { Interrupted, SyncRun, type RunnerTools } from './sync-run';
import { LostLease, type Claim } from './syncs.repository';
import { withError } from './tally';
import { closed, endingOf, failure, outcomeOf, statusOf } from './verdict';

const BEAT_MS = 10_000;
const MOST_ATTEMPTS = 5;
const PUT_OFF_MS = 30_000;

/** The vendor asks for a pause that is longer than a place among the running syncs is worth: others get it meanwhile. */
class PutOff extends Error {
  constructor(readonly ms: number) {
    super('The vendor asks to come back later');
  }
}

/** Reads a vendor into the mirror, one resource after the other. */
export class SyncRunnerService {
  private stopping = false;

  constructor(
    private readonly tools: RunnerTools,
    private readonly reader: ResourceReaderService,
  ) {}

  /** Lets each run end after the page that it is storing; another process goes on from there. */
  stop(): void {
    this.stopping = true;
  }

  /**
   * Runs a sync to its end, from where an earlier holder left it; gives the sync that waited behind it. Does nothing where
   * another process holds it.
   */
  async run(id: string): Promise<string | null> {
    const { syncs, metrics } = this.tools;
    const subject = await syncs.subjectOf(id);
    if (!subject || this.stopping) return null;
    const { tenantId, vendor, window } = subject;
    const claim = await syncs.claim(tenantId, id, window);
    if (!claim) return null;
    const beat = setInterval(() => void syncs.beat(claim).catch(() => undefined), BEAT_MS);
    metrics.syncsRunning.inc();
    try {
      if (claim.fence === 1) await this.begin(claim, vendor);
      return await this.readAll(claim, vendor);
    } catch (error) {
      return await this.putDown(claim, vendor, error);
    } finally {
      clearInterval(beat);
      metrics.syncsRunning.dec();
    }
  }

  private async begin(claim: Claim, vendor: string): Promise<void> {
    const { database, schedules, metrics } = this.tools;
    metrics.syncLag.observe(Math.max(0, Date.parse(claim.startedAt) - Date.parse(claim.dueAt)) / 1000);
    if (claim.mode === 'full' && isWhole(vendor, claim.requested))
      await database.inTenant(claim.tenantId, (query) => schedules.fullScanBegins(query, claim));
  }

  private async readAll(claim: Claim, vendor: string): Promise<string | null> {
    let run: SyncRun | null = null;
    try {
      const session = await this.tools.sessions.open(claim.tenantId, claim.connectionId, PATIENCE.sync);
      run = new SyncRun(claim, session, this.tools, () => this.stopping);
      for (const resource of RESOURCE_NAMES) {
        const list = session.ports[resource]?.list;
        if (!list || !claim.requested.includes(resource) || isOver(run.progress[resource])) continue;
        const refusedAltogether = await this.readResource(run, resource);
        if (refusedAltogether) break;
      }
      return await this.finish(claim, vendor, run);
    } catch (error) {
      if (!(error instanceof Problem)) throw error;
      const { progress, errors } = run ?? claim;
      return this.finish(claim, vendor, { progress, errors: withError(errors, failure(null, error)) });
    }
  }

  /** Reads one resource; true where the vendor refuses the credentials, so that asking on would only lock the account. */
  private async readResource(run: SyncRun, resource: ResourceName): Promise<boolean> {
    try {
      await this.reader.read(run, resource);
      return false;
    } catch (error) {
      if (!(error instanceof VendorError)) throw error;
      if (error.kind === 'rate_limited') this.putOff(run, error);
      const { operation, status } = error.at;
      const seen = { syncId: run.claim.id, resource, kind: error.kind, operation, status };
      this.tools.logger.warn(seen, 'resource not read');
      await run.save(
        resource,
        { state: 'failed', warnings: closed(resource, error, run.of(resource)) },
        withError(run.errors, failure(resource, error)),
      );
      return error.kind === 'auth';
    }
  }

  /** Throws what puts the run off, unless it was put off again and again and never got on. */
  private putOff({ claim, hasMoved }: SyncRun, { at }: VendorError): void {
    if (this.stopping) throw new Interrupted();
    if (hasMoved || claim.attempts < MOST_ATTEMPTS) throw new PutOff(at.retryAfterMs ?? PUT_OFF_MS);
  }

  /** The run stops before its end: here it is said who goes on, and when. */
  private async putDown(claim: Claim, vendor: string, error: unknown): Promise<string | null> {
    const { syncs, logger } = this.tools;
    const about = { syncId: claim.id, connectionId: claim.connectionId };
    if (error instanceof LostLease) {
      logger.info(about, 'sync is run by another process, or its connection is gone');
      return null;
    }
    if (error instanceof Interrupted || error instanceof PutOff) {
      await syncs.release(claim, error instanceof PutOff ? error.ms : 0);
      logger.info(
        about,
        error instanceof PutOff ? 'sync put off; it goes on when the vendor allows' : 'sync put down',
      );
      return null;
    }
    if (claim.attempts >= MOST_ATTEMPTS) return this.giveUp(claim, vendor);
    await syncs.release(claim);
    throw error;
  }

  /** Our own fault, again and again: the run ends, and says so where the caller looks. */
  private giveUp(claim: Claim, vendor: string): Promise<string | null> {
    const words = 'The gateway failed at this sync several times; its log says why';
    const broken = failure(null, new Problem('internal_error', words));
    return this.finish(claim, vendor, {
      progress: claim.progress,
      errors: withError(claim.errors, broken),
    });
  }

  private async finish(
    claim: Claim,
    vendor: string,
    { progress, errors }: Pick<SyncRun, 'progress' | 'errors'>,
  ): Promise<string | null> {
    const { database, syncs, schedules, connections, logger } = this.tools;
    const { tenantId, connectionId } = claim;
    const status = statusOf(progress, errors);
    const finishedAt = new Date().toISOString();
    // Before the sync is seen to be over: whoever waited for that finds the connection as it left it.
    await connections.noteSync(tenantId, connectionId, outcomeOf({ progress, errors, status, finishedAt }));
    const { next } = await database.inTenant(tenantId, async (query) => {
      const ended = await syncs.finish(query, claim, { status, errors, finishedAt });
      if (isWhole(vendor, claim.requested)) await schedules.plan(query, claim, endingOf(status, errors));
      return ended;
    });
    logger.info({ syncId: claim.id, connectionId, mode: claim.mode, status }, 'sync finished');
    return next;
  }
}

const isOver = (progress: ResourceProgress | undefined): boolean =>
  progress !== undefined && progress.state !== 'running';
