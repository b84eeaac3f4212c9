import type { GatewayId } from '../canonical/ids';
import type { ResourceName } from '../canonical/index';
import type { Instant } from '../canonical/values';
import type { IdentityService, Owner, RemoteName, Resolved } from '../identity/identity.service';
import type { Query } from '../platform/database/database';
import type { Seen, SetAside } from '../vendors/contract';
import { admissible, admissibleAside } from './erased-names';
import { referencesOf, rowOf, stub, type Row } from './mirror-rows';
import { cancelledOf, keptReasons, keepReason, withReason, type KeptReason } from './kept-reasons.repository';
import {
  insertMentioned,
  lineUpForEvents,
  storeParticipants,
  storeRaw,
  upsert,
  type Changed,
} from './mirror-writer.repository';

/** Records of one resource as a vendor handed them out. */
export interface SeenPage<R extends ResourceName> {
  readonly resource: R;
  readonly seen: readonly Seen<R>[];
  readonly secretFields: readonly string[];
  readonly at: Instant;
  /** The page may be as old as that: of records that were seen since, it brings nothing new. */
  readonly askedAt?: Instant | undefined;
  /** The id that was kept for the one record of this page. */
  readonly reserved?: GatewayId | undefined;
}
/** What became of the records of a page. */
export interface Written<R extends ResourceName = ResourceName> {
  readonly created: number;
  readonly updated: number;
  /** The records that were stored, without what was erased of them before. */
  readonly admitted: readonly Seen<R>[];
  /** Our ids of the records of the page. */
  readonly ids: readonly GatewayId[];
}

/** The rows of a page, and those whose content was written; which have their id, or their content, since now. */
interface Rest {
  readonly rows: readonly Row[];
  readonly written: readonly Row[];
  readonly isFresh: (id: GatewayId) => boolean;
  readonly isNew: (id: GatewayId) => boolean;
}

/** Puts what was seen at a vendor into the mirror: a page in a handful of statements, inside the caller's transaction. */
export class MirrorWriterService {
  constructor(private readonly identity: IdentityService) {}

  /** Stores a page of records; only those whose content differs are written, and their version grows. */
  async write<R extends ResourceName>(query: Query, owner: Owner, page: SeenPage<R>): Promise<Written<R>> {
    const { resource, at } = page;
    const seen = page.seen.length === 0 ? [] : await admissible(query, owner, resource, page.seen);
    if (seen.length === 0) return { created: 0, updated: 0, admitted: [], ids: [] };
    const { rows: all, isFresh } = await this.rowsOf(query, owner, { ...page, seen });
    const rows = await this.unlessNewer(query, owner, { ...page, rows: all, isFresh });
    const changed = await query<Changed & Record<string, unknown>>(upsert(owner, { resource, rows, at }));
    const versions = new Map(changed.map(({ id, version }) => [id, version]));
    const written = rows.filter(({ id }) => versions.has(id));
    this.storeRest(query, owner, page, { rows, written, isFresh, isNew: (id) => versions.get(id) === 1 });
    const created = changed.filter(({ version }) => version === 1).length;
    return { created, updated: changed.length - created, admitted: seen, ids: all.map(({ id }) => id) };
  }

  /**
   * Without the records of which the mirror has a later sight than the page: while it was on its way here, somebody may have
   * changed or deleted one through the gateway, and an incremental list would not bring that back. What the vendor changed
   * since comes with the next sync.
   */
  private async unlessNewer(
    query: Query,
    { tenantId }: Owner,
    { rows, isFresh, askedAt }: Pick<Rest, 'rows' | 'isFresh'> & Pick<SeenPage<ResourceName>, 'askedAt'>,
  ): Promise<readonly Row[]> {
    const before = rows.filter(({ id }) => !isFresh(id)).map(({ id }) => id);
    if (askedAt === undefined || before.length === 0) return rows;
    lineUpForEvents(query, tenantId);
    const newer = await this.identity.seenSince(query, tenantId, before, askedAt);
    return rows.filter(({ id }) => isFresh(id) || !newer.has(id));
  }

  /**
   * Stores one record, and gives its id; null where it is not to be kept. Its statements wait for the next that somebody sends: whether the record was
   * another before is not asked, since what is written again is the same.
   */
  async put<R extends ResourceName>(
    query: Query,
    owner: Owner,
    { seen, ...page }: Omit<SeenPage<R>, 'seen'> & { readonly seen: Seen<R> },
  ): Promise<GatewayId | null> {
    const { resource, at } = page;
    const whole = { ...page, seen: await admissible(query, owner, resource, [seen]) };
    if (whole.seen.length === 0) return null;
    const { rows, isFresh } = await this.rowsOf(query, owner, whole);
    query.later(upsert(owner, { resource, rows, at }));
    this.storeRest(query, owner, whole, { rows, written: rows, isFresh, isNew: isFresh });
    return (rows[0] as Row).id;
  }

