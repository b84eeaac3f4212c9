import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Every row belongs to the tenant that the transaction names, or the transaction is the system's own. */
const secured = (table: string): string => `
  alter table ${table} enable row level security;
  alter table ${table} force row level security;
  create policy ${table}_tenant on ${table}
    using (tenant_id = (select app_tenant()) or (select app_is_system()));`;

/** What a write needs to happen once: its intent, its key's answer, the id that its record will have, the time that it holds. */
export class Writes1790000001000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      create extension if not exists btree_gist;

      create table writes (
        tenant_id uuid not null,
        id uuid not null,
        connection_id uuid not null,
        resource text not null,
        op text not null,
        record_id uuid not null,
        state text not null default 'sent' check (state in ('sent', 'unknown', 'settled')),
        outcome text check (outcome in ('applied', 'rejected', 'not_done', 'ambiguous')),
        request json not null,
        idempotency_key text,
        part integer,
        looks integer not null default 0,
        look_at timestamptz(3),
        created_at timestamptz(3) not null default now(),
        settled_at timestamptz(3),
        primary key (tenant_id, id),
        foreign key (tenant_id, connection_id) references connections (tenant_id, id) on delete cascade
      );
      -- One at a time for each record, whichever process carries it out.
      create unique index writes_one_of_a_record on writes (tenant_id, record_id) where state = 'sent';
      create index writes_to_look_at on writes (look_at) where state <> 'settled';
      create index writes_of_a_record on writes (tenant_id, record_id);
      create index writes_of_a_key on writes (tenant_id, idempotency_key, part) where state <> 'settled';
      create index writes_settled on writes (settled_at) where state = 'settled';

      create table idempotency_keys (
        -- The operator's own requests stand under the nil UUID.
        tenant_id uuid not null,
        key text not null,
        -- Which operation of a batch; -1 is the request as a whole.
        part integer not null default -1,
        request_hash bytea not null,
        held_until timestamptz(3) not null,
        answer json,
        created_at timestamptz(3) not null default now(),
        primary key (tenant_id, key, part)
      );
      create index idempotency_keys_age on idempotency_keys (created_at);

      create function forget_keys() returns trigger language plpgsql as $$
        begin
          delete from idempotency_keys where tenant_id = old.id;
          return null;
        end $$;
      create trigger tenants_forget_keys after delete on tenants for each row execute function forget_keys();

      -- Ids that are given to records before the vendor has made them.
      create table reserved_ids (
        tenant_id uuid not null,
        id uuid not null,
        connection_id uuid not null,
        resource text not null,
        external_id text,
        primary key (tenant_id, id),
        foreign key (tenant_id, connection_id) references connections (tenant_id, id) on delete cascade
      );
      create unique index reserved_ids_external on reserved_ids (tenant_id, resource, external_id)
        where external_id is not null;

      -- A practitioner's time that a write under way has been promised: nobody else is promised it meanwhile.
      create table held_times (
        tenant_id uuid not null,
        write_id uuid not null,
        practitioner_id uuid not null,
        during tstzrange not null,
        primary key (tenant_id, write_id, practitioner_id),
        foreign key (tenant_id, write_id) references writes (tenant_id, id) on delete cascade,
        exclude using gist (tenant_id with =, practitioner_id with =, during with &&)
      );

      -- Why an appointment was cancelled, where the vendor has no field for it.
      create table cancellation_reasons (
        tenant_id uuid not null,
        id uuid not null,
        reason text,
        note text,
        primary key (tenant_id, id),
        foreign key (tenant_id, id) references remote_ids (tenant_id, id) on delete cascade
      );

      -- Whose time is taken then: a look by the end, since what lies behind does not matter.
      drop index appointments_by_practitioner;
      create index appointments_by_practitioner on appointments (tenant_id, practitioner_id, end_at);
    `);
    for (const table of ['writes', 'idempotency_keys', 'reserved_ids', 'held_times', 'cancellation_reasons'])
      await runner.query(secured(table));
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query(`
      drop trigger tenants_forget_keys on tenants;
      drop function forget_keys();
      drop table cancellation_reasons, held_times, reserved_ids, idempotency_keys, writes;
      drop index appointments_by_practitioner;
      create index appointments_by_practitioner on appointments (tenant_id, practitioner_id);
    `);
  }
}
