import type { Instant } from '../canonical/values';
import type { Query } from '../platform/database/database';
import type { Claim } from './syncs.repository';

/** A connection whose next sync is due. */
export interface DueSync {
  readonly tenantId: string;
  readonly connectionId: string;
  readonly vendor: string;
  readonly dueAt: Instant;
  readonly isFull: boolean;
  /** A sync of it runs now. */
  readonly isRunning: boolean;
}
/** How a sync ended, as far as the next one hangs on it. */
export interface Ending {
  readonly isGood: boolean;
  /** The credentials are refused: trying on would lock the account. */
  readonly isLockedOut: boolean;
}
type Named = Pick<Claim, 'tenantId' | 'connectionId'>;

const FULL_SCAN_EVERY = "interval '1 day'";
const LONGEST_BACKOFF = "interval '1 hour'";
const LOOK_AGAIN_SECONDS = 5;
const AFTER_A_WRITE = "interval '30 seconds'";
/** Connections that were made together shall not be read together for ever. */
const JITTER = '(0.9 + random() * 0.2)';
const INTERVAL = "s.interval_seconds * interval '1 second'";

/** When each connection is read next: one indexed look over all tenants, never a timer for each. */
export class SchedulesRepository {
  /** Takes connections that are due and that no other process is looking at. */
  due(query: Query, limit: number): Promise<DueSync[]> {
    return query<DueSync & Record<string, unknown>>({
      name: 'schedules_due',
      text: `select s.tenant_id as "tenantId", s.connection_id as "connectionId", c.vendor, s.next_sync_at as "dueAt",
               s.next_full_at <= now() as "isFull",
               exists (select from syncs y where y.tenant_id = s.tenant_id and y.connection_id = s.connection_id
                 and y.status = 'running') as "isRunning"
             from sync_schedules s join connections c on c.tenant_id = s.tenant_id and c.id = s.connection_id
             where s.next_sync_at <= now() order by s.next_sync_at limit $1 for update of s skip locked`,
      values: [limit],
    });
  }

  /** Notes when to look again, should the sync that was asked for never end: while one runs, soon. */
  async postpone(query: Query, due: readonly DueSync[]): Promise<void> {
    await query({
      name: 'schedules_postpone',
      text: `update sync_schedules s set next_sync_at = now() + case when d.is_running
               then least(s.interval_seconds, ${String(LOOK_AGAIN_SECONDS)}) else s.interval_seconds end * interval '1 second'
             from unnest($1::uuid[], $2::uuid[], $3::boolean[]) as d (tenant_id, connection_id, is_running)
             where s.tenant_id = d.tenant_id and s.connection_id = d.connection_id`,
      values: [
        due.map(({ tenantId }) => tenantId),
        due.map(({ connectionId }) => connectionId),
        due.map(({ isRunning }) => isRunning),
      ],
    });
  }

  /** A full scan begins: the next is a day away, unless somebody asks for one meanwhile. */
  async fullScanBegins(query: Query, { tenantId, connectionId }: Named): Promise<void> {
    await query({
      text: `update sync_schedules set next_full_at = now() + ${FULL_SCAN_EVERY} * ${JITTER}
             where tenant_id = $1 and connection_id = $2`,
      values: [tenantId, connectionId],
    });
  }

  /** Plans the next sync: after the interval, at once where a full one was asked for meanwhile, later and later after failures. */
  async plan(query: Query, claim: Named & Pick<Claim, 'mode'>, ending: Ending): Promise<void> {
    const { isGood, isLockedOut } = ending;
    await query({
      name: 'schedules_plan',
      text: `update sync_schedules s set
               failures = case when $3 then 0 else s.failures + 1 end,
               next_full_at = case when $5 and not $3 then least(s.next_full_at, now()) else s.next_full_at end,
               next_sync_at = case
                 when not s.enabled or $4 then null
                 when $3 and s.next_full_at <= now() then now()
                 when $3 then now() + ${INTERVAL} * ${JITTER}
                 else now() + least(greatest(${LONGEST_BACKOFF}, ${INTERVAL}), ${INTERVAL} * (2 ^ least(s.failures, 12))) * ${JITTER}
               end
             where s.tenant_id = $1 and s.connection_id = $2`,
      values: [claim.tenantId, claim.connectionId, isGood, isLockedOut, claim.mode === 'full'],
    });
  }

  /** The vendor may have changed more than a write's answer tells: the next sync comes soon, if it is not due sooner. */
  async afterWrite(query: Query, { tenantId, connectionId }: Named): Promise<void> {
    await query({
      name: 'schedules_after_write',
      text: `update sync_schedules set next_sync_at = now() + ${AFTER_A_WRITE}
             where tenant_id = $1 and connection_id = $2 and next_sync_at > now() + ${AFTER_A_WRITE}`,
      values: [tenantId, connectionId],
    });
  }
}
