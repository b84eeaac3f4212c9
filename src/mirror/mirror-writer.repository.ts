import { createHash } from 'node:crypto';
import type { GatewayId } from '../canonical/ids';
import { mapReferences, NOTHING_KNOWN, type ResourceName, type Resources } from '../canonical/index';
import type { Instant } from '../canonical/values';
import type { IdentityRepository, Owner, RemoteName, Resolved } from '../identity/identity.repository';
import type { Query } from '../platform/database/database';
import type { Seen } from '../vendors/contract';
import { withoutFields } from '../vendors/kit/json';
import { TABLES, type Column } from './tables';

/** What became of the records of a page. */
export interface Written {
  readonly created: number;
  readonly updated: number;
  /** Every record of the page by its id, unchanged ones too. */
  readonly ids: readonly GatewayId[];
}

interface Row {
  readonly id: GatewayId;
  readonly values: readonly unknown[];
  readonly doc: string;
  readonly hash: Buffer;
  readonly deletedAt: Instant | null;
  /** Who takes part, where the record is an appointment. */
  readonly parties: readonly { readonly id: GatewayId; readonly role: 'practitioner' | 'client' }[];
}

const statements = new Map<string, string>();

/** Puts what was seen at a vendor into the mirror: a page in a handful of statements, inside the caller's transaction. */
export class MirrorWriterRepository {
  constructor(private readonly identity: IdentityRepository) {}

  /** Stores a page of records; only those whose content differs are written, and their version grows. */
  async write<R extends ResourceName>(
    query: Query,
    owner: Owner,
    { resource, seen, secretFields, at }: { resource: R; seen: readonly Seen<R>[]; secretFields: readonly string[]; at: Instant },
  ): Promise<Written> {
    if (seen.length === 0) return { created: 0, updated: 0, ids: [] };
    const names = seen.flatMap((one) => [{ resource, ref: one.ref }, ...referencesOf(resource, one)]);
    const resolved = await this.identity.resolve(query, owner, names, at);
    const rows = new Map(seen.map((one) => [resolved.id(resource, one.ref), { one, row: rowOf(resource, one, resolved, owner) }]));
    await this.mention(query, owner, resolved.fresh.filter((name) => !rows.has(resolved.id(name.resource, name.ref))), { resolved, at });
    const changed = await upsert(query, owner, { resource, rows: [...rows.values()].map(({ row }) => row), at });
    await this.identity.seen(query, owner, [...rows].map(([id, { one }]) => ({ id, mark: one.mark })), at);
    const changedRows = changed.map(({ id }) => ({ id, ...(rows.get(id) as { one: Seen<R> }) }));
    await storeRaw(query, owner, changedRows.map(({ id, one }) => ({ id, raw: one.raw })), secretFields);
    if (resource === 'appointments') await storeParticipants(query, owner, changed, [...rows.values()].map(({ row }) => row));
    const created = changed.filter(({ version }) => version === 1).length;
    return { created, updated: changed.length - created, ids: [...rows.keys()] };
  }

  /** Our ids of records that an answer of the vendor names; each of them can be fetched from then on. */
  async idsOf(query: Query, owner: Owner, names: readonly RemoteName[], at: Instant): Promise<Resolved> {
    const resolved = await this.identity.resolve(query, owner, names, at);
    await this.mention(query, owner, resolved.fresh, { resolved, at });
    return resolved;
  }

  /** Notes that the vendor no longer has these records. */
  async markGone(query: Query, tenantId: string, { resource, ids, at }: { resource: ResourceName; ids: readonly string[]; at: Instant }): Promise<number> {
    const gone = await query({
      text: `update ${resource} set deleted_at = $3, changed_at = $3, version = version + 1, content_hash = ''
             where tenant_id = $1 and id = any($2::uuid[]) and deleted_at is null returning id`,
      values: [tenantId, ids, at],
    });
    await query({ text: 'update remote_ids set gone_at = $3 where tenant_id = $1 and id = any($2::uuid[])', values: [tenantId, ids, at] });
    return gone.length;
  }

  /** Records that only others mention get a row that holds their id and nothing else. */
  private async mention(query: Query, owner: Owner, names: readonly RemoteName[], { resolved, at }: { resolved: Resolved; at: Instant }): Promise<void> {
    for (const resource of new Set(names.map((name) => name.resource))) {
      const rows = names
        .filter((name) => name.resource === resource)
        .map(({ ref }) => stub(resource, resolved.id(resource, ref), ref.id, owner));
      await insertMentioned(query, owner, { resource, rows, at });
    }
  }
}

function referencesOf<R extends ResourceName>(resource: R, { record }: Seen<R>): RemoteName[] {
  const names: RemoteName[] = [];
  mapReferences[resource](record, (to, ref) => {
    names.push({ resource: to, ref });
    return ref;
  });
  return names;
}

/** The document as it will be sent: what changes by itself (version, times of ours) is added on the way out. */
function render(id: string, remoteId: string, { connectionId, vendor }: Owner, rest: object): string {
  return JSON.stringify({ id, connectionId, vendor, remoteId, ...rest });
}

function rowOf<R extends ResourceName>(resource: R, seen: Seen<R>, resolved: Resolved, owner: Owner): Row {
  const id = resolved.id(resource, seen.ref);
  const record = mapReferences[resource](seen.record, (to, ref) => resolved.id(to, ref)) as Resources<GatewayId>[R];
  const doc = render(id, seen.ref.id, owner, { ...record, createdAt: seen.createdAt, updatedAt: seen.updatedAt });
  const hash = createHash('sha256').update(doc).update(seen.deletedAt ?? '').digest().subarray(0, 16);
  const columns = TABLES[resource].columns as readonly Column<Resources<GatewayId>[R]>[];
  return { id, doc, hash, deletedAt: seen.deletedAt, values: columns.map((column) => column.of(record)), parties: partiesOf(record) };
}

