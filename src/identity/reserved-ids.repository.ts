import type { GatewayId } from '../canonical/ids';
import type { ResourceName } from '../canonical/index';
import type { Query } from '../platform/database/database';

/** Whose connection is meant. */
interface Owner {
  readonly tenantId: string;
  readonly connectionId: string;
}

/** An id that is kept for a record which the vendor has yet to make. */
export interface ReservedId {
  readonly resource: ResourceName;
  readonly id: string;
  readonly externalId: string | null;
}

/** Keeps an id, and the caller's id with it: a second one of the same fails by the table's own index. */
export function reserveId(
  query: Query,
  { tenantId, connectionId }: Owner,
  { resource, id, externalId }: ReservedId,
): void {
  query.later({
    name: 'reserved_ids_insert',
    text: `insert into reserved_ids (tenant_id, id, connection_id, resource, external_id) values ($1, $2, $3, $4, $5)`,
    values: [tenantId, id, connectionId, resource, externalId],
  });
}

/** Lets go of an id. */
export function releaseId(query: Query, tenantId: string, id: string): void {
  query.later({
    name: 'reserved_ids_release',
    text: 'delete from reserved_ids where tenant_id = $1 and id = $2',
    values: [tenantId, id],
  });
}

/** Those of these ids that are kept for a record of the connection and name none yet. */
export async function reservedAmong(
  query: Query,
  { tenantId, connectionId }: Owner,
  ids: readonly (string | null | undefined)[],
): Promise<Map<string, GatewayId>> {
  const asked = ids.filter((id) => id !== undefined && id !== null);
  if (asked.length === 0) return new Map();
  const kept = await query<{ id: GatewayId }>({
    text: `select id from reserved_ids k where tenant_id = $1 and connection_id = $2 and id = any($3::uuid[])
             and not exists (select 1 from remote_ids r where r.tenant_id = $1 and r.id = k.id)`,
    values: [tenantId, connectionId, asked],
  });
  return new Map(kept.map(({ id }) => [id, id]));
}
