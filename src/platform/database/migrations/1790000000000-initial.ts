import type { MigrationInterface, QueryRunner } from 'typeorm';

const MIRRORED = ['appointments', 'clients', 'practitioners', 'services', 'locations'] as const;

/** The columns that every mirrored resource has; its own stand before them. */
const mirror = (table: string, columns: string): string => `
  create table ${table} (
    tenant_id uuid not null,
    id uuid not null,
    connection_id uuid not null,
    vendor text not null,
    ${columns}
    external_id text,
    mentioned boolean not null,
    doc json not null,
    tail text not null,
    content_hash bytea not null,
    deleted_at timestamptz(3),
    changed_at timestamptz(3) not null,
    version integer not null default 1,
    primary key (tenant_id, id),
    foreign key (tenant_id, id) references remote_ids (tenant_id, id) on delete cascade
  );
  create trigger ${table}_tail before insert or update on ${table} for each row execute function render_tail();
  create unique index ${table}_external_id on ${table} (tenant_id, external_id) where external_id is not null;
  create index ${table}_changed on ${table} (tenant_id, changed_at, id);`;

const named = (table: string, more = ''): string => `
  ${mirror(table, `sort_name text collate "C" not null, search text not null, ${more}`)}
  create index ${table}_by_name on ${table} (tenant_id, sort_name, id);`;

/** Every row of a tenant's table belongs to the tenant that the transaction names, or the transaction is the system's own. */
const secured = (table: string, systemToo: boolean): string => `
  alter table ${table} enable row level security;
  alter table ${table} force row level security;
  create policy ${table}_tenant on ${table}
    using (tenant_id = (select app_tenant()) ${systemToo ? 'or (select app_is_system())' : ''});`;

