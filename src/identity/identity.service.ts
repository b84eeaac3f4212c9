import type { GatewayId, RemoteRef } from '../canonical/ids';
import type { ResourceName } from '../canonical/index';
import type { Instant } from '../canonical/values';
import { isId, newId } from '../platform/ids';
import {
  columns,
  insertIds,
  keyOf,
  keyOfRow,
  selectIds,
  type IdRow,
  type Owner,
  type RemoteName,
} from './remote-ids.repository';
import { releaseId, reservedAmong, reserveId, type ReservedId } from './reserved-ids.repository';
import type { Database, Query } from '../platform/database/database';

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
/** The vendor's name of one of our ids, with what its field for a caller's id held when it was last seen. */
export interface Located extends RemoteName {
  readonly id: GatewayId;
  readonly connectionId: string;
  readonly vendor: string;
  readonly mark: string | null;
  readonly seenAt: Instant | null;
}

interface LocatedRow extends IdRow, Record<string, unknown> {
  readonly connection_id: string;
  readonly vendor: string;
  readonly mark: string | null;
  readonly last_seen_at: Instant | null;
}
export type { Owner, RemoteName };

const MOST_REMEMBERED = 50_000;

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
      for (const row of rows) known.set(keyOfRow(row), row.id);
    };
    const missing = (): [string, RemoteName][] => [...wanted].filter(([key]) => !known.has(key));

    const given = await this.givenBefore(query, owner, [...wanted.values()], at);
    note(given.fresh);
    note(given.known);
    // In the order of the index, so that two transactions that insert the same names wait for each other in one direction.
    const fresh = missing()
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([, name]) => name);
    if (fresh.length > 0) note(await insertIds(query, owner, await this.withIds(query, owner, fresh), at));
    const taken = missing().map(([, name]) => name);
    if (taken.length > 0) note(await selectIds(query, owner, taken));
    return {
      fresh: [...given.fresh.flatMap((row) => wanted.get(keyOfRow(row)) ?? []), ...fresh],
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
      if (row.resource !== 'appointments') this.remembered.set(`${connectionId} ${keyOfRow(row)}`, row.id);
    return rows;
  }

  /**
   * The names that have their ids, and a new record's, which takes the one that was kept for it as it is looked for: a
   * record that a write of ours has made is hardly ever known before.
   */
  private async givenBefore(
    query: Query,
    owner: Owner,
    names: readonly RemoteName[],
    at: Instant,
  ): Promise<{ readonly known: readonly IdRow[]; readonly fresh: readonly IdRow[] }> {
    if (names.length === 0) return { known: [], fresh: [] };
    const kept = names.flatMap((name) => (name.seen?.reserved ? [{ ...name, id: name.seen.reserved }] : []));
    const [fresh, known] = await Promise.all([
      kept.length > 0 ? insertIds(query, owner, kept, at) : [],
      selectIds(query, owner, names),
    ]);
    const isFresh = new Set(fresh.map(keyOfRow));
    const before = known.filter((row) => !isFresh.has(keyOfRow(row)));
    return { known: this.remember(owner, before), fresh };
  }

  /** Notes that records were seen at the vendor: they are not gone, and this is what their mark is. */
  seen(query: Query, { tenantId }: Owner, sightings: readonly Sighting[], at: Instant): void {
    if (sightings.length === 0) return;
    query.later({
      name: 'remote_ids_seen',
      text: `update remote_ids r set last_seen_at = $4, gone_at = null, mark = s.mark
             from unnest($2::uuid[], $3::text[]) as s (id, mark)
             where r.tenant_id = $1 and r.id = s.id`,
      values: [tenantId, sightings.map(({ id }) => id), sightings.map(({ mark }) => mark), at],
    });
  }

  /** Those of these records that somebody has seen at the vendor, or learnt to be gone from there, since that instant. */
  async seenSince(
    query: Query,
    tenantId: string,
    ids: readonly string[],
    instant: Instant,
  ): Promise<ReadonlySet<string>> {
    const rows = await query<{ id: string }>({
      name: 'remote_ids_seen_since',
      text: `select id from remote_ids
             where tenant_id = $1 and id = any($2::uuid[]) and (last_seen_at > $3 or gone_at > $3)`,
      values: [tenantId, ids, instant],
    });
    return new Set(rows.map(({ id }) => id));
  }

  /** Where our ids lie at the vendors, whatever they name; those that name nothing of the tenant's are left out. */
  locate(tenantId: string, ids: readonly string[]): Promise<Map<string, Located>> {
    return this.database.together(tenantId, (query) => this.locateIn(query, tenantId, ids));
  }

  /** The same with other statements. */
  async locateIn(query: Query, tenantId: string, ids: readonly string[]): Promise<Map<string, Located>> {
    const rows = await query<LocatedRow>({
      name: 'remote_ids_locate',
      text: `select id, resource, remote_scope, remote_id, connection_id, vendor, mark, last_seen_at from remote_ids
             where tenant_id = $1 and id = any($2::uuid[])`,
      values: [tenantId, ids],
    });
    return new Map(
      rows.map((row) => [
        row.id,
        {
          id: row.id,
          resource: row.resource,
          ref: { id: row.remote_id, scope: row.remote_scope },
          connectionId: row.connection_id,
          vendor: row.vendor,
          mark: row.mark,
          seenAt: row.last_seen_at,
        },
      ]),
    );
  }

  /** The ids of a connection's remote records by `scope/id`: the ones that had theirs before `instant`, and the others. */
  async knownSince(
    query: Query,
    { tenantId, connectionId }: Owner,
    names: readonly RemoteName[],
    instant: Instant,
  ): Promise<{ older: Map<string, GatewayId>; newer: Map<string, GatewayId> }> {
    const rows = await query<IdRow & { is_older: boolean }>({
      text: `select r.id, remote_scope, remote_id, r.first_seen_at < $6::timestamptz as is_older from remote_ids r
             join unnest($3::text[], $4::text[], $5::text[]) as n (resource, remote_scope, remote_id)
               using (resource, remote_scope, remote_id)
             where r.tenant_id = $1 and r.connection_id = $2`,
      values: [tenantId, connectionId, ...columns(names), instant],
    });
    const named = (row: IdRow): [string, GatewayId] => [`${row.remote_scope}/${row.remote_id}`, row.id];
    const of = (isOlder: boolean): Map<string, GatewayId> =>
      new Map(rows.filter((row) => row.is_older === isOlder).map(named));
    return { older: of(true), newer: of(false) };
  }

  /** Keeps an id for a record that the vendor has yet to make; its caller's id is kept from others, too. */
  reserve(query: Query, owner: Owner, wanted: ReservedId): void {
    reserveId(query, owner, wanted);
  }

  /** The record was made, or never will be. */
  release(query: Query, tenantId: string, id: string): void {
    releaseId(query, tenantId, id);
  }

  /**
   * The ids that new records get: the one that was kept for a record (a write's own, or one whose mark the record bears,
   * so that a sync which meets it before the write has ended calls it the same), else a new one.
   */
  private async withIds(
    query: Query,
    owner: Owner,
    names: readonly RemoteName[],
  ): Promise<readonly (RemoteName & { readonly id: GatewayId })[]> {
    const wanted = names.map(
      ({ seen }) => seen?.reserved ?? (isId(seen?.mark ?? '') ? seen?.mark : undefined),
    );
    const free = await reservedAmong(query, owner, wanted);
    return names.map((name, i) => {
      const id = free.get(wanted[i] ?? '');
      if (id) free.delete(id);
      return { ...name, id: id ?? newId() };
    });
  }
}
