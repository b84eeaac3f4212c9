import type { Database } from '../platform/database/database';

const AT_ONCE = 1_000;

/** Keeps the feed in bounds, and counts it. */
export class FeedKeeperRepository {
  constructor(private readonly database: Database) {}

  /** Removes some of what is too old, of every tenant; how many events went. Their deliveries go with them. */
  async sweep(retentionDays: number): Promise<number> {
    const [row] = await this.database.asSystem((query) =>
      query<{ swept: number }>({
        // A tenant's oldest events are its first: where the very first is not too old, no other is looked at.
        text: `with old as (
                 select v.tenant_id, v.seq from tenants t cross join lateral (
                   select tenant_id, seq, occurred_at from events where tenant_id = t.id order by seq limit ${String(AT_ONCE)}
                 ) v where v.occurred_at < now() - make_interval(days => $1)
                   and (select occurred_at from events where tenant_id = t.id order by seq limit 1) < now() - make_interval(days => $1)
                 limit ${String(AT_ONCE)}
               ), swept as (
                 delete from events v using old where v.tenant_id = old.tenant_id and v.seq = old.seq returning v.seq
               )
               select count(*) as swept from swept`,
        values: [retentionDays],
      }),
    );
    return row?.swept ?? 0;
  }

  /** Secrets that sign no longer are not kept. */
  async forgetOldSecrets(): Promise<void> {
    await this.database.asSystem((query) =>
      query({
        text: `update webhook_endpoints set previous_secret = null, previous_secret_until = null where previous_secret_until < now()`,
        values: [],
      }),
    );
  }

  /** How many events there have been, and how long the oldest that an endpoint waits for has waited. */
  async figures(): Promise<{ written: number; oldestSeconds: number }> {
    const [row] = await this.database.asSystem((query) =>
      query<{ written: number; oldestSeconds: number }>({
        text: `select coalesce(pg_sequence_last_value(pg_get_serial_sequence('events', 'seq')::regclass), 0) as written,
                 (select coalesce(extract(epoch from now() - min(d.created_at)), 0)::float8
                  from webhook_deliveries d join webhook_endpoints e on e.tenant_id = d.tenant_id and e.id = d.endpoint_id
                  where d.status = 'pending' and e.enabled) as "oldestSeconds"`,
        values: [],
      }),
    );
    return row ?? { written: 0, oldestSeconds: 0 };
  }
}
