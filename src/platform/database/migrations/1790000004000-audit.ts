import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Every row belongs to the tenant that the transaction names, or the transaction is the system's own. */
const secured = (table: string): string => `
  alter table ${table} enable row level security;
  alter table ${table} force row level security;
  create policy ${table}_tenant on ${table}
    using (tenant_id = (select app_tenant()) or (select app_is_system()));`;

/** Who read or changed which client's data, and how much each key has asked for in its minute. */
export class Audit1790000004000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      -- Ids are UUIDs of version 7: their order is the order of time, and one index serves both.
      create table audit_events (
        tenant_id uuid not null references tenants on delete cascade,
        id uuid not null,
        at timestamptz(3) not null,
        actor_kind text not null check (actor_kind in ('api_key', 'sync', 'operator')),
        actor_id uuid,
        action text not null,
        resource text not null,
        resource_ids uuid[] not null,
        client_ids uuid[] not null,
        connection_id uuid,
        outcome text not null check (outcome in ('done', 'refused', 'unknown')),
        status smallint,
        request_id text,
        detail jsonb not null,
        primary key (tenant_id, id)
      );

      -- In which hours a record appears in the audit. An index into the arrays would do, but row-level security lets PostgreSQL
      -- use none for them; and a row for each record of each page read would be larger than the pages. Some come twice.
      create table audit_subjects (
        tenant_id uuid not null references tenants on delete cascade,
        subject_id uuid not null,
        hour integer not null
      );
      create index audit_subjects_hours on audit_subjects (tenant_id, subject_id, hour);

      -- The smallest id of version 7 that a moment has.
      create function first_id_at(ms bigint) returns uuid language sql immutable parallel safe as $$
        select (lpad(to_hex(ms), 12, '0') || repeat('0', 20))::uuid
      $$;
      create function id_at(at timestamptz) returns uuid language sql volatile parallel safe as $$
        select encode(set_bit(set_bit(overlay(uuid_send(gen_random_uuid()) placing
          substring(int8send((extract(epoch from at) * 1000)::bigint) from 3) from 1 for 6), 52, 1), 53, 1), 'hex')::uuid
      $$;
    `);
    await runner.query(`
      -- Nobody changes the audit and nobody deletes from it, with two exceptions. A tenant that is gone takes its rows along;
      -- and an id that names nothing any more may be taken out, by whom its record's erasure is asked of: the row stays.
      create function keep_audit() returns trigger language plpgsql as $$
        declare
          removed uuid[];
        begin
          if tg_op = 'DELETE' and not exists (select from tenants where id = old.tenant_id) then
            return old;
          end if;
          if tg_op = 'UPDATE' and old.tenant_id = app_tenant()
            and to_jsonb(old) - '{resource_ids,client_ids}'::text[] = to_jsonb(new) - '{resource_ids,client_ids}'::text[]
            and new.resource_ids <@ old.resource_ids and new.client_ids <@ old.client_ids then
            removed := array(select unnest(old.resource_ids || old.client_ids) except select unnest(new.resource_ids || new.client_ids));
            if not exists (select from remote_ids where tenant_id = old.tenant_id and id = any(removed)) then
              return new;
            end if;
          end if;
          raise exception 'the audit is append-only' using errcode = 'insufficient_privilege';
        end $$;
      create function keep_audit_subjects() returns trigger language plpgsql as $$
        begin
          if tg_op = 'DELETE' and (not exists (select from tenants where id = old.tenant_id)
            or old.tenant_id = app_tenant() and not exists (
              select from remote_ids where tenant_id = old.tenant_id and id = old.subject_id)) then
            return old;
          end if;
          raise exception 'the audit is append-only' using errcode = 'insufficient_privilege';
        end $$;
      create function refuse_truncate() returns trigger language plpgsql as $$
        begin
          raise exception 'the audit is append-only' using errcode = 'insufficient_privilege';
        end $$;
      create trigger audit_events_kept before update or delete on audit_events for each row execute function keep_audit();
      create trigger audit_subjects_kept before update or delete on audit_subjects for each row execute function keep_audit_subjects();
      create trigger audit_events_whole before truncate on audit_events for each statement execute function refuse_truncate();
      create trigger audit_subjects_whole before truncate on audit_subjects for each statement execute function refuse_truncate();

      -- For whoever erases a record: call it in the tenant's transaction, after the record's row in remote_ids is deleted.
      create function erase_from_audit(erased uuid) returns void language plpgsql as $$
        begin
          update audit_events e
          set resource_ids = array_remove(e.resource_ids, erased), client_ids = array_remove(e.client_ids, erased)
          from (select distinct hour from audit_subjects where tenant_id = app_tenant() and subject_id = erased) h
          where e.tenant_id = app_tenant() and e.id >= first_id_at(h.hour * 3600000::bigint)
            and e.id < first_id_at((h.hour + 1) * 3600000::bigint) and erased = any(e.resource_ids || e.client_ids);
          delete from audit_subjects where tenant_id = app_tenant() and subject_id = erased;
        end $$;
    `);
    await runner.query(`
      -- A sync leaves a row for each kind of client's data that it has read, in the transaction that ends it.
      create function audit_sync() returns trigger language plpgsql as $$
        begin
          insert into audit_events (tenant_id, id, at, actor_kind, actor_id, action, resource, resource_ids, client_ids,
            connection_id, outcome, detail)
          select new.tenant_id, id_at(new.finished_at), new.finished_at, 'sync', new.id, rtrim(p.key, 's') || '.synced', p.key,
            '{}', '{}', new.connection_id, 'done', jsonb_build_object('mode', new.mode, 'seen', p.value -> 'seen',
              'created', p.value -> 'created', 'updated', p.value -> 'updated', 'deleted', p.value -> 'deleted')
          from jsonb_each(new.progress) p
          where p.key in ('appointments', 'clients')
            and ((p.value ->> 'seen')::integer > 0 or (p.value ->> 'deleted')::integer > 0);
          return null;
        end $$;
      create trigger syncs_audited after update of finished_at on syncs for each row
        when (old.finished_at is null and new.finished_at is not null) execute function audit_sync();

      -- How many requests of a key's minute its processes have put by for it. Not logged: after a crash a minute begins anew.
      create unlogged table caller_allowances (
        tenant_id uuid not null references tenants on delete cascade,
        api_key_id uuid not null,
        ends_at timestamptz(3) not null,
        taken bigint not null,
        granted bigint not null,
        primary key (tenant_id, api_key_id)
      ) with (fillfactor = 50);
    `);
    for (const table of ['audit_events', 'audit_subjects', 'caller_allowances'])
      await runner.query(secured(table));
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query(`
      drop table caller_allowances;
      drop trigger syncs_audited on syncs;
      drop table audit_subjects, audit_events;
      drop function audit_sync(), erase_from_audit(uuid), keep_audit(), keep_audit_subjects(), refuse_truncate(),
        id_at(timestamptz), first_id_at(bigint);
    `);
  }
}
