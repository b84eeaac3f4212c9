import type { GatewayId } from '../canonical/ids';
import type { ResourceName } from '../canonical/index';
import type { Instant } from '../canonical/values';
import type { Owner } from '../identity/identity.service';
import type { Query, Statement } from '../platform/database/database';
import { jsonArray } from '../platform/database/json-array';
import { jsonWithout } from '../vendors/kit/json';
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

/** Where a vendor does not say when it archived a record, it is when we first saw it so: that time stays. */
const updateText = (own: readonly string[]): string => `update set
      changed_at = excluded.changed_at, mentioned = false, version = t.version + 1, doc = excluded.doc,
      content_hash = excluded.content_hash, deleted_at = case
        when excluded.deleted_at = excluded.changed_at then coalesce(t.deleted_at, excluded.deleted_at)
        else excluded.deleted_at end,
      ${own.map((name) => `${name} = excluded.${name}`).join(', ')}
    where t.content_hash <> excluded.content_hash`;

function insert(owner: Owner, { resource, rows, at }: Batch, mentioned: boolean): Statement {
  const name = `${mentioned ? 'mention' : 'mirror'}_${resource}`;
  let text = statements.get(name);
  if (text === undefined) statements.set(name, (text = insertText(resource, mentioned)));
  const { columns } = TABLES[resource];
  return {
    name,
    text,
    values: [
      owner.tenantId,
      owner.connectionId,
      owner.vendor,
      at,
      rows.map((row) => row.id),
      jsonArray(rows.map((row) => row.doc)),
      rows.map((row) => row.hash),
      rows.map(({ deletedAt, isArchived }) => deletedAt ?? (isArchived ? at : null)),
      ...columns.map((_, i) => rows.map((row) => row.values[i])),
    ],
  };
}

/** Takes the tenant's turn of changing records, as the tables' own triggers do: from here on nobody else changes any. */
export function lineUpForEvents(query: Query, tenantId: string): void {
  query.later({
    name: 'events_turn',
    text: "select pg_advisory_xact_lock(hashtextextended('events of ' || $1::text, 0))",
    values: [tenantId],
  });
}

/** Writes the rows whose content differs. */
export const upsert = (owner: Owner, batch: Batch): Statement => insert(owner, batch, false);
/** Writes rows for records that are only mentioned, where there are none. */
export const insertMentioned = (owner: Owner, batch: Batch): Statement => insert(owner, batch, true);

/** Keeps the vendor's own records, without what should not be kept. */
export function storeRaw(
  query: Query,
  { tenantId }: Owner,
  rows: readonly Row[],
  secret: ReadonlySet<string>,
): void {
  if (rows.length === 0) return;
  query.later({
    name: 'raw_records_store',
    text: `insert into raw_records as w (tenant_id, id, raw)
           select $1, r.id, r.raw from unnest($2::uuid[], $3::json[]) as r (id, raw)
           on conflict (tenant_id, id) do update set raw = excluded.raw where w.raw::text <> excluded.raw::text`,
    values: [tenantId, rows.map(({ id }) => id), jsonArray(rows.map(({ raw }) => jsonWithout(raw, secret)))],
  });
}

/** Who else takes part in which appointment, so that `practitionerId` and `clientId` find every participant by an index. */
export function storeParticipants(
  query: Query,
  { tenantId }: Owner,
  rows: readonly Row[],
  isNew: (id: GatewayId) => boolean,
): void {
  const again = rows.filter(({ id }) => !isNew(id)).map(({ id }) => id);
  const parties = rows.flatMap((row) => row.others.map((party) => ({ appointment: row.id, party })));
  const pairs = [parties.map(({ appointment }) => appointment), parties.map(({ party }) => party)];
  if (again.length > 0)
    query.later({
      name: 'participants_clear',
      text: `delete from appointment_participants where tenant_id = $1 and appointment_id = any($2::uuid[])
               and (appointment_id, party_id) not in (select * from unnest($3::uuid[], $4::uuid[]))`,
      values: [tenantId, again, ...pairs],
    });
  if (parties.length === 0) return;
  query.later({
    name: 'participants_store',
    text: `insert into appointment_participants (tenant_id, appointment_id, party_id)
           select $1, p.* from unnest($2::uuid[], $3::uuid[]) as p on conflict do nothing`,
    values: [tenantId, ...pairs],
  });
}
