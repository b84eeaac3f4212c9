import type { GatewayId, RemoteRef } from '../canonical/ids';
import type { ResourceName } from '../canonical/index';
import type { Instant } from '../canonical/values';
import { newId } from '../platform/ids';
import type { Database, Query } from '../platform/database/database';

/** Whose records are meant. */
export interface Owner {
  readonly tenantId: string;
  readonly connectionId: string;
  readonly vendor: string;
}
/** A remote record by name; `mark` only where the record itself was seen. */
export interface RemoteName {
  readonly resource: ResourceName;
  readonly ref: RemoteRef;
}
/** A record that was seen at the vendor now. */
export interface Sighting {
  readonly id: GatewayId;
  readonly mark: string | null;
}
/** What the mapping table answered. `fresh` are the names that had no id before. */
export interface Resolved {
  id(resource: ResourceName, ref: RemoteRef): GatewayId;
  readonly fresh: readonly RemoteName[];
}
/** The vendor's name of one of our ids. */
export interface Located extends RemoteName {
  readonly id: GatewayId;
  readonly connectionId: string;
  readonly vendor: string;
}

/** What the mapping table may be looked through by. */
export interface MappingFilters {
  readonly resource?: readonly string[];
  readonly connectionId?: readonly string[];
  readonly remoteId?: readonly string[];
  readonly canonicalId?: readonly string[];
}
/** A row of the mapping table as callers see it. */
export interface Mapping {
  readonly resource: ResourceName;
  readonly canonicalId: GatewayId;
  readonly connectionId: string;
  readonly vendor: string;
  readonly remoteId: string;
  readonly remoteScope: string | null;
  readonly externalId: string | null;
  readonly firstSeenAt: Instant;
  readonly lastSeenAt: Instant | null;
  readonly goneAt: Instant | null;
}

interface IdRow {
  readonly id: GatewayId;
  readonly resource: ResourceName;
  readonly remote_scope: string;
  readonly remote_id: string;
}

const keyOf = (resource: string, { id, scope }: RemoteRef): string => `${resource}\u0000${scope}\u0000${id}`;

/** The mapping table: the only giver of ids. */
export class IdentityService {
  constructor(private readonly database: Database) {}

