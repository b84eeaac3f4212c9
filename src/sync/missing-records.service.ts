import { InvalidRecord } from '../canonical/values';
import type { ResourceName } from '../canonical/index';
import type { Query } from '../platform/database/database';
import type { Port, Seen } from '../vendors/contract';
import type { ResourceProgress } from './sync.entity';
import type { MissingRecord } from './sync-cursors.repository';
import type { RunnerTools, SyncRun } from './sync-run';
import { withError } from './tally';
import { isBelievable, tooManyMissing } from './verdict';

/** So many records are asked for one by one in a run; the next run goes on with the others. */
const MOST_ASKED = 100;
const ASKED_A_TRANSACTION = 20;

interface Answer {
  readonly record: MissingRecord;
  readonly seen: Seen<ResourceName> | null;
}
type Get = Port<ResourceName>['get'];

/** Looks after the records that a complete read did not meet: deleted, or moved to where the list does not reach. */
export class MissingRecordsService {
  constructor(private readonly tools: RunnerTools) {}

  /** What a list no longer holds is gone, if that is believable, or if the operator says so. */
  async settle(run: SyncRun, resource: ResourceName): Promise<void> {
    const { database, cursors } = this.tools;
    const { missing, total } = await database.inTenant(run.claim.tenantId, (query) =>
      cursors.countUnseen(query, run.claim, resource),
    );
    if (missing === 0) return;
    if (!run.claim.force && !isBelievable(missing, total)) {
      const { warnings } = run.of(resource);
      await run.save(resource, { warnings: [...warnings, tooManyMissing(resource, missing, total)] });
      return;
    }
    await run.save(resource, { phase: 'missing', cursor: null });
    const get = this.mustAsk(run, resource) ? run.session.ports[resource]?.get : undefined;
    if (get) await this.ask(run, resource, get);
    if (!get || run.claim.force) await this.believe(run, resource);
  }

  /**
   * An appointment may have moved out of the window that was read, what a vendor flags when it deletes it should not just
   * be missing, and some lists can miss a record that stands: such a one is asked for by itself.
   */
  private mustAsk({ session }: SyncRun, resource: ResourceName): boolean {
    const { deletions } = session.vendor.capabilities[resource] ?? {};
    const mayMiss = session.ports[resource]?.mayMiss ?? false;
    return resource === 'appointments' || deletions !== 'full_scan' || mayMiss;
  }

  private async believe(run: SyncRun, resource: ResourceName): Promise<void> {
    const { cursors } = this.tools;
    await run.store(resource, async (query, before) => {
      const records = await cursors.unseen(query, run.claim, resource, null);
      return { ...before, deleted: before.deleted + (await this.markGone(query, run, resource, records)) };
    });
  }

  private async ask(run: SyncRun, resource: ResourceName, get: Get): Promise<void> {
    const { database, cursors } = this.tools;
    const records = await database.inTenant(run.claim.tenantId, (query) =>
      cursors.unseen(query, run.claim, resource, MOST_ASKED),
    );
    for (let from = 0; from < records.length; from += ASKED_A_TRANSACTION) {
      const answers: Answer[] = [];
      for (const record of records.slice(from, from + ASKED_A_TRANSACTION)) {
        run.checkOn();
        const seen = await readable(get, record);
        if (seen instanceof InvalidRecord) await this.setAside(run, resource, record, seen);
        else answers.push({ record, seen });
      }
      await run.store(resource, (query, before) => this.take(query, run, resource, { before, answers }));
    }
  }

  /** Stores what the vendor said of single records. */
  private async take(
    query: Query,
    run: SyncRun,
    resource: ResourceName,
    { before, answers }: { before: ResourceProgress; answers: readonly Answer[] },
  ): Promise<ResourceProgress> {
    const { syncs, cursors, writer } = this.tools;
    const { tenantId, connectionId, startedAt: askedAt } = run.claim;
    const { name: vendor, secretFields, capabilities } = run.session.vendor;
    const at = await syncs.now(query);
    const seen = answers.flatMap(({ record, seen: found }) => (found ? [{ ...found, ref: record.ref }] : []));
    const owner = { tenantId, connectionId, vendor };
    const { updated } = await writer.write(query, owner, { resource, seen, secretFields, at, askedAt });
    const wrong =
      before.drift !== null && updated > 0
        ? await cursors.drift(query, run.claim, resource, { at, scannedTo: null })
        : 0;
    const gone = answers.filter((answer) => answer.seen === null).map(({ record }) => record);
    const deleted = await this.markGone(query, run, resource, gone);
    // A deletion that only a scan can notice was not for incremental syncs to see.
    const unflagged = capabilities[resource]?.deletions === 'full_scan' ? 0 : deleted;
    return {
      ...before,
      updated: before.updated + updated,
      deleted: before.deleted + deleted,
      drift: before.drift === null ? null : before.drift + wrong + unflagged,
    };
  }

  private async markGone(
    query: Query,
    { claim }: SyncRun,
    resource: ResourceName,
    records: readonly MissingRecord[],
  ): Promise<number> {
    if (records.length === 0) return 0;
    const at = await this.tools.syncs.now(query);
    const ids = records.map(({ id }) => id);
    return this.tools.writer.markGone(query, claim.tenantId, { resource, ids, at });
  }

  private setAside(
    run: SyncRun,
    resource: ResourceName,
    { ref }: MissingRecord,
    { message }: InvalidRecord,
  ): Promise<void> {
    const error = { resource, remoteId: ref.id, code: 'invalid_record', message };
    return run.save(resource, { failed: run.of(resource).failed + 1 }, withError(run.errors, error));
  }
}

const readable = (get: Get, { ref }: MissingRecord): Promise<Seen<ResourceName> | InvalidRecord | null> =>
  get(ref).catch((error: unknown) => {
    if (error instanceof InvalidRecord) return error;
    throw error;
  });
