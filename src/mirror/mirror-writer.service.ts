import type { ResourceName } from '../canonical/index';
import type { Instant } from '../canonical/values';
import type { IdentityService, Owner, RemoteName, Resolved } from '../identity/identity.service';
import type { Query } from '../platform/database/database';
import type { Seen } from '../vendors/contract';
import { referencesOf, rowOf, stub } from './mirror-rows';
import { insertMentioned, storeParticipants, storeRaw, upsert } from './mirror-writer.repository';

/** Records of one resource as a vendor handed them out. */
export interface SeenPage<R extends ResourceName> {
  readonly resource: R;
  readonly seen: readonly Seen<R>[];
  readonly secretFields: readonly string[];
  readonly at: Instant;
}
/** What became of the records of a page. */
export interface Written {
  readonly created: number;
  readonly updated: number;
}

/** Puts what was seen at a vendor into the mirror: a page in a handful of statements, inside the caller's transaction. */
export class MirrorWriterService {
  constructor(private readonly identity: IdentityService) {}

  /** Stores a page of records; only those whose content differs are written, and their version grows. */
  async write<R extends ResourceName>(query: Query, owner: Owner, page: SeenPage<R>): Promise<Written> {
    const { resource, seen, secretFields, at } = page;
    if (seen.length === 0) return { created: 0, updated: 0 };
    const names = seen.flatMap((one) => [
      { resource, ref: one.ref, seen: { mark: one.mark } },
      ...referencesOf(resource, one),
    ]);
    const resolved = await this.identity.resolve(query, owner, names, at);
    // By id: a vendor may hand out the same record twice on one page.
    const byId = new Map(
      seen.map((one) => [resolved.id(resource, one.ref), rowOf(resource, one, resolved, owner)]),
    );
    const rows = [...byId.values()];
    const mentioned = resolved.fresh.filter((name) => !byId.has(resolved.id(name.resource, name.ref)));
    await this.mention(query, owner, mentioned, { resolved, at });
    const changed = await upsert(query, owner, { resource, rows, at });
    // The fresh ones were noted as seen when they got their id.
    const fresh = new Set(resolved.fresh.map((name) => resolved.id(name.resource, name.ref)));
    await this.identity.seen(
      query,
      owner,
      rows.filter(({ id }) => !fresh.has(id)),
      at,
    );
    const versions = new Map(changed.map(({ id, version }) => [id, version]));
    const written = rows.filter(({ id }) => versions.has(id));
    await storeRaw(query, owner, written, new Set(secretFields));
    if (resource === 'appointments') await storeParticipants(query, owner, written, versions);
    const created = changed.filter(({ version }) => version === 1).length;
    return { created, updated: changed.length - created };
  }

  /** Our ids of records that an answer of the vendor names; each of them can be fetched from then on. */
  async idsOf(query: Query, owner: Owner, names: readonly RemoteName[], at: Instant): Promise<Resolved> {
    const resolved = await this.identity.resolve(query, owner, names, at);
    await this.mention(query, owner, resolved.fresh, { resolved, at });
    return resolved;
  }

  /** Notes that the vendor no longer has these records. */
  async markGone(
    query: Query,
    tenantId: string,
    { resource, ids, at }: { resource: ResourceName; ids: readonly string[]; at: Instant },
  ): Promise<number> {
    const gone = await query({
      text: `update ${resource} set deleted_at = $3, changed_at = $3, version = version + 1, content_hash = ''
             where tenant_id = $1 and id = any($2::uuid[]) and deleted_at is null returning id`,
      values: [tenantId, ids, at],
    });
    await query({
      text: 'update remote_ids set gone_at = $3 where tenant_id = $1 and id = any($2::uuid[])',
      values: [tenantId, ids, at],
    });
    return gone.length;
  }

  /** Records that only others mention get a row that holds their id and nothing else. */
  private async mention(
    query: Query,
    owner: Owner,
    names: readonly RemoteName[],
    { resolved, at }: { resolved: Resolved; at: Instant },
  ): Promise<void> {
    for (const resource of new Set(names.map((name) => name.resource))) {
      const rows = names
        .filter((name) => name.resource === resource)
        .map(({ ref }) => stub(resource, resolved.id(resource, ref), ref.id, owner));
      await insertMentioned(query, owner, { resource, rows, at });
    }
  }
}