  /**
   * The ids of remote records, given out where they have none. Safe when two transactions meet the same new record: the
   * unique index lets one of them give the id, and the other reads it.
   */
  async resolve(query: Query, owner: Owner, names: readonly RemoteName[], at: Instant): Promise<Resolved> {
    const wanted = new Map(names.map((name) => [keyOf(name.resource, name.ref), name]));
    const known = new Map<string, GatewayId>();
    const note = (rows: readonly IdRow[]): void => {
      for (const row of rows)
        known.set(keyOf(row.resource, { id: row.remote_id, scope: row.remote_scope }), row.id);
    };
    const missing = (): [string, RemoteName][] => [...wanted].filter(([key]) => !known.has(key));

    if (wanted.size > 0) note(await this.select(query, owner, [...wanted.values()]));
    // In the order of the index, so that two transactions that insert the same names wait for each other in one direction.
    const fresh = missing()
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([, name]) => name);
    if (fresh.length > 0) note(await this.insert(query, owner, fresh, at));
    const taken = missing().map(([, name]) => name);
    if (taken.length > 0) note(await this.select(query, owner, taken));
    return {
      fresh,
      id: (resource, ref) => {
        const id = known.get(keyOf(resource, ref));
        if (!id) throw new Error(`no id was resolved for a ${resource} reference`);
        return id;
      },
    };
  }

  /** Notes that records were seen at the vendor: they are not gone, and this is what their mark is. */
  async seen(query: Query, { tenantId }: Owner, sightings: readonly Sighting[], at: Instant): Promise<void> {
    await query({
      name: 'remote_ids_seen',
      text: `update remote_ids r set last_seen_at = $4, gone_at = null, mark = s.mark
             from unnest($2::uuid[], $3::text[]) as s (id, mark)
             where r.tenant_id = $1 and r.id = s.id`,
      values: [tenantId, sightings.map(({ id }) => id), sightings.map(({ mark }) => mark), at],
    });
  }

  /** Where one of our ids lies at the vendor; null where the tenant has no such record. */
  async locate(
    tenantId: string,
    resource: ResourceName,
    ids: readonly string[],
  ): Promise<Map<string, Located>> {
    const rows = await this.database.inTenant(tenantId, (query) =>
      query<IdRow & { connection_id: string; vendor: string }>({
        name: 'remote_ids_locate',
        text: `select id, resource, remote_scope, remote_id, connection_id, vendor from remote_ids
               where tenant_id = $1 and resource = $2 and id = any($3::uuid[])`,
        values: [tenantId, resource, ids],
      }),
    );
    return new Map(
      rows.map((row) => [
        row.id,
        {
          id: row.id,
          resource: row.resource,
          ref: { id: row.remote_id, scope: row.remote_scope },
          connectionId: row.connection_id,
          vendor: row.vendor,
        },
      ]),
    );
  }

  /** Rows of the mapping table in the order of their ids. */
  async mappings(
    tenantId: string,
    filters: MappingFilters,
    { after, limit }: { after: string | null; limit: number },
  ): Promise<{ rows: Mapping[]; more: boolean }> {
    const { resource = null, connectionId = null, remoteId = null, canonicalId = null } = filters;
    const rows = await this.database.inTenant(tenantId, (query) =>
      query<Mapping & Record<string, unknown>>({
        text: `select resource, id as "canonicalId", connection_id as "connectionId", vendor, remote_id as "remoteId",
                 nullif(remote_scope, '') as "remoteScope", mark as "externalId", first_seen_at as "firstSeenAt",
                 last_seen_at as "lastSeenAt", gone_at as "goneAt"
               from remote_ids
               where tenant_id = $1 and ($2::text[] is null or resource = any($2)) and ($3::uuid[] is null or connection_id = any($3))
                 and ($4::text[] is null or remote_id = any($4)) and ($5::uuid[] is null or id = any($5))
                 and ($6::uuid is null or id > $6)
               order by id limit $7`,
        values: [tenantId, resource, connectionId, remoteId, canonicalId, after, limit + 1],
      }),
    );
    return { rows: rows.slice(0, limit), more: rows.length > limit };
  }

  private select(
    query: Query,
    { tenantId, connectionId }: Owner,
    names: readonly RemoteName[],
  ): Promise<IdRow[]> {
    return query<IdRow>({
      name: 'remote_ids_select',
      text: `select r.id, r.resource, r.remote_scope, r.remote_id
             from unnest($3::text[], $4::text[], $5::text[]) as n (resource, remote_scope, remote_id)
             join remote_ids r on r.tenant_id = $1 and r.connection_id = $2 and r.resource = n.resource
               and r.remote_scope = n.remote_scope and r.remote_id = n.remote_id`,
      values: [tenantId, connectionId, ...columns(names)],
    });
  }

  private insert(
    query: Query,
    { tenantId, connectionId, vendor }: Owner,
    names: readonly RemoteName[],
    at: Instant,
  ): Promise<IdRow[]> {
    return query<IdRow>({
      name: 'remote_ids_insert',
      text: `insert into remote_ids (tenant_id, connection_id, vendor, id, resource, remote_scope, remote_id, first_seen_at)
             select $1, $2, $7, n.id, n.resource, n.remote_scope, n.remote_id, $8
             from unnest($6::uuid[], $3::text[], $4::text[], $5::text[]) as n (id, resource, remote_scope, remote_id)
             on conflict (tenant_id, connection_id, resource, remote_scope, remote_id) do nothing
             returning id, resource, remote_scope, remote_id`,
      values: [tenantId, connectionId, ...columns(names), names.map(() => newId()), vendor, at],
    });
  }
}

const columns = (names: readonly RemoteName[]): [string[], string[], string[]] => [
  names.map(({ resource }) => resource),
  names.map(({ ref }) => ref.scope),
  names.map(({ ref }) => ref.id),
];
