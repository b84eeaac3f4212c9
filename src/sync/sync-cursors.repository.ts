import type { RemoteRef } from '../canonical/ids';
import type { ResourceName } from '../canonical/index';
import type { Instant } from '../canonical/values';
import type { Database, Query } from '../platform/database/database';
import type { Claim } from './syncs.repository';

/** How far a resource was read. */
export interface SyncCursor {
  /** When the last run began that read it to its end, by the vendor's clock where that is behind: what an incremental sync goes back to. */
  readonly readAt: Instant;
  /** Where the window of the last full scan ended; null where there was none. */
  readonly scannedTo: Instant | null;
}
/** A record of ours that a complete read did not meet. */
export interface MissingRecord {
  readonly id: string;
  readonly ref: RemoteRef;
}

/** Joins what a complete read did not meet. Appointments count where the read looked: inside its window. */
const inReach = (resource: ResourceName): string => `
  from ${resource} t join remote_ids r on r.tenant_id = t.tenant_id and r.id = t.id
  where t.tenant_id = $1 and t.connection_id = $2 and t.deleted_at is null and not t.mentioned
    ${resource === 'appointments' ? 'and t.sort_start >= $4 and t.sort_start < $5' : ''}`;
const UNSEEN = 'coalesce(r.last_seen_at < $3, true)';

/** How far each resource was read, and what of the mirror a complete read did not confirm. */
export class SyncCursorsRepository {
  constructor(private readonly database: Database) {}

  async of(
    { tenantId, connectionId }: Pick<Claim, 'tenantId' | 'connectionId'>,
    resource: ResourceName,
  ): Promise<SyncCursor | null> {
    const [row] = await this.database.inTenant(tenantId, (query) =>
      query<{ readAt: Instant; scannedTo: Instant | null }>({
        name: 'sync_cursor',
        text: `select read_at as "readAt", scanned_to as "scannedTo" from sync_cursors
               where tenant_id = $1 and connection_id = $2 and resource = $3`,
        values: [tenantId, connectionId, resource],
      }),
    );
    return row ?? null;
  }

  /** Moves the cursor, in the transaction that ends the reading of the resource. */
  async move(
    query: Query,
    claim: Claim,
    resource: ResourceName,
    { isScan, behindMs }: { isScan: boolean; behindMs: number },
  ): Promise<void> {
    const readAt = new Date(new Date(claim.startedAt).getTime() - behindMs).toISOString();
    await query({
      name: 'sync_cursor_move',
      text: `insert into sync_cursors as c (tenant_id, connection_id, resource, read_at, scanned_to)
             values ($1, $2, $3, $4, $5)
             on conflict (tenant_id, connection_id, resource) do update
               set read_at = excluded.read_at, scanned_to = coalesce(excluded.scanned_to, c.scanned_to)`,
      values: [claim.tenantId, claim.connectionId, resource, readAt, isScan ? claim.windowTo : null],
    });
  }

  /** How many records a complete read should have met, and how many of them it did not. */
  async countUnseen(
    query: Query,
    claim: Claim,
    resource: ResourceName,
  ): Promise<{ missing: number; total: number }> {
    const [row] = await query<{ missing: number; total: number }>({
      text: `select count(*) filter (where ${UNSEEN}) as missing, count(*) as total ${inReach(resource)}`,
      values: reach(claim, resource),
    });
    return row ?? { missing: 0, total: 0 };
  }

  /** Records that a complete read did not meet, in an order that stays the same; all where there is no limit. */
  async unseen(
    query: Query,
    claim: Claim,
    resource: ResourceName,
    limit: number | null,
  ): Promise<readonly MissingRecord[]> {
    const rows = await query<{ id: string; remote_id: string; remote_scope: string }>({
      text: `select t.id, r.remote_id, r.remote_scope ${inReach(resource)} and ${UNSEEN}
             order by t.id ${limit === null ? '' : `limit ${String(limit)}`}`,
      values: reach(claim, resource),
    });
    return rows.map((row) => ({ id: row.id, ref: { id: row.remote_id, scope: row.remote_scope } }));
  }

  /**
   * How many of the records that this transaction changed had changed at the vendor before the run began. An appointment
   * that comes into the window with time was never in an incremental sync's reach.
   */
  async drift(
    query: Query,
    claim: Claim,
    resource: ResourceName,
    { at, scannedTo }: { at: Instant; scannedTo: Instant | null },
  ): Promise<number> {
    const isOld = `coalesce((t.doc ->> 'updatedAt')::timestamptz < $4, true)`;
    const wasInReach =
      resource === 'appointments' && scannedTo !== null
        ? 'and not (t.version = 1 and t.sort_start >= $5)'
        : '';
    const [row] = await query<{ count: number }>({
      text: `select count(*) from ${resource} t
             where t.tenant_id = $1 and t.connection_id = $2 and t.changed_at = $3 and not t.mentioned and ${isOld} ${wasInReach}`,
      values: [
        claim.tenantId,
        claim.connectionId,
        at,
        claim.startedAt,
        ...(wasInReach === '' ? [] : [scannedTo]),
      ],
    });
    return row?.count ?? 0;
  }
}

const reach = (claim: Claim, resource: ResourceName): unknown[] => [
  claim.tenantId,
  claim.connectionId,
  claim.startedAt,
  ...(resource === 'appointments' ? [claim.windowFrom, claim.windowTo] : []),
];
