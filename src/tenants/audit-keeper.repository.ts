import type { Database } from '../platform/database/database';

const AT_ONCE = 250;

/** Lets go of what the audit has kept for long enough. */
export class AuditKeeperRepository {
  constructor(private readonly database: Database) {}

  /** Removes some of what is older than so many days, of every tenant, whole hours only; how many rows of the audit went. */
  async sweep(days: number): Promise<number> {
    const [row] = await this.database.asSystem(async (query) => {
      query.later({
        text: `select set_config('app.audit_from', date_trunc('hour', now() - make_interval(days => $1))::text, true)`,
        values: [days],
      });
      return query<{ swept: number }>({ text: SWEEP, values: [] });
    });
    return row?.swept ?? 0;
  }
}

const FROM = "current_setting('app.audit_from')::timestamptz";

/**
 * A tenant's oldest rows are its first, and where the very first is not too old, no other is looked at. The hours in which
 * their records appear go with them, each looked up by the index: a join would be planned as a walk through all of them.
 */
const SWEEP = `
  with old as materialized (
    select v.* from tenants t cross join lateral (
      select tenant_id, id, at, resource_ids || client_ids as subjects, floor(extract(epoch from at) / 3600)::integer as hour
      from audit_events where tenant_id = t.id order by id limit ${String(AT_ONCE)}
    ) v where v.at < ${FROM}
      and (select at from audit_events where tenant_id = t.id order by id limit 1) < ${FROM}
    limit ${String(AT_ONCE)}
  ), forgotten as (
    delete from audit_subjects where ctid = any(array(
      select held.ctid from (select distinct tenant_id, unnest(subjects) as subject_id, hour from old) o cross join lateral (
        select s.ctid from audit_subjects s
        where s.tenant_id = o.tenant_id and s.subject_id = o.subject_id and s.hour = o.hour offset 0
      ) held))
  ), swept as (
    delete from audit_events where ctid = any(array(
      select held.ctid from old o cross join lateral (
        select e.ctid from audit_events e where e.tenant_id = o.tenant_id and e.id = o.id offset 0
      ) held)) returning id
  )
  select count(*) as swept from swept`;
