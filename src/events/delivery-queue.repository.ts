import { bulkhead } from 'cockatiel';
import type { Database, Query } from '../platform/database/database';
import type { EndpointError, DisabledReason } from './webhook-endpoint.entity';
import { EVENT_COLUMNS, type Payload, type StoredEvent } from './event-text';
import type { SealedSecrets } from './webhook-secrets';

/** Kept up while a try lasts: what a holder that died had in its hands is taken up again after that. */
export const LEASE_MS = 8_000;
const LEASE = `interval '${String(LEASE_MS)} milliseconds'`;
/** A lease that ends sooner is renewed, so that a receiver who answers at once costs no renewal. */
const RENEWED_BEFORE = `interval '${String(LEASE_MS / 2)} milliseconds'`;
const HANDED_OVER_AT_ONCE = 1_000;
/** So many deliveries wait for one endpoint at most; the rest stays in the feed until there is room. */
const MOST_WAITING = 5_000;
const MOST_IN_FLIGHT = 8;
/** However many endpoints there are, callers' requests need the database's connections more. */
const TURNS_AT_ONCE = 4;

export interface EndpointKey {
  readonly tenantId: string;
  readonly id: string;
}
/** A delivery that this process may try now, with all that it says. */
export interface Claim extends Omit<StoredEvent, 'id'> {
  readonly deliveryId: string;
  readonly eventId: string;
  readonly fence: number;
  readonly attempts: number;
  readonly elapsedMs: number;
  readonly payload: Payload;
}
/** What became of a claim. */
export interface Settled {
  readonly deliveryId: string;
  readonly fence: number;
  readonly status: 'delivered' | 'pending' | 'failed';
  readonly pauseMs: number | null;
  readonly responseStatus: number | null;
  readonly error: string | null;
}
/** What a batch of tries says of their endpoint. */
export interface EndpointNews {
  readonly delivered: boolean;
  readonly error: Omit<EndpointError, 'at'> | null;
  readonly disable: DisabledReason | null;
}
/** What a courier has to say of its claims, and whether it takes new ones. */
export interface Report {
  readonly settled: readonly Settled[];
  readonly news: EndpointNews;
  /** Those that are still being tried. */
  readonly underWay: readonly Pick<Claim, 'deliveryId' | 'fence'>[];
  readonly mayClaim: boolean;
}
/** An endpoint and what is to be sent to it now. */
export interface Held extends SealedSecrets {
  readonly url: string;
  /** From when on its claims are held, by this process's clock. */
  readonly since: number;
  readonly claims: readonly Claim[];
}
interface EndpointRow extends SealedSecrets {
  readonly url: string;
  readonly enabled: boolean;
  readonly room: number;
}
type Row<T> = T & Record<string, unknown>;

/** Deliveries between the feed and the endpoints: who tries which, in what order, and when again. */
export class DeliveryQueueRepository {
  private readonly turns = bulkhead(TURNS_AT_ONCE, Infinity);

  constructor(private readonly database: Database) {}

  /** The endpoints that something waits for. */
  async due(): Promise<EndpointKey[]> {
    return this.database.togetherAsSystem((query) =>
      query<Row<EndpointKey>>({
        name: 'webhook_endpoints_due',
        text: `select e.tenant_id as "tenantId", e.id from webhook_endpoints e where e.enabled and (
                 exists (select from webhook_deliveries d where d.tenant_id = e.tenant_id and d.endpoint_id = e.id
                   and d.status = 'pending' and d.next_attempt_at <= now() and coalesce(d.lease_until <= now(), true))
                 or exists (select from events v where v.tenant_id = e.tenant_id and v.seq > e.last_seq))`,
        values: [],
      }),
    );
  }

