import type { GatewayId, RemoteRef } from '../canonical/ids';
import type { ResourceName } from '../canonical/index';
import type { Instant } from '../canonical/values';
import type { Query } from '../platform/database/database';

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
  /** Where the record itself was seen, and not only a reference to it: what its mark is, and the id kept for it. */
  readonly seen?: { readonly mark: string | null; readonly reserved?: GatewayId | undefined };
}
/** A row that gives a name its id. */
export interface IdRow {
  readonly id: GatewayId;
  readonly resource: ResourceName;
  readonly remote_scope: string;
  readonly remote_id: string;
}

/** What a name is told from others by. */
export const keyOf = (resource: string, { id, scope }: RemoteRef): string =>
  `${resource}\u0000${scope}\u0000${id}`;

export const keyOfRow = ({ resource, remote_id, remote_scope }: IdRow): string =>
  keyOf(resource, { id: remote_id, scope: remote_scope });

/** The ids of those names that have one. */
export function selectIds(
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

/** Gives these ids to these names; only where both are free. */
export function insertIds(
  query: Query,
  { tenantId, connectionId, vendor }: Owner,
  names: readonly (RemoteName & { readonly id: GatewayId })[],
  at: Instant,
): Promise<IdRow[]> {
  return query<IdRow>({
    name: 'remote_ids_insert',
    text: `insert into remote_ids (tenant_id, connection_id, vendor, id, resource, remote_scope, remote_id, mark, first_seen_at, last_seen_at)
           select $1, $2, $7, n.id, n.resource, n.remote_scope, n.remote_id, n.mark, $8::timestamptz, case when n.is_seen then $8::timestamptz end
           from unnest($6::uuid[], $3::text[], $4::text[], $5::text[], $9::text[], $10::boolean[])
             as n (id, resource, remote_scope, remote_id, mark, is_seen)
           on conflict do nothing
           returning id, resource, remote_scope, remote_id`,
    values: [
      tenantId,
      connectionId,
      ...columns(names),
      names.map(({ id }) => id),
      vendor,
      at,
      names.map(({ seen }) => seen?.mark ?? null),
      names.map(({ seen }) => seen !== undefined),
    ],
  });
}

/** Names as three columns. */
export const columns = (names: readonly RemoteName[]): [string[], string[], string[]] => [
  names.map(({ resource }) => resource),
  names.map(({ ref }) => ref.scope),
  names.map(({ ref }) => ref.id),
];
