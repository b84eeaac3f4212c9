import type { ResourceName } from '../canonical/index';
import type { Instant } from '../canonical/values';
import type { Database, Query } from '../platform/database/database';
import type { Progress, Sync, SyncError, SyncMode, SyncStatus } from './sync.entity';

const LEASE = "interval '30 seconds'";

/** A run that this process holds. */
export interface Claim {
  readonly tenantId: string;
  readonly id: string;
  readonly connectionId: string;
  readonly mode: SyncMode;
  readonly requested: readonly ResourceName[];
  readonly progress: Progress;
  readonly errors: readonly SyncError[];
  readonly windowFrom: Instant;
  readonly windowTo: Instant;
  readonly startedAt: Instant;
  readonly fence: number;
}
/** Another process has taken the run over: whatever this one still does must not be stored. */
export class LostLease extends Error {}

type Key = Pick<Claim, 'tenantId' | 'id' | 'fence'>;

/** The record of syncs: who runs which, how far it is, and where a killed one goes on. */
export class SyncsRepository {
  constructor(private readonly database: Database) {}

  /** The tenant's clock is the database's: all replicas share it. */
  async now(query: Query): Promise<Instant> {
    const [row] = await query<{ at: Instant }>({
      name: 'clock',
      text: 'select now()::timestamptz(3) as at',
      values: [],
    });
    return (row as { at: Instant }).at;
  }

  /** Whose sync this is; null where it is gone. */
  async ownerOf(id: string): Promise<Pick<Claim, 'tenantId' | 'connectionId'> | null> {
    const [owner] = await this.database.asSystem((query) =>
      query<Pick<Claim, 'tenantId' | 'connectionId'>>({
        text: 'select tenant_id as "tenantId", connection_id as "connectionId" from syncs where id = $1',
        values: [id],
      }),
    );
    return owner ?? null;
  }

  /** Takes a queued run, or one whose holder has died; null where there is nothing to take. */
  async claim(
    tenantId: string,
    id: string,
    window: { pastDays: number; futureDays: number },
  ): Promise<Claim | null> {
    const [row] = await this.database.inTenant(tenantId, (query) =>
      query<Record<string, unknown>>({
        text: `update syncs set status = 'running', fence = fence + 1, lease_until = now() + ${LEASE},
                 started_at = coalesce(started_at, now()),
                 window_from = coalesce(window_from, now() - make_interval(days => $3)),
                 window_to = coalesce(window_to, now() + make_interval(days => $4))
               where tenant_id = $1 and id = $2 and (status = 'queued' or (status = 'running' and lease_until < now()))
                 and not exists (select from syncs o where o.tenant_id = $1 and o.connection_id = syncs.connection_id
                   and o.status = 'running' and o.id <> $2)
               returning connection_id as "connectionId", mode, requested, progress, errors, fence,
                 window_from as "windowFrom", window_to as "windowTo", started_at as "startedAt"`,
        values: [tenantId, id, window.pastDays, window.futureDays],
      }),
    );
    return row ? ({ ...row, tenantId, id } as unknown as Claim) : null;
  }

  /** Says that the holder lives. */
  async beat({ tenantId, id, fence }: Key): Promise<void> {
    await this.database.inTenant(tenantId, (query) =>
      query({
        text: `update syncs set lease_until = now() + ${LEASE} where tenant_id = $1 and id = $2 and fence = $3`,
        values: [tenantId, id, fence],
      }),
    );
  }

  /** Puts a run down where it stands, for the next who looks. */
  async release({ tenantId, id, fence }: Key): Promise<void> {
    await this.database.inTenant(tenantId, (query) =>
      query({
        text: 'update syncs set lease_until = now() where tenant_id = $1 and id = $2 and fence = $3',
        values: [tenantId, id, fence],
      }),
    );
  }

  /** Notes how far the run is, in the transaction that stores the page: cursors move only with the rows that they cover. */
  async advance(
    query: Query,
    { tenantId, id, fence }: Key,
    progress: Progress,
    errors: readonly SyncError[],
  ): Promise<void> {
    const held = await query({
      name: 'sync_advance',
      text: `update syncs set progress = $4, errors = $5, lease_until = now() + ${LEASE}
             where tenant_id = $1 and id = $2 and fence = $3 and status = 'running' returning id`,
      values: [tenantId, id, fence, JSON.stringify(progress), JSON.stringify(errors)],
    });
    if (held.length === 0) throw new LostLease('another process runs this sync now');
  }

  async finish(
    query: Query,
    { tenantId, id, fence }: Key,
    status: SyncStatus,
    errors: readonly SyncError[],
  ): Promise<Instant> {
    const [row] = await query<{ finishedAt: Instant }>({
      text: `update syncs set status = $4, errors = $5, finished_at = now(), lease_until = null
             where tenant_id = $1 and id = $2 and fence = $3 returning finished_at as "finishedAt"`,
      values: [tenantId, id, fence, status, JSON.stringify(errors)],
    });
    if (!row) throw new LostLease('another process runs this sync now');
    return row.finishedAt;
  }

  /** When the last run began that read the resource to its end: what an incremental sync goes back to. */
  async lastComplete(
    { tenantId, connectionId }: Pick<Claim, 'tenantId' | 'connectionId'>,
    resource: ResourceName,
  ): Promise<Instant | null> {
    const [row] = await this.database.inTenant(tenantId, (query) =>
      query<{ at: Instant | null }>({
        text: `select max(started_at) as at from syncs
               where tenant_id = $1 and connection_id = $2 and finished_at is not null and progress -> $3::text ->> 'state' = 'done'`,
        values: [tenantId, connectionId, resource],
      }),
    );
    return row?.at ?? null;
  }

  /**
   * The records that a complete read did not meet, and how many there are in all. Appointments count where the read
   * looked: inside its window.
   */
  async unseen(
    query: Query,
    claim: Claim,
    resource: ResourceName,
  ): Promise<{ missing: string[]; total: number }> {
    const inWindow = resource === 'appointments' ? 'and t.sort_start >= $4 and t.sort_start < $5' : '';
    const window = resource === 'appointments' ? [claim.windowFrom, claim.windowTo] : [];
    const [row] = await query<{ missing: string[] | null; total: number }>({
      text: `select array_agg(t.id) filter (where coalesce(r.last_seen_at < $3, true)) as missing, count(*) as total
             from ${resource} t join remote_ids r on r.tenant_id = t.tenant_id and r.id = t.id
             where t.tenant_id = $1 and t.connection_id = $2 and t.deleted_at is null and not t.mentioned ${inWindow}`,
      values: [claim.tenantId, claim.connectionId, claim.startedAt, ...window],
    });
    return { missing: row?.missing ?? [], total: row?.total ?? 0 };
  }

  /** Runs that nobody holds any more: queued ones whose job was lost, running ones whose holder died. */
  async abandoned(): Promise<Pick<Sync, 'id'>[]> {
    return this.database.asSystem((query) =>
      query<Pick<Sync, 'id'>>({
        text: `select id from syncs
               where (status = 'running' and lease_until < now()) or (status = 'queued' and created_at < now() - interval '10 seconds')`,
        values: [],
      }),
    );
  }
}