  /** Notes what came of earlier claims and makes new ones; null where the endpoint is gone. */
  turn(endpoint: EndpointKey, { settled, news, underWay, mayClaim }: Report): Promise<Held | null> {
    return this.turns.execute(() => {
      const since = performance.now();
      return this.database.inTenant(endpoint.tenantId, async (query) => {
        // Its row is the turnstile: replicas that serve the same endpoint take turns, so its limit holds for all together.
        const held = await query({ ...LOCK, values: [endpoint.tenantId, endpoint.id] });
        if (held.length === 0) return null;
        if (settled.length > 0) {
          await settle(query, endpoint, settled);
          await note(query, endpoint, news);
        }
        if (underWay.length > 0) keepUp(query, endpoint, underWay);
        const [row] = await query<Row<EndpointRow>>({ ...LOOK, values: [endpoint.tenantId, endpoint.id] });
        if (!row) return null;
        const claims = mayClaim && row.enabled && row.room > 0 ? await claim(query, endpoint, row.room) : [];
        return { url: row.url, secret: row.secret, previousSecret: row.previousSecret, since, claims };
      });
    });
  }
}

const LOCK = {
  name: 'webhook_endpoint_lock',
  text: 'select id from webhook_endpoints where tenant_id = $1 and id = $2 for update',
};

/** The endpoint, and how many more deliveries may be on their way to it. */
const LOOK = {
  name: 'webhook_endpoint_look',
  text: `select e.url, e.enabled, e.secret,
           case when e.previous_secret_until > now() then e.previous_secret end as "previousSecret",
           case when e.failing_since is null then ${String(MOST_IN_FLIGHT)} else 1 end - (
             select count(*) from webhook_deliveries d where d.tenant_id = e.tenant_id and d.endpoint_id = e.id
               and d.status = 'pending' and d.lease_until > now()) as room
         from webhook_endpoints e where e.tenant_id = $1 and e.id = $2`,
};

/** Claims what is due; where that is less than there is room for, more of the feed is handed over first. */
async function claim(query: Query, endpoint: EndpointKey, room: number): Promise<Claim[]> {
  const claims = await claimDue(query, endpoint, room);
  while (claims.length < room) {
    const { scanned, added } = await handOver(query, endpoint);
    if (added > 0) claims.push(...(await claimDue(query, endpoint, room - claims.length)));
    if (scanned < HANDED_OVER_AT_ONCE) break;
  }
  return claims;
}

/**
 * The oldest undelivered event of each record, and never a younger one of the same before it: asked of one row after the
 * other, in the order of the index, until there is room for no more. As a join it would read all that waits, squared.
 */
const claimDue = (query: Query, { tenantId, id }: EndpointKey, room: number): Promise<Row<Claim>[]> =>
  query<Row<Claim>>({
    name: 'webhook_deliveries_claim',
    text: `with ready as (
             select d.seq from webhook_deliveries d
             where d.tenant_id = $1 and d.endpoint_id = $2 and d.status = 'pending' and d.next_attempt_at <= now()
               and coalesce(d.lease_until <= now(), true)
               and d.seq = (select o.seq from webhook_deliveries o where o.tenant_id = $1 and o.endpoint_id = $2
                 and o.status = 'pending' and o.resource_id = d.resource_id order by o.seq limit 1)
             order by d.next_attempt_at, d.seq limit $3
           )
           update webhook_deliveries d set lease_until = now() + ${LEASE}, fence = d.fence + 1,
             first_attempt_at = coalesce(d.first_attempt_at, now())
           from ready, events v
           where d.tenant_id = $1 and d.endpoint_id = $2 and d.seq = ready.seq and v.tenant_id = $1 and v.seq = ready.seq
           returning d.id as "deliveryId", d.fence, d.attempts, d.payload, ${EVENT_COLUMNS.replace('v.id as "id"', 'v.id as "eventId"')},
             extract(epoch from now() - d.first_attempt_at)::float8 * 1000 as "elapsedMs"`,
    values: [tenantId, id, room],
  });

