import type { GatewayId } from '../canonical/ids';
import type { ResourceName } from '../canonical/index';
import type { Instant } from '../canonical/values';
import type { Database } from '../platform/database/database';

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

/** The mapping table as callers look into it, from either side. */
export class MappingsService {
  constructor(private readonly database: Database) {}

  /** Rows of the mapping table in the order of their ids. */
  async page(
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
}
