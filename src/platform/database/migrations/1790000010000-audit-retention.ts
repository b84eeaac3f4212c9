import type { MigrationInterface, QueryRunner } from 'typeorm';

/**
 * Where the operator has set how long the audit is kept, the service says in its transaction until when it lets go
 * (`app.audit_from`), and nothing of the last thirty days goes however it was set.
 */
const goes = (end: string): string => `
          if tg_op = 'DELETE' and app_is_system() and ${end} <= nullif(current_setting('app.audit_from', true), '')::timestamptz
            and ${end} <= now() - interval '30 days' then
            return old;
          end if;`;

/** Who may change the audit: see the migrations that made it, and let ids be taken out of paths. */
const keepAudit = (more: string): string => `
      create or replace function keep_audit() returns trigger language plpgsql as $$
        declare
          removed uuid[];
        begin
          if tg_op = 'DELETE' and not exists (select from tenants where id = old.tenant_id) then
            return old;
          end if;${more}
          if tg_op = 'UPDATE' and old.tenant_id = app_tenant() and coalesce(current_setting('app.erased_name', true), '') <> ''
            and to_jsonb(old) - 'detail' = to_jsonb(new) - 'detail'
            and new.detail = jsonb_set(old.detail, '{path}', to_jsonb(path_without(old.detail ->> 'path', current_setting('app.erased_name')))) then
            return new;
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
        end $$;`;
const keepSubjects = (more: string): string => `
      create or replace function keep_audit_subjects() returns trigger language plpgsql as $$
        begin
          if tg_op = 'DELETE' and (not exists (select from tenants where id = old.tenant_id)
            or old.tenant_id = app_tenant() and not exists (
              select from remote_ids where tenant_id = old.tenant_id and id = old.subject_id)) then
            return old;
          end if;${more}
          raise exception 'the audit is append-only' using errcode = 'insufficient_privilege';
        end $$;`;

/** Lets the audit be kept for a time instead of for good. */
export class AuditRetention1790000010000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query(keepAudit(goes('old.at')));
    await runner.query(keepSubjects(goes('to_timestamp((old.hour + 1) * 3600::bigint)')));
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query(keepAudit(''));
    await runner.query(keepSubjects(''));
  }
}
