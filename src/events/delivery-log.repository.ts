import type { Instant } from '../canonical/values';
import type { Database, Entities } from '../platform/database/database';

export const DELIVERY_STATUSES = ['pending', 'delivered', 'failed'] as const;
export type DeliveryStatus = (typeof DELIVERY_STATUSES)[number];

/** A delivery as its endpoint's owner sees it. Nothing that a receiver said is in it but its status. */
export interface ShownDelivery {
  readonly id: string;
  readonly endpointId: string;
  readonly eventId: string;
  readonly eventType: string;
  readonly resourceId: string;
  readonly status: DeliveryStatus;
  readonly attempts: number;
  readonly responseStatus: number | null;
  readonly error: string | null;
  readonly createdAt: Instant;
  readonly lastAttemptAt: Instant | null;
  readonly nextAttemptAt: Instant | null;
  readonly deliveredAt: Instant | null;
}
type Row = ShownDelivery & { readonly seq: number } & Record<string, unknown>;

const SHOWN = `d.seq, d.id, d.endpoint_id as "endpointId", v.id as "eventId", v.type as "eventType", d.resource_id as "resourceId",
  d.status, d.attempts, d.response_status as "responseStatus", d.error, d.created_at as "createdAt",
  d.last_attempt_at as "lastAttemptAt", d.next_attempt_at as "nextAttemptAt", d.delivered_at as "deliveredAt"`;
const FROM = 'from webhook_deliveries d join events v on v.tenant_id = d.tenant_id and v.seq = d.seq';

/** What has been sent where, and what came of it. */
export class DeliveryLogRepository {
  constructor(private readonly database: Database) {}

  /** A page of an endpoint's deliveries, those of the latest events first. */
  async page(
    tenantId: string,
    endpointId: string,
    { status, before, limit }: { status: readonly string[] | null; before: number | null; limit: number },
  ): Promise<{ rows: ShownDelivery[]; last: number | null }> {
    const found = await this.database.read<Row>(tenantId, {
      name: 'webhook_deliveries_page',
      text: `select ${SHOWN} ${FROM} where d.tenant_id = $1 and d.endpoint_id = $2 and d.seq < $3
               and ($4::text[] is null or d.status = any($4)) order by d.seq desc limit $5`,
      values: [tenantId, endpointId, before ?? Number.MAX_SAFE_INTEGER, status, limit + 1],
    });
    const rows = found.slice(0, limit);
    return { rows: rows.map(shown), last: found.length > limit ? (rows.at(-1)?.seq ?? null) : null };
  }

  async one(tenantId: string, endpointId: string, id: string): Promise<ShownDelivery | null> {
    const [row] = await this.database.read<Row>(tenantId, {
      text: `select ${SHOWN} ${FROM} where d.tenant_id = $1 and d.endpoint_id = $2 and d.id = $3`,
      values: [tenantId, endpointId, id],
    });
    return row ? shown(row) : null;
  }

  /** Starts a delivery over, whatever became of it. One that is on its way just now is left to its try. */
  async again(tenantId: string, endpointId: string, id: string): Promise<void> {
    await this.database.inTenant(tenantId, (query) =>
      query({
        text: `update webhook_deliveries set status = 'pending', attempts = 0, first_attempt_at = null, next_attempt_at = now(),
                 lease_until = null, fence = fence + 1, delivered_at = null
               where tenant_id = $1 and endpoint_id = $2 and id = $3
                 and (status <> 'pending' or coalesce(lease_until <= now(), true))`,
        values: [tenantId, endpointId, id],
      }),
    );
  }
}

/** Gives what waits for an endpoint its three days again, from now on: it was switched off meanwhile. */
export async function restartWaiting(manager: Entities, tenantId: string, endpointId: string): Promise<void> {
  await manager.query(
    `update webhook_deliveries set attempts = 0, first_attempt_at = null, next_attempt_at = now()
     where tenant_id = $1 and endpoint_id = $2 and status = 'pending'`,
    [tenantId, endpointId],
  );
}

/** Where a tenant's feed stands: an endpoint that is made now gets what happens from here on. */
export async function feedPlace(manager: Entities, tenantId: string): Promise<number> {
  const [row] = await manager.query<{ seq: number }[]>(
    'select seq from events where tenant_id = $1 order by seq desc limit 1',
    [tenantId],
  );
  return row?.seq ?? 0;
}

const shown = ({ seq: _place, ...delivery }: Row): ShownDelivery => delivery;
