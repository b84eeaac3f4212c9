import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Every row belongs to the tenant that the transaction names, or the transaction is the system's own. */
const secured = (table: string): string => `
  alter table ${table} enable row level security;
  alter table ${table} force row level security;
  create policy ${table}_tenant on ${table}
    using (tenant_id = (select app_tenant()) or (select app_is_system()));`;

/** Rows that are no tenant's: the gateway's own, and nobody's through a tenant's transaction. */
const ownOnly = (table: string): string => `
  alter table ${table} enable row level security;
  alter table ${table} force row level security;
  create policy ${table}_system on ${table} using ((select app_is_system()));`;

/** The vendors' limits, kept by all replicas together. */
const LIMITS = `
  create table vendor_limits (
    key text primary key,
    -- When the next call would be due if every call had kept its distance; in the past where calls are in hand.
    next_at timestamptz not null default 'epoch',
    paused_until timestamptz,
    -- Who last found no free slot for background work, so that those who hold them let go now and then.
    waited_by uuid,
    waited_at timestamptz
  ) with (fillfactor = 50);
  create table vendor_slots (
    key text not null references vendor_limits on delete cascade,
    slot integer not null,
    holder uuid not null,
    lease_until timestamptz not null,
    fence bigint not null default 1,
    primary key (key, slot)
  ) with (fillfactor = 50);

  -- Lets as many of the calls asked for begin as the limit allows now, each with a slot; the row's lock makes replicas take turns.
  -- gap: seconds from call to call; burst: calls that may come at once; the background's share of it is smaller.
  create function admit_vendor_calls(
    limit_key text, asking uuid, users integer, background integer, extra integer, gap double precision,
    burst double precision, background_burst double precision, most integer, idle integer[], lease interval
  ) returns table (
    users_let integer, background_let integer, extra_let integer, kept integer[], claimed integer[], fences bigint[],
    users_wait double precision, background_wait double precision, has_rival boolean
  ) language plpgsql as $$
    declare
      bucket vendor_limits;
      moment timestamptz;
      since double precision;
      free integer;
      kept_for_users integer := case when most > 1 then 1 else 0 end;
      needed integer;
    begin
      loop
        select * into bucket from vendor_limits v where v.key = limit_key for update;
        exit when found;
        delete from vendor_limits v where v.next_at < now() - interval '30 days';
        insert into vendor_limits (key) values (limit_key) on conflict do nothing;
      end loop;
      moment := clock_timestamp();
      users_let := 0; background_let := 0; extra_let := 0; claimed := '{}'; fences := '{}';
      has_rival := coalesce(bucket.waited_by <> asking and bucket.waited_at > moment - interval '1 second', false);
      kept := array(select s.slot from vendor_slots s where s.key = limit_key and s.holder = asking
                      and s.slot = any(idle) and s.lease_until > moment);
      if bucket.paused_until > moment then
        users_wait := extract(epoch from bucket.paused_until - moment);
        background_wait := users_wait;
        return next;
        return;
      end if;

      select most - count(*) into free from vendor_slots s
        where s.key = limit_key and s.lease_until > moment and s.slot <> all(kept);
      -- Seconds since the next call became due; calls in hand are never more than the burst.
      since := extract(epoch from moment - bucket.next_at);
      users_let := greatest(0, least(users, free, case when gap = 0 then users
        else least(ceil(burst), floor(since / gap + burst)) end));
      if users_let > 0 then since := least(since, 0) - users_let * gap; end if;
      background_let := greatest(0, least(background, free - users_let - kept_for_users, case when gap = 0 then background
        else least(ceil(background_burst), floor(since / gap + background_burst)) end));
      if background_let > 0 then since := least(since, 0) - background_let * gap; end if;
      needed := users_let + background_let;
      if needed > 0 and gap > 0 then
        extra_let := greatest(0, least(extra, floor(since / gap + background_burst)));
        since := since - extra_let * gap;
      end if;
      users_wait := greatest(0, gap * (1 - burst) - since);
      background_wait := greatest(0, gap * (1 - background_burst) - since);

      if needed > 0 then
        update vendor_limits v set next_at = greatest(v.next_at, moment) + (needed + extra_let) * gap * interval '1 second',
            waited_by = case when background_let > 0 and v.waited_by = asking then null else v.waited_by end
          where v.key = limit_key;
        update vendor_slots s set lease_until = moment + lease
          where s.key = limit_key and s.slot = any(kept) and s.lease_until < moment + lease / 2;
        needed := needed - cardinality(kept);
      end if;
      if needed > 0 then
        with taken as (
          insert into vendor_slots as s (key, slot, holder, lease_until)
          select limit_key, n, asking, moment + lease from generate_series(1, most) n
          where not exists (select from vendor_slots o where o.key = limit_key and o.slot = n and o.lease_until > moment)
          limit needed
          on conflict (key, slot) do update
            set holder = excluded.holder, lease_until = excluded.lease_until, fence = s.fence + 1
          returning s.slot, s.fence
        ) select array_agg(t.slot), array_agg(t.fence) into claimed, fences from taken t;
      end if;
      if background > background_let and background_wait = 0 and not has_rival then
        update vendor_limits v set waited_by = asking, waited_at = moment where v.key = limit_key;
      end if;
      return next;
    end $$;`;

