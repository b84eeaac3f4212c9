import type { ResourceName } from '../canonical/index';
import type { Instant } from '../canonical/values';
import type { Database, Query } from '../platform/database/database';
import { violates } from '../platform/database/errors';
import { forgetSome } from '../platform/database/forget';
import { Problem } from '../platform/http/problems';
import type { Progress, Sync, SyncError, SyncMode, SyncStatus } from './sync.entity';

const LEASE = "interval '30 seconds'";
const KEPT = "interval '7 days'";

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
  /** When it should have begun. */
  readonly dueAt: Instant;
  /** Deletions are believed, however many there are. */
  readonly force: boolean;
  readonly fence: number;
  /** How often the run was taken up since it last stored a page, this time included. */
  readonly attempts: number;
}
/** What a sync reads. */
export interface SyncSubject {
  readonly tenantId: string;
  readonly vendor: string;
  readonly window: { readonly pastDays: number; readonly futureDays: number };
}
/** A sync to be queued over all tenants. */
export type NewSync = Pick<Sync, 'tenantId' | 'id' | 'connectionId' | 'mode' | 'requested'> & {
  readonly dueAt: Instant;
};
/** Another process has taken the run over: whatever this one still does must not be stored. */
export class LostLease extends Error {}

type Key = Pick<Claim, 'tenantId' | 'id' | 'fence'>;

/** How a sync ended. */
export interface Ending {
  readonly status: SyncStatus;
  readonly errors: readonly SyncError[];
  readonly finishedAt: Instant;
}

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

  /** Whose sync this is, and how its connection is to be read; null where it is gone. */
  async subjectOf(id: string): Promise<SyncSubject | null> {
    const [subject] = await this.database.togetherAsSystem((query) =>
      query<SyncSubject & Record<string, unknown>>({
        name: 'sync_subject',
        text: `select s.tenant_id as "tenantId", c.vendor, c.settings -> 'window' as window
               from syncs s join connections c on c.tenant_id = s.tenant_id and c.id = s.connection_id where s.id = $1`,
        values: [id],
      }),
    );
    return subject ?? null;
  }

  /** Takes a queued run, or one whose holder has died; null where there is nothing to take. */
  async claim(tenantId: string, id: string, window: SyncSubject['window']): Promise<Claim | null> {
    const claiming = this.database.inTenant(tenantId, (query) =>
      query<Record<string, unknown>>({
        text: `update syncs set status = 'running', fence = fence + 1, attempts = attempts + 1, lease_until = now() + ${LEASE},
                 started_at = coalesce(started_at, now()),
                 window_from = coalesce(window_from, now() - make_interval(days => $3)),
                 window_to = coalesce(window_to, now() + make_interval(days => $4))
               where tenant_id = $1 and id = $2 and (status = 'queued' or (status = 'running' and lease_until < now()))
                 and not exists (select from syncs o where o.tenant_id = $1 and o.connection_id = syncs.connection_id
                   and o.status = 'running' and o.id <> $2)
               returning connection_id as "connectionId", mode, requested, progress, errors, force, fence, attempts,
                 coalesce(due_at, created_at) as "dueAt", window_from as "windowFrom", window_to as "windowTo", started_at as "startedAt"`,
        values: [tenantId, id, window.pastDays, window.futureDays],
      }),
    );
    // Another sync of the connection was taken up in the same moment: this one waits behind it.
    const [row] = await claiming.catch((error: unknown) => {
      if (violates(error, 'syncs_one_of_each')) return [];
      throw error;
    });
    return row ? ({ ...row, tenantId, id } as unknown as Claim) : null;
  }

  /** Says that the holder lives. */
  async beat({ tenantId, id, fence }: Key): Promise<void> {
    await this.database.change(tenantId, (query) =>
      query({
        text: `update syncs set lease_until = now() + ${LEASE} where tenant_id = $1 and id = $2 and fence = $3`,
        values: [tenantId, id, fence],
      }),
    );
  }

  /** Puts a run down where it stands: for the next who looks, or for later. */
  async release({ tenantId, id, fence }: Key, laterMs = 0): Promise<void> {
    await this.database.inTenant(tenantId, (query) =>
      query({
        text: `update syncs set lease_until = now() + $4 * interval '1 millisecond'
               where tenant_id = $1 and id = $2 and fence = $3`,
        values: [tenantId, id, fence, laterMs],
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
    const [held] = await query<{ disabled: boolean }>({
      name: 'sync_advance',
      text: `update syncs s set progress = $4, errors = $5, attempts = 0, lease_until = now() + ${LEASE}
             where tenant_id = $1 and id = $2 and fence = $3 and status = 'running'
             returning (select c.disabled from connections c where c.tenant_id = s.tenant_id and c.id = s.connection_id)`,
      values: [tenantId, id, fence, JSON.stringify(progress), JSON.stringify(errors)],
    });
    if (!held) throw new LostLease('another process runs this sync now');
    if (held.disabled) throw new Problem('connection_disabled', 'The connection was switched off meanwhile');
  }

  /** Ends a run; gives the sync that waited behind it, too. */
  async finish(
    query: Query,
    { tenantId, id, fence }: Key,
    { status, errors, finishedAt }: Ending,
  ): Promise<{ next: string | null }> {
    const [row] = await query<{ next: string | null }>({
      text: `update syncs s set status = $4, errors = $5, finished_at = $6, lease_until = null
             where tenant_id = $1 and id = $2 and fence = $3 returning
               (select w.id from syncs w where w.tenant_id = s.tenant_id and w.connection_id = s.connection_id
                  and w.status = 'queued') as next`,
      values: [tenantId, id, fence, status, JSON.stringify(errors), finishedAt],
    });
    if (!row) throw new LostLease('another process runs this sync now');
    return row;
  }

  /** Queues syncs of many connections at once. Where one waits already, it takes on what is asked; gives the ids that now wait. */
  async queue(query: Query, syncs: readonly NewSync[]): Promise<Pick<Sync, 'id'>[]> {
    if (syncs.length === 0) return [];
    return query<Pick<Sync, 'id'>>({
      text: `insert into syncs as s (tenant_id, id, connection_id, mode, requested, due_at)
             select * from unnest($1::uuid[], $2::uuid[], $3::uuid[], $4::text[], $5::jsonb[], $6::timestamptz[])
             on conflict (tenant_id, connection_id, status) where status in ('queued', 'running') do update set
               mode = case when excluded.mode = 'full' then excluded.mode else s.mode end, requested = excluded.requested
             returning s.id`,
      values: [
        syncs.map(({ tenantId }) => tenantId),
        syncs.map(({ id }) => id),
        syncs.map(({ connectionId }) => connectionId),
        syncs.map(({ mode }) => mode),
        syncs.map(({ requested }) => JSON.stringify(requested)),
        syncs.map(({ dueAt }) => dueAt),
      ],
    });
  }

  /** Forgets syncs that ended long ago; says whether there may be more. */
  prune(limit: number): Promise<boolean> {
    const over = { table: 'syncs', where: `finished_at < now() - ${KEPT}`, oldest: 'finished_at' };
    return this.database.asSystem((query) => forgetSome(query, over, limit));
  }

  /** Runs that nobody holds any more: queued ones whose job was lost, running ones whose holder died. */
  async abandoned(): Promise<Pick<Sync, 'id'>[]> {
    return this.database.togetherAsSystem((query) =>
      query<Pick<Sync, 'id'>>({
        text: `select id from syncs
               where (status = 'running' and lease_until < now()) or (status = 'queued' and created_at < now() - interval '10 seconds')`,
        values: [],
      }),
    );
  }
}