function partiesOf(record: Resources<GatewayId>[ResourceName]): Row['parties'] {
  if (!('attendees' in record)) return [];
  return [
    ...record.practitionerIds.map((id) => ({ id, role: 'practitioner' }) as const),
    ...record.attendees.map(({ clientId }) => ({ id: clientId, role: 'client' }) as const),
  ];
}

function stub(resource: ResourceName, id: GatewayId, remoteId: string, owner: Owner): Row {
  const record = NOTHING_KNOWN[resource];
  const doc = render(id, remoteId, owner, { ...record, createdAt: null, updatedAt: null });
  const columns = TABLES[resource].columns as readonly Column<unknown>[];
  return { id, doc, hash: Buffer.alloc(0), deletedAt: null, values: columns.map((column) => column.of(record)), parties: [] };
}

interface Batch {
  readonly resource: ResourceName;
  readonly rows: readonly Row[];
  readonly at: Instant;
}
interface Changed {
  readonly id: GatewayId;
  readonly version: number;
}

/** The insert of a whole page, one array a column. A mentioned record starts at version 0, so that its first sight is 1. */
function insertText(resource: ResourceName, mentioned: boolean): string {
  const { columns } = TABLES[resource];
  const own = columns.map(({ name }) => name);
  const arrays = columns.map(({ type }, i) => `$${String(i + 9)}::${type}[]`);
  return `
    insert into ${resource} as t (tenant_id, connection_id, vendor, changed_at, mentioned, version, id, doc, content_hash, deleted_at, ${own.join(', ')})
    select $1, $2, $3, $4, ${String(mentioned)}, ${mentioned ? '0' : '1'}, r.*
    from unnest($5::uuid[], $6::json[], $7::bytea[], $8::timestamptz[], ${arrays.join(', ')}) as r
    on conflict (tenant_id, id) do ${mentioned ? 'nothing' : updateText(own)}
    returning t.id, t.version`;
}

const updateText = (own: readonly string[]): string => `update set
      changed_at = excluded.changed_at, mentioned = false, version = t.version + 1, doc = excluded.doc,
      content_hash = excluded.content_hash, deleted_at = excluded.deleted_at,
      ${own.map((name) => `${name} = excluded.${name}`).join(', ')}
    where t.content_hash <> excluded.content_hash`;

function insert(query: Query, owner: Owner, { resource, rows, at }: Batch, mentioned: boolean): Promise<Changed[]> {
  const name = `${mentioned ? 'mention' : 'mirror'}_${resource}`;
  let text = statements.get(name);
  if (text === undefined) statements.set(name, (text = insertText(resource, mentioned)));
  const { columns } = TABLES[resource];
  return query<Changed & Record<string, unknown>>({
    name,
    text,
    values: [
      owner.tenantId, owner.connectionId, owner.vendor, at,
      rows.map((row) => row.id), rows.map((row) => row.doc), rows.map((row) => row.hash), rows.map((row) => row.deletedAt),
      ...columns.map((_, i) => rows.map((row) => row.values[i])),
    ],
  });
}

const upsert = (query: Query, owner: Owner, batch: Batch): Promise<Changed[]> => insert(query, owner, batch, false);
const insertMentioned = (query: Query, owner: Owner, batch: Batch): Promise<Changed[]> => insert(query, owner, batch, true);

async function storeRaw(query: Query, { tenantId }: Owner, records: readonly { id: string; raw: unknown }[], secretFields: readonly string[]): Promise<void> {
  if (records.length === 0) return;
  const secret = new Set(secretFields);
  await query({
    name: 'raw_records_store',
    text: `insert into raw_records (tenant_id, id, raw) select $1, r.id, r.raw from unnest($2::uuid[], $3::json[]) as r (id, raw)
           on conflict (tenant_id, id) do update set raw = excluded.raw`,
    values: [tenantId, records.map(({ id }) => id), records.map(({ raw }) => JSON.stringify(withoutFields(raw, secret)))],
  });
}

/** Who takes part in which appointment, so that `practitionerId` and `clientId` find every participant by an index. */
async function storeParticipants(query: Query, { tenantId }: Owner, changed: readonly Changed[], rows: readonly Row[]): Promise<void> {
  const versions = new Map(changed.map(({ id, version }) => [id, version]));
  const touched = rows.filter(({ id }) => versions.has(id));
  const again = touched.filter(({ id }) => (versions.get(id) ?? 1) > 1).map(({ id }) => id);
  if (again.length > 0)
    await query({
      text: 'delete from appointment_participants where tenant_id = $1 and appointment_id = any($2::uuid[])',
      values: [tenantId, again],
    });
  const parties = touched.flatMap((row) => row.parties.map((party) => ({ row, party })));
  if (parties.length === 0) return;
  await query({
    name: 'participants_store',
    text: `insert into appointment_participants (tenant_id, appointment_id, sort_start, party_id, role)
           select $1, p.* from unnest($2::uuid[], $3::timestamptz[], $4::uuid[], $5::text[]) as p on conflict do nothing`,
    values: [
      tenantId,
      parties.map(({ row }) => row.id),
      parties.map(({ row }) => row.values[0]),
      parties.map(({ party }) => party.id),
      parties.map(({ party }) => party.role),
    ],
  });
}