/** Hands the next part of the feed over: what the endpoint asked for becomes deliveries, all of it is done with. */
async function handOver(
  query: Query,
  { tenantId, id }: EndpointKey,
): Promise<{ scanned: number; added: number }> {
  const [row] = await query<{ scanned: number; added: number }>({
    name: 'webhook_events_hand_over',
    text: `with e as (
             select * from webhook_endpoints where tenant_id = $1 and id = $2
               and (select count(*) from webhook_deliveries where tenant_id = $1 and endpoint_id = $2 and status = 'pending')
                 < ${String(MOST_WAITING)}
           ), next as materialized (
             select v.seq, v.type, v.resource_id from events v
             where v.tenant_id = $1 and v.seq > (select last_seq from e)
             order by v.seq limit ${String(HANDED_OVER_AT_ONCE)}
           ), moved as (
             update webhook_endpoints set last_seq = (select max(seq) from next)
             where tenant_id = $1 and id = $2 and exists (select from next)
           ), added as (
             insert into webhook_deliveries (tenant_id, endpoint_id, seq, resource_id, payload)
             select $1, $2, next.seq, next.resource_id, e.payload from next, e
             where array['*', next.type, split_part(next.type, '.', 1) || '.*'] && e.event_types
             returning seq
           )
           select (select count(*) from next) as scanned, (select count(*) from added) as added`,
    values: [tenantId, id],
  });
  return row ?? { scanned: 0, added: 0 };
}

/** Says that these are still being tried. */
function keepUp(query: Query, { tenantId, id }: EndpointKey, claims: Report['underWay']): void {
  query.later({
    name: 'webhook_deliveries_keep_up',
    text: `update webhook_deliveries d set lease_until = now() + ${LEASE}
           from unnest($3::uuid[], $4::int[]) as s (id, fence)
           where d.tenant_id = $1 and d.endpoint_id = $2 and d.id = s.id and d.fence = s.fence and d.status = 'pending'
             and d.lease_until < now() + ${RENEWED_BEFORE}`,
    values: [tenantId, id, claims.map(({ deliveryId }) => deliveryId), claims.map(({ fence }) => fence)],
  });
}

async function settle(
  query: Query,
  { tenantId, id }: EndpointKey,
  settled: readonly Settled[],
): Promise<void> {
  await query({
    name: 'webhook_deliveries_settle',
    text: `update webhook_deliveries d set status = s.status, attempts = d.attempts + 1, last_attempt_at = now(), lease_until = null,
             next_attempt_at = case when s.status = 'pending' then now() + s.pause_ms * interval '1 millisecond' end,
             response_status = s.response_status, error = s.error,
             delivered_at = case when s.status = 'delivered' then now() end
           from unnest($3::uuid[], $4::int[], $5::text[], $6::float8[], $7::int[], $8::text[])
             as s (id, fence, status, pause_ms, response_status, error)
           where d.tenant_id = $1 and d.endpoint_id = $2 and d.id = s.id and d.fence = s.fence and d.status = 'pending'`,
    values: [
      tenantId,
      id,
      settled.map((one) => one.deliveryId),
      settled.map(({ fence }) => fence),
      settled.map(({ status }) => status),
      settled.map(({ pauseMs }) => pauseMs),
      settled.map(({ responseStatus }) => responseStatus),
      settled.map(({ error }) => error),
    ],
  });
}

/** Being switched off is a change of the endpoint's; how its deliveries fare is none, so the version stays. */
async function note(query: Query, { tenantId, id }: EndpointKey, news: EndpointNews): Promise<void> {
  await query({
    name: 'webhook_endpoint_note',
    text: `update webhook_endpoints set
             last_delivery_at = case when $3 then now() else last_delivery_at end,
             failing_since = case when $3 then null else coalesce(failing_since, now()) end,
             last_error = case when $4::jsonb is null then last_error
               else $4::jsonb || jsonb_build_object('at', instant_text(now())) end,
             enabled = enabled and $5::text is null,
             disabled_reason = case when enabled then $5::text else disabled_reason end,
             version = version + case when enabled and $5::text is not null then 1 else 0 end,
             updated_at = case when enabled and $5::text is not null then now() else updated_at end
           where tenant_id = $1 and id = $2`,
    values: [tenantId, id, news.delivered, news.error && JSON.stringify(news.error), news.disable],
  });
}