  /** The records as rows, by id: a vendor may hand out the same record twice on one page. What they mention is kept, too. */
  private async rowsOf<R extends ResourceName>(
    query: Query,
    owner: Owner,
    { resource, seen, at, reserved }: SeenPage<R>,
  ): Promise<{ readonly rows: readonly Row[]; readonly isFresh: (id: GatewayId) => boolean }> {
    const names = seen.flatMap((one) => [
      { resource, ref: one.ref, seen: { mark: one.mark, reserved } },
      ...referencesOf(resource, one),
    ]);
    const resolved = await this.identity.resolve(query, owner, names, at);
    const kept = await keptReasons(query, owner, cancelledOf(seen, resolved));
    const byId = new Map(
      seen.map((one) => {
        const id = resolved.id(resource, one.ref);
        return [id, rowOf(resource, withReason(one, kept.get(id)), resolved, owner)];
      }),
    );
    const mentioned = resolved.fresh.filter((name) => !byId.has(resolved.id(name.resource, name.ref)));
    this.mention(query, owner, mentioned, { resolved, at });
    const fresh = new Set(resolved.fresh.map((name) => resolved.id(name.resource, name.ref)));
    return { rows: [...byId.values()], isFresh: (id) => fresh.has(id) };
  }

  /** What is kept beside the records themselves, and after them: whoever changes records has the tenant's turn by then. */
  private storeRest(
    query: Query,
    owner: Owner,
    { resource, secretFields, at }: Pick<SeenPage<ResourceName>, 'resource' | 'secretFields' | 'at'>,
    { rows, written, isFresh, isNew }: Rest,
  ): void {
    // The fresh ones were noted as seen when they got their id.
    const again = rows.filter(({ id }) => !isFresh(id));
    this.identity.seen(query, owner, again, at);
    const changed = new Set(written);
    const mayDiffer = rows.filter((row) => changed.has(row) || !row.isDated);
    storeRaw(query, owner, mayDiffer, new Set(secretFields));
    if (resource === 'appointments') storeParticipants(query, owner, written, isNew);
  }

  /** Those of the records that could not be read that may be told of: nobody whose data was erased. */
  mayTellOf(query: Query, owner: Owner, setAside: readonly SetAside[]): Promise<readonly SetAside[]> {
    return admissibleAside(query, owner, setAside);
  }

  /** Our ids of records that an answer of the vendor names; each of them can be fetched from then on. */
  async idsOf(query: Query, owner: Owner, names: readonly RemoteName[], at: Instant): Promise<Resolved> {
    const resolved = await this.identity.resolve(query, owner, names, at);
    this.mention(query, owner, resolved.fresh, { resolved, at });
    return resolved;
  }

  /** Keeps why an appointment is cancelled, where the vendor cannot: it is shown from the next time it is written. */
  keepReason(query: Query, tenantId: string, id: string, reason: KeptReason): void {
    keepReason(query, tenantId, id, reason);
  }

  /** Gives a record the caller's id (null takes it away); the caller sees to it that no other record has it. */
  setExternalId(
    query: Query,
    tenantId: string,
    {
      resource,
      id,
      externalId,
      at,
    }: { resource: ResourceName; id: string; externalId: string | null; at: Instant },
  ): void {
    query.later({
      text: `update ${resource} set external_id = $3, changed_at = $4, version = version + 1
             where tenant_id = $1 and id = $2 and external_id is distinct from $3`,
      values: [tenantId, id, externalId, at],
    });
  }

  /** Notes that the vendor no longer has these records. */
  async markGone(
    query: Query,
    tenantId: string,
    { resource, ids, at }: { resource: ResourceName; ids: readonly string[]; at: Instant },
  ): Promise<number> {
    const marking = query({
      text: `update ${resource} set deleted_at = $3, changed_at = $3, version = version + 1, content_hash = ''
             where tenant_id = $1 and id = any($2::uuid[]) and deleted_at is null returning id`,
      values: [tenantId, ids, at],
    });
    query.later({
      text: 'update remote_ids set gone_at = $3 where tenant_id = $1 and id = any($2::uuid[])',
      values: [tenantId, ids, at],
    });
    return (await marking).length;
  }

  /** Records that only others mention get a row that holds their id and nothing else. */
  private mention(
    query: Query,
    owner: Owner,
    names: readonly RemoteName[],
    { resolved, at }: { resolved: Resolved; at: Instant },
  ): void {
    for (const resource of new Set(names.map((name) => name.resource))) {
      const rows = names
        .filter((name) => name.resource === resource)
        .map(({ ref }) => stub(resource, resolved.id(resource, ref), ref.id, owner));
      query.later(insertMentioned(owner, { resource, rows, at }));
    }
  }
}
