import type { MigrationInterface, QueryRunner } from 'typeorm';

/** The vendor's id of an erased record may be taken out of the path of what was asked past the model: the row stays. */
const PATHS = `
          if tg_op = 'UPDATE' and old.tenant_id = app_tenant() and coalesce(current_setting('app.erased_name', true), '') <> ''
            and to_jsonb(old) - 'detail' = to_jsonb(new) - 'detail'
            and new.detail = jsonb_set(old.detail, '{path}', to_jsonb(path_without(old.detail ->> 'path', current_setting('app.erased_name')))) then
            return new;
          end if;`;

/** Who may change the audit: see the migration that made it. */
const keepAudit = (more: string): string => `
      create or replace function keep_audit() returns trigger language plpgsql as $$
        declare
          removed uuid[];
        begin
          if tg_op = 'DELETE' and not exists (select from tenants where id = old.tenant_id) then
            return old;
          end if;${more}
          if tg_op = 'UPDATE' and old.tenant_id = app_tenant()
            and to_jsonb(old) - '{resource_ids,client_ids}'::text[] = to_jsonb(new) - '{resource_ids,client_ids}'::text[]
            and new.resource_ids <@ old.resource_ids and new.client_ids <@ old.client_ids then
            removed := array(select unnest(old.resource_ids || old.client_ids) except select unnest(new.resource_ids || new.client_ids));
            if not exists (select from remote_ids where tenant_id = old.tenant_id and id = any(removed)) then
              return new;
            end if;
          end if;
          raise exception 'the audit is append-only' using errcode = 'insufficient_privilege';
        end $$;`;

/** What was erased, so that no sync brings it back while the vendor still holds it. */
export class Erasures1790000007000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      -- A hash of the vendor's name for the record, salted with the connection's id: it says of a record that is met again
      -- that it was erased, and names nobody to whoever reads it. It goes with the connection.
      create table erased_records (
        tenant_id uuid not null,
        connection_id uuid not null,
        name_hash bytea not null,
        erased_at timestamptz(3) not null default now(),
        primary key (tenant_id, connection_id, name_hash),
        foreign key (tenant_id, connection_id) references connections (tenant_id, id) on delete cascade
      );
      alter table erased_records enable row level security;
      alter table erased_records force row level security;
      create policy erased_records_tenant on erased_records
        using (tenant_id = (select app_tenant()) or (select app_is_system()));
    `);
    await runner.query(`
      -- A path of the audit without an id that stands in it: as a segment, or behind the colon of one.
      create function path_without(path text, name text) returns text language sql immutable parallel safe as $$
        select case when name ~ '^[A-Za-z0-9_-]+$' then regexp_replace(path, '([/:])' || name || '(?=/|$)', '\\1-', 'g') else path end
      $$;`);
    await runner.query(keepAudit(PATHS));
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query(keepAudit(''));
    await runner.query('drop function path_without(text, text)');
    await runner.query('drop table erased_records');
  }
}