/** When each connection is read next. A trigger writes it with the connection itself, so that no connection is forgotten. */
const SCHEDULES = `
  create table sync_schedules (
    tenant_id uuid not null,
    connection_id uuid not null,
    enabled boolean not null,
    interval_seconds integer not null,
    next_sync_at timestamptz(3),
    next_full_at timestamptz(3) not null default now(),
    failures integer not null default 0,
    primary key (tenant_id, connection_id),
    foreign key (tenant_id, connection_id) references connections (tenant_id, id) on delete cascade
  ) with (fillfactor = 70);
  create index sync_schedules_due on sync_schedules (next_sync_at) where next_sync_at is not null;

  create function schedule_connection() returns trigger language plpgsql as $$
    declare
      is_on boolean := not new.disabled and coalesce((new.settings -> 'sync' ->> 'enabled')::boolean, true);
      seconds integer := coalesce((new.settings -> 'sync' ->> 'intervalSeconds')::integer, 300);
      is_other boolean := tg_op = 'INSERT' or new.credentials_updated_at <> old.credentials_updated_at
        or new.settings - 'sync' <> old.settings - 'sync';
      -- Whoever changes a connection asks for its sync at once; this is for the case that they die before.
      at_latest timestamptz := now() + least(seconds, 10) * interval '1 second';
    begin
      insert into sync_schedules as s (tenant_id, connection_id, enabled, interval_seconds, next_sync_at)
      values (new.tenant_id, new.id, is_on, seconds, case when is_on then at_latest end)
      on conflict (tenant_id, connection_id) do update set
        enabled = is_on,
        interval_seconds = seconds,
        next_sync_at = case when not is_on then null
          when is_other or not s.enabled then at_latest
          else least(s.next_sync_at, now() + seconds * interval '1 second') end,
        next_full_at = case when is_other or (is_on and not s.enabled) then now() else s.next_full_at end,
        failures = case when is_other or not s.enabled then 0 else s.failures end;
      return null;
    end $$;
  create trigger connections_schedule after insert or update of settings, credentials_updated_at, disabled on connections
    for each row execute function schedule_connection();

  -- How far each resource was read: what an incremental sync goes back to, and where the last full scan's window ended.
  create table sync_cursors (
    tenant_id uuid not null,
    connection_id uuid not null,
    resource text not null,
    read_at timestamptz(3) not null,
    scanned_to timestamptz(3),
    primary key (tenant_id, connection_id, resource),
    foreign key (tenant_id, connection_id) references connections (tenant_id, id) on delete cascade
  );

  alter table syncs
    add force boolean not null default false,
    -- How often the run was taken up since it last stored a page.
    add attempts integer not null default 0,
    add due_at timestamptz(3);
  create index syncs_finished on syncs (finished_at) where finished_at is not null;`;

/** What connections that are there already need. */
const BACKFILL = `
  insert into sync_schedules (tenant_id, connection_id, enabled, interval_seconds, next_sync_at)
  select c.tenant_id, c.id, s.is_on, s.seconds, case when s.is_on then now() + random() * s.seconds * interval '1 second' end
  from connections c cross join lateral (
    select not c.disabled and coalesce((c.settings -> 'sync' ->> 'enabled')::boolean, true) as is_on,
      coalesce((c.settings -> 'sync' ->> 'intervalSeconds')::integer, 300) as seconds
  ) s;
  insert into sync_cursors (tenant_id, connection_id, resource, read_at, scanned_to)
  select s.tenant_id, s.connection_id, p.key, max(s.started_at), max(s.window_to) filter (where s.mode = 'full')
  from syncs s cross join lateral jsonb_each(s.progress) p
  where s.finished_at is not null and p.value ->> 'state' = 'done'
  group by s.tenant_id, s.connection_id, p.key;`;

/** Limits that all replicas share, schedules of syncs, and how far each resource was read. */
export class Limits1790000003000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query(LIMITS);
    await runner.query(SCHEDULES);
    for (const table of ['vendor_limits', 'vendor_slots']) await runner.query(ownOnly(table));
    for (const table of ['sync_schedules', 'sync_cursors']) await runner.query(secured(table));
    await runner.query("select set_config('app.scope', 'system', true)");
    await runner.query(BACKFILL);
    await runner.query("select set_config('app.scope', '', true)");
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query(`
      drop trigger connections_schedule on connections;
      drop function schedule_connection();
      drop index syncs_finished;
      alter table syncs drop force, drop attempts, drop due_at;
      drop table sync_cursors, sync_schedules;
      drop function admit_vendor_calls;
      drop table vendor_slots, vendor_limits;
    `);
  }
}
