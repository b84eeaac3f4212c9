import { withoutClients, type Appointment } from '../canonical/appointment';
import type { GatewayId } from '../canonical/ids';
import type { Owner } from '../identity/identity.service';
import { contentHash, stub } from '../mirror/mirror-rows';
import type { Query } from '../platform/database/database';

type Shown = Appointment<GatewayId> & Readonly<Record<string, unknown>>;

/** A client as the tables hold him. */
export interface HeldClient extends Owner {
  readonly id: GatewayId;
  readonly remoteId: string;
  readonly scope: string;
  readonly mark: string | null;
  readonly externalId: string | null;
  readonly version: number;
  /** JSON, both. */
  readonly doc: string;
  readonly raw: string | null;
}

/** Everything that is held of a client; null where the tenant has none of that id. */
export async function heldClient(query: Query, tenantId: string, id: string): Promise<HeldClient | null> {
  const [row] = await query<Omit<HeldClient, 'tenantId'> & Record<string, unknown>>({
    text: `select r.id, r.connection_id as "connectionId", r.vendor, r.remote_id as "remoteId", r.remote_scope as scope, r.mark,
             c.external_id as "externalId", c.version, c.doc, w.raw
           from remote_ids r join clients c on c.tenant_id = r.tenant_id and c.id = r.id
           left join raw_records w on w.tenant_id = r.tenant_id and w.id = r.id
           where r.tenant_id = $1 and r.id = $2 and r.resource = 'clients'`,
    values: [tenantId, id],
  });
  return row ? { ...row, tenantId } : null;
}

/** Remembers under which names the client would come back. */
export async function rememberErased(
  query: Query,
  { tenantId, connectionId }: Owner,
  hashes: readonly Buffer[],
): Promise<void> {
  await query({
    text: `insert into erased_records (tenant_id, connection_id, name_hash)
           select $1, $2, h from unnest($3::bytea[]) h on conflict do nothing`,
    values: [tenantId, connectionId, hashes],
  });
}

/**
 * Takes the client out of the appointments that he takes part in; the mirror's triggers tell of it. Gives what these held
 * before, as JSON.
 */
export async function leaveAppointments(query: Query, { tenantId, id }: HeldClient): Promise<string[]> {
  const rows = await query<{ id: string; doc: string; raw: string | null; deletedAt: string | null }>({
    text: `select a.id, a.doc, w.raw, a.deleted_at as "deletedAt" from appointments a
           left join raw_records w on w.tenant_id = a.tenant_id and w.id = a.id
           where a.tenant_id = $1 and (a.client_id = $2::uuid or a.id in (
             select appointment_id from appointment_participants where tenant_id = $1 and party_id = $2::uuid)
             or position($2::text in a.doc::text) > 0)`,
    values: [tenantId, id],
  });
  const docs = rows.map(({ doc }) => without(doc, id));
  const ids = rows.map((row) => row.id);
  await query({
    text: `update appointments a set doc = s.doc, changed_at = now(), version = a.version + 1,
             client_id = nullif(a.client_id, $2::uuid), content_hash = case when a.content_hash = '' then '' else s.hash end
           from unnest($3::uuid[], $4::json[], $5::bytea[]) as s (id, doc, hash)
           where a.tenant_id = $1 and a.id = s.id`,
    values: [tenantId, id, ids, docs, rows.map(({ deletedAt }, i) => contentHash(docs[i] ?? '', deletedAt))],
  });
  const of = { values: [tenantId, ids] };
  await query({ text: 'delete from raw_records where tenant_id = $1 and id = any($2::uuid[])', ...of });
  await query({
    text: 'update cancellation_reasons set note = null where tenant_id = $1 and id = any($2::uuid[])',
    ...of,
  });
  await query({
    text: 'delete from appointment_participants where tenant_id = $1 and party_id = $2',
    values: [tenantId, id],
  });
  return rows.flatMap(({ doc, raw }) => [doc, ...(raw === null ? [] : [raw])]);
}

/** Takes the client out of what the feed tells of appointments: every event stays, and says less. */
export async function leaveEvents(query: Query, { tenantId, id }: HeldClient): Promise<void> {
  const rows = await query<{ seq: number; doc: string }>({
    text: `select seq, doc from events
           where tenant_id = $1 and resource = 'appointments' and position($2 in doc::text) > 0`,
    values: [tenantId, id],
  });
  await query({
    text: `update events e set doc = s.doc from unnest($2::bigint[], $3::json[]) as s (seq, doc)
           where e.tenant_id = $1 and e.seq = s.seq`,
    values: [tenantId, rows.map(({ seq }) => seq), rows.map(({ doc }) => without(doc, id))],
  });
}

/** Forgets the client, and the events of him; the feed ends with the word that he is gone, which names nobody. */
export async function forget(query: Query, client: HeldClient): Promise<void> {
  const { tenantId, id, connectionId, version } = client;
  await query({
    text: 'delete from remote_ids where tenant_id = $1 and id = $2',
    values: [tenantId, id],
  });
  await query({
    text: `insert into events (tenant_id, type, resource, resource_id, connection_id, occurred_at, changed, doc, tail)
           select $1, 'client.deleted', 'clients', $2, $3, clock_timestamp(), '{deletedAt}', $4,
             format(',"externalId":null,"changedAt":"%1$s","deletedAt":"%1$s","version":%2$s', instant_text(now()), $5::text)`,
    values: [tenantId, id, connectionId, stub('clients', id, '', client).doc, version + 1],
  });
}

const without = (doc: string, id: GatewayId): string =>
  JSON.stringify(withoutClients(JSON.parse(doc) as Shown, (client) => client === id));
