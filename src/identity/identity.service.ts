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
/** A remote record by name. */
export interface RemoteName {
  readonly resource: ResourceName;
  readonly ref: RemoteRef;
  /** Where the record itself was seen, and not only a reference to it: what its mark is. */
  readonly seen?: { readonly mark: string | null };
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

const MOST_REMEMBERED = 50_000;

const keyOf = (resource: string, { id, scope }: RemoteRef): string => `${resource}\u0000${scope}\u0000${id}`;

/** The mapping table: the only giver of ids. */
export class IdentityService {
  private readonly remembered = new Map<string, GatewayId>();

  constructor(private readonly database: Database) {}

  /**
   * The ids of remote records, given out where they have none. Safe when two transactions meet the same new record: the
   * unique index lets one of them give the id, and the other reads it.
   */
  async resolve(query: Query, owner: Owner, names: readonly RemoteName[], at: Instant): Promise<Resolved> {
    const known = new Map<string, GatewayId>();
    const wanted = new Map<string, RemoteName>();
    for (const name of names) {
      const key = keyOf(name.resource, name.ref);
      const id = name.seen ? undefined : this.remembered.get(`${owner.connectionId} ${key}`);
      if (id) known.set(key, id);
      else if (name.seen || !wanted.has(key)) wanted.set(key, name);
    }
    const note = (rows: readonly IdRow[]): void => {
      for (const row of rows)
        known.set(keyOf(row.resource, { id: row.remote_id, scope: row.remote_scope }), row.id);
    };
    const missing = (): [string, RemoteName][] => [...wanted].filter(([key]) => !known.has(key));

    if (wanted.size > 0) note(this.remember(owner, await this.select(query, owner, [...wanted.values()])));
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

  /** Keeps what is committed already, for the references of the pages to come. An id, once given, never changes. */
  private remember({ connectionId }: Owner, rows: readonly IdRow[]): readonly IdRow[] {
    if (this.remembered.size > MOST_REMEMBERED) this.remembered.clear();
    for (const row of rows)
      if (row.resource !== 'appointments')
        this.remembered.set(
          `${connectionId} ${keyOf(row.resource, { id: row.remote_id, scope: row.remote_scope })}`,
          row.id,
        );
    return rows;
  }

  /** Notes that records were seen at the vendor: they are not gone, and this is what their mark is. */
  async seen(query: Query, { tenantId }: Owner, sightings: readonly Sighting[], at: Instant): Promise<void> {
    if (sightings.length === 0) return;
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
      // One look into the index for each name: no statistics can make the planner read the whole connection instead.
      text: `select r.id, n.resource, n.remote_scope, n.remote_id
             from unnest($3::text[], $4::text[], $5::text[]) as n (resource, remote_scope, remote_id)
             cross join lateral (
               select id from remote_ids
               where tenant_id = $1 and connection_id = $2 and resource = n.resource
                 and remote_scope = n.remote_scope and remote_id = n.remote_id
               limit 1
             ) r`,
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
      text: `insert into remote_ids (tenant_id, connection_id, vendor, id, resource, remote_scope, remote_id, mark, first_seen_at, last_seen_at)
             select $1, $2, $7, n.id, n.resource, n.remote_scope, n.remote_id, n.mark, $8::timestamptz, case when n.is_seen then $8::timestamptz end
             from unnest($6::uuid[], $3::text[], $4::text[], $5::text[], $9::text[], $10::boolean[])
               as n (id, resource, remote_scope, remote_id, mark, is_seen)
             on conflict (tenant_id, connection_id, resource, remote_scope, remote_id) do nothing
             returning id, resource, remote_scope, remote_id`,
      values: [
        tenantId,
        connectionId,
        ...columns(names),
        names.map(() => newId()),
        vendor,
        at,
        names.map(({ seen }) => seen?.mark ?? null),
        names.map(({ seen }) => seen !== undefined),
      ],
    });
  }
}

const columns = (names: readonly RemoteName[]): [string[], string[], string[]] => [
  names.map(({ resource }) => resource),
  names.map(({ ref }) => ref.scope),
  names.map(({ ref }) => ref.id),
];
