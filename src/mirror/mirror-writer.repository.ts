import type { GatewayId } from '../canonical/ids';
import type { ResourceName } from '../canonical/index';
import type { Instant } from '../canonical/values';
import type { Owner } from '../identity/identity.service';
import type { Query } from '../platform/database/database';
import { withoutFields } from '../vendors/kit/json';
import type { Row } from './mirror-rows';
import { TABLES } from './tables';

const statements = new Map<string, string>();

/** Rows of one resource, and when they were seen. */
export interface Batch {
  readonly resource: ResourceName;
  readonly rows: readonly Row[];
  readonly at: Instant;
}
/** A row that was written; version 1 is a record's first sight. */
export interface Changed {
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

function insert(
  query: Query,
  owner: Owner,
  { resource, rows, at }: Batch,
  mentioned: boolean,
): Promise<Changed[]> {
  const name = `${mentioned ? 'mention' : 'mirror'}_${resource}`;
  let text = statements.get(name);
  if (text === undefined) statements.set(name, (text = insertText(resource, mentioned)));
  const { columns } = TABLES[resource];
  return query<Changed & Record<string, unknown>>({
    name,
    text,
    values: [
      owner.tenantId,
      owner.connectionId,
      owner.vendor,
      at,
      rows.map((row) => row.id),
      rows.map((row) => row.doc),
      rows.map((row) => row.hash),
      rows.map((row) => row.deletedAt),
      ...columns.map((_, i) => rows.map((row) => row.values[i])),
    ],
  });
}

/** Writes the rows whose content differs. */
export const upsert = (query: Query, owner: Owner, batch: Batch): Promise<Changed[]> =>
  insert(query, owner, batch, false);
/** Writes rows for records that are only mentioned, where there are none. */
export const insertMentioned = (query: Query, owner: Owner, batch: Batch): Promise<Changed[]> =>
  insert(query, owner, batch, true);

/** Keeps the vendor's own records, without what should not be kept. */
export async function storeRaw(
  query: Query,
  { tenantId }: Owner,
  rows: readonly Row[],
  secret: ReadonlySet<string>,
): Promise<void> {
  if (rows.length === 0) return;
  await query({
    name: 'raw_records_store',
    text: `insert into raw_records (tenant_id, id, raw) select $1, r.id, r.raw from unnest($2::uuid[], $3::json[]) as r (id, raw)
           on conflict (tenant_id, id) do update set raw = excluded.raw`,
    values: [
      tenantId,
      rows.map(({ id }) => id),
      rows.map(({ raw }) => JSON.stringify(withoutFields(raw, secret))),
    ],
  });
}

/** Who else takes part in which appointment, so that `practitionerId` and `clientId` find every participant by an index. */
export async function storeParticipants(
  query: Query,
  { tenantId }: Owner,
  rows: readonly Row[],
  versions: ReadonlyMap<string, number>,
): Promise<void> {
  const again = rows.filter(({ id }) => (versions.get(id) ?? 1) > 1).map(({ id }) => id);
  if (again.length > 0)
    await query({
      text: 'delete from appointment_participants where tenant_id = $1 and appointment_id = any($2::uuid[])',
      values: [tenantId, again],
    });
  const parties = rows.flatMap((row) => row.others.map((party) => ({ appointment: row.id, party })));
  if (parties.length === 0) return;
  await query({
    name: 'participants_store',
    text: `insert into appointment_participants (tenant_id, appointment_id, party_id)
           select $1, p.* from unnest($2::uuid[], $3::uuid[]) as p`,
    values: [tenantId, parties.map(({ appointment }) => appointment), parties.map(({ party }) => party)],
  });
}
