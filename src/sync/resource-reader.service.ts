import type { ResourceName } from '../canonical/index';
import type { Instant } from '../canonical/values';
import type { Written } from '../mirror/mirror-writer.service';
import type { Page, Port } from '../vendors/contract';
import type { MissingRecordsService } from './missing-records.service';
import { gathered, oneAhead } from './pages';
import type { SyncCursor } from './sync-cursors.repository';
import type { RunnerTools, SyncRun } from './sync-run';
import { counted, NOT_BEGUN, withSetAside } from './tally';

const RECORDS_A_TRANSACTION = 400;
const OVERLAP_MS = 5 * 60_000;

/** How one resource is read in a run. */
interface Reading {
  /** From when on an incremental list is asked for; null where nothing was read before, or the vendor has no such list. */
  readonly since: Instant | null;
  /** The list is read whole: what it does not hold is missing. */
  readonly isWhole: boolean;
  readonly catchesUp: boolean;
  readonly scannedTo: Instant | null;
}

/** Reads one resource of a vendor into the mirror: page by page, each in one transaction with how far the run is. */
export class ResourceReaderService {
  constructor(
    private readonly tools: RunnerTools,
    private readonly missing: MissingRecordsService,
  ) {}

  async read(run: SyncRun, resource: ResourceName): Promise<void> {
    const reading = readingOf(run, resource, await this.tools.cursors.of(run.claim, resource));
    const { since, isWhole, catchesUp } = reading;
    if (catchesUp && !run.progress[resource])
      await run.save(resource, { ...NOT_BEGUN, phase: 'catch_up', drift: 0 });
    if (run.of(resource).phase === 'catch_up') {
      await this.readList(run, resource, reading, since);
      await run.save(resource, { phase: 'list', cursor: null });
    }
    if (run.of(resource).phase === 'list')
      await this.readList(run, resource, reading, isWhole ? null : since);
    const { failed, drift } = run.of(resource);
    // Where a record could not be read, nobody knows whether it is one of the missing.
    if (isWhole && failed === 0) await this.missing.settle(run, resource);
    await run.store(resource, async (query, before) => {
      const { behindMs } = run.session.clock;
      await this.tools.cursors.move(query, run.claim, resource, { isScan: isWhole, behindMs });
      return { ...before, state: 'done', cursor: null };
    });
    if (drift !== null) this.reportDrift(run, resource);
  }

  /** Reads a list to its end. */
  private async readList(
    run: SyncRun,
    resource: ResourceName,
    reading: Reading,
    updatedSince: Instant | null,
  ): Promise<void> {
    const { claim, session } = run;
    const port = session.ports[resource] as Port<ResourceName>;
    const pages = port.list({
      window: { from: claim.windowFrom, to: claim.windowTo },
      updatedSince,
      resumeAt: run.of(resource).cursor,
    });
    for await (const page of oneAhead(gathered(pages, RECORDS_A_TRANSACTION))) {
      run.checkOn();
      const isEmpty = page.items.length === 0 && page.setAside.length === 0 && page.next === null;
      if (!isEmpty) await this.storePage(run, resource, page, reading);
    }
  }

  private async storePage<R extends ResourceName>(
    run: SyncRun,
    resource: R,
    page: Page<R>,
    { scannedTo }: Reading,
  ): Promise<void> {
    const { syncs, cursors, writer, metrics } = this.tools;
    const { tenantId, connectionId, startedAt: askedAt } = run.claim;
    const { name: vendor, secretFields } = run.session.vendor;
    const isListed = run.of(resource).phase !== 'catch_up';
    let written: Written = { created: 0, updated: 0, admitted: [], ids: [] };
    let told: Page<ResourceName> = page;
    const store = async (
      ...[query, before]: Parameters<Parameters<SyncRun['store']>[1]>
    ): Promise<typeof before> => {
      const at = await syncs.now(query);
      const owner = { tenantId, connectionId, vendor };
      written = await writer.write(query, owner, { resource, seen: page.items, secretFields, at, askedAt });
      const setAside = await writer.mayTellOf(query, owner, page.setAside);
      told = { ...page, items: written.admitted, setAside };
      const after = counted(before, resource, told, written);
      if (!isListed || before.drift === null || written.created + written.updated === 0) return after;
      const more = await cursors.drift(query, run.claim, resource, { at, scannedTo });
      return { ...after, drift: before.drift + more };
    };
    await run.store(resource, store, () =>
      isListed ? withSetAside(run.errors, resource, told) : run.errors,
    );
    metrics.records.inc({ vendor, resource, outcome: 'created' }, written.created);
    metrics.records.inc({ vendor, resource, outcome: 'updated' }, written.updated);
    metrics.records.inc({ vendor, resource, outcome: 'set_aside' }, isListed ? told.setAside.length : 0);
  }

  private reportDrift(run: SyncRun, resource: ResourceName): void {
    const { drift } = run.of(resource);
    if (drift === null || drift === 0) return;
    const { vendor } = run.session;
    this.tools.metrics.drift.inc({ vendor: vendor.name, resource }, drift);
    this.tools.logger.warn(
      { syncId: run.claim.id, vendor: vendor.name, resource, drift },
      'mirror had drifted',
    );
  }
}

/**
 * A full run reads the list whole. Where the vendor can tell what changed, an incremental one goes back to the last read,
 * and a full one catches up like that first: what it finds wrong after is drift, unless the connection was changed since.
 */
function readingOf({ claim, session }: SyncRun, resource: ResourceName, cursor: SyncCursor | null): Reading {
  const isFull = claim.mode === 'full';
  const tellsChanges = session.vendor.capabilities[resource]?.operations.includes('incremental') ?? false;
  const since =
    tellsChanges && cursor ? new Date(Date.parse(cursor.readAt) - OVERLAP_MS).toISOString() : null;
  // Entities hold Date objects whatever their types say.
  const isUnchanged = cursor !== null && new Date(session.connection.updatedAt) <= new Date(cursor.readAt);
  return {
    since,
    isWhole: isFull || since === null,
    catchesUp: isFull && since !== null && isUnchanged,
    scannedTo: cursor?.scannedTo ?? null,
  };
}