/** Tenants, keys, connections, the mapping table, the mirror and the record of syncs, with row-level security on each. */
export class Initial1790000000000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      create function app_tenant() returns uuid language sql stable parallel safe
        as $$ select nullif(current_setting('app.tenant_id', true), '')::uuid $$;
      create function app_is_system() returns boolean language sql stable parallel safe
        as $$ select coalesce(current_setting('app.scope', true), '') = 'system' $$;

      create function instant_text(instant timestamptz) returns text language sql stable parallel safe
        as $$ select to_char(instant at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"') $$;
      -- What a record's text ends in: all that the gateway itself knows of it, rendered whenever it changes.
      create function render_tail() returns trigger language plpgsql as $$
        begin
          new.tail := format(',"externalId":%s,"changedAt":"%s","deletedAt":%s,"version":%s',
            coalesce(to_json(new.external_id)::text, 'null'), instant_text(new.changed_at),
            coalesce('"' || instant_text(new.deleted_at) || '"', 'null'), new.version);
          return new;
        end $$;

      create table tenants (
        id uuid primary key,
        name text not null,
        slug text not null unique,
        created_at timestamptz(3) not null default now(),
        updated_at timestamptz(3) not null default now(),
        version integer not null default 1
      );
      create table api_keys (
        id uuid primary key,
        tenant_id uuid not null references tenants on delete cascade,
        name text not null,
        scopes text[] not null,
        prefix text not null,
        hash bytea not null unique,
        created_at timestamptz(3) not null default now(),
        expires_at timestamptz(3),
        revoked_at timestamptz(3)
      );
      create index api_keys_tenant on api_keys (tenant_id, id);

      create table connections (
        tenant_id uuid not null references tenants on delete cascade,
        id uuid not null,
        vendor text not null,
        name text not null,
        settings jsonb not null,
        credentials text not null,
        credentials_updated_at timestamptz(3) not null,
        disabled boolean not null default false,
        status text not null default 'pending',
        last_sync_at timestamptz(3),
        last_error jsonb,
        warnings jsonb not null default '[]',
        created_at timestamptz(3) not null default now(),
        updated_at timestamptz(3) not null default now(),
        version integer not null default 1,
        primary key (tenant_id, id)
      );
      create table connection_tokens (
        tenant_id uuid not null,
        connection_id uuid not null,
        token text,
        refused boolean not null default false,
        generation integer not null default 0,
        primary key (tenant_id, connection_id),
        foreign key (tenant_id, connection_id) references connections (tenant_id, id) on delete cascade
      );

      create table remote_ids (
        tenant_id uuid not null,
        id uuid not null,
        connection_id uuid not null,
        vendor text not null,
        resource text not null,
        remote_scope text not null,
        remote_id text not null,
        mark text,
        first_seen_at timestamptz(3) not null,
        last_seen_at timestamptz(3),
        gone_at timestamptz(3),
        primary key (tenant_id, id),
        foreign key (tenant_id, connection_id) references connections (tenant_id, id) on delete cascade
      );
      create unique index remote_ids_remote
        on remote_ids (tenant_id, connection_id, resource, remote_scope, remote_id);
      create index remote_ids_by_remote_id on remote_ids (tenant_id, remote_id);

      create table raw_records (
        tenant_id uuid not null,
        id uuid not null,
        raw json not null,
        primary key (tenant_id, id),
        foreign key (tenant_id, id) references remote_ids (tenant_id, id) on delete cascade
      );

      create table syncs (
        tenant_id uuid not null,
        id uuid not null,
        connection_id uuid not null,
        mode text not null,
        status text not null default 'queued',
        requested jsonb not null,
        progress jsonb not null default '{}',
        errors jsonb not null default '[]',
        window_from timestamptz(3),
        window_to timestamptz(3),
        fence integer not null default 0,
        lease_until timestamptz(3),
        created_at timestamptz(3) not null default now(),
        started_at timestamptz(3),
        finished_at timestamptz(3),
        primary key (tenant_id, id),
        foreign key (tenant_id, connection_id) references connections (tenant_id, id) on delete cascade
      );
      create index syncs_by_id on syncs (id);
      create index syncs_by_connection on syncs (tenant_id, connection_id, id desc);
      create unique index syncs_one_of_each on syncs (tenant_id, connection_id, status) where status in ('queued', 'running');
    `);
    await runner.query(
      mirror(
        'appointments',
        `sort_start timestamptz(3) not null, end_at timestamptz(3), status text not null, practitioner_id uuid,
         client_id uuid, service_id uuid, location_id uuid,`,
      ),
    );
    await runner.query(named('clients', 'status text not null, email text, phone text, birth_date date,'));
    await runner.query(named('practitioners', 'active boolean,'));
    await runner.query(named('services', 'active boolean,'));
    await runner.query(named('locations'));
    await runner.query(`
      create index appointments_by_start on appointments (tenant_id, sort_start, id);
      create index appointments_by_connection on appointments (tenant_id, connection_id, sort_start, id);
      create index clients_by_email on clients (tenant_id, email);
      create index clients_by_phone on clients (tenant_id, phone);

      create index appointments_by_practitioner on appointments (tenant_id, practitioner_id);
      create index appointments_by_client on appointments (tenant_id, client_id);

      -- Who takes part besides the primary practitioner and the primary client, who stand in the appointment itself.
      create table appointment_participants (
        tenant_id uuid not null,
        party_id uuid not null,
        appointment_id uuid not null,
        primary key (tenant_id, party_id, appointment_id),
        foreign key (tenant_id, appointment_id) references appointments (tenant_id, id) on delete cascade
      );
      create index appointment_participants_of on appointment_participants (tenant_id, appointment_id);
    `);
    const system = ['api_keys', 'connections', 'connection_tokens', 'syncs'];
    const tenants = ['remote_ids', 'raw_records', 'appointment_participants', ...MIRRORED];
    for (const table of system) await runner.query(secured(table, true));
    for (const table of tenants) await runner.query(secured(table, false));
    await runner.query(`
      alter table tenants enable row level security;
      alter table tenants force row level security;
      create policy tenants_own on tenants using (id = (select app_tenant()) or (select app_is_system()));
    `);
  }

  async down(runner: QueryRunner): Promise<void> {
    const tables = [
      'appointment_participants',
      ...MIRRORED,
      'syncs',
      'raw_records',
      'remote_ids',
      'connection_tokens',
    ];
    for (const table of [...tables, 'connections', 'api_keys', 'tenants'])
      await runner.query(`drop table ${table}`);
    await runner.query(
      'drop function app_tenant(); drop function app_is_system(); drop function render_tail(); drop function instant_text',
    );
  }
}
