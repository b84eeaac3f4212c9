import type { ResourceName } from '../canonical/index';
import type { Instant } from '../canonical/values';
import type { Query, Statement } from '../platform/database/database';

/** A record as the mirror holds it, parsed: for those who change it, not for those who read it. */
export interface PeekedRecord {
  readonly record: Readonly<Record<string, unknown>>;
  readonly version: number;
  readonly deletedAt: Instant | null;
}
export interface PeekedRow extends Record<string, unknown> {
  readonly doc: string;
  readonly version: number;
  readonly deleted_at: Instant | null;
}
/** A span of a practitioner's time. */
export interface TakenTime {
  readonly practitionerIds: readonly string[];
  readonly start: Instant;
  readonly end: Instant;
}

export const peekStatement = (tenantId: string, resource: ResourceName, id: string): Statement => ({
  name: `peek_${resource}`,
  text: `select doc, version, deleted_at from ${resource} where tenant_id = $1 and id = $2 and not mentioned`,
  values: [tenantId, id],
});

export const peeked = (row: PeekedRow | undefined): PeekedRecord | null =>
  row
    ? {
        record: JSON.parse(row.doc) as PeekedRecord['record'],
        version: row.version,
        deletedAt: row.deleted_at,
      }
    : null;

/** Whether one of the practitioners is booked in that time already, by another appointment than `except`. */
export async function isTaken(
  query: Query,
  tenantId: string,
  { practitionerIds, start, end }: TakenTime,
  except: string | null,
): Promise<boolean> {
  const rows = await query({
    name: 'appointments_taken',
    text: `select 1 from appointments t
           where t.tenant_id = $1 and t.deleted_at is null and t.status in ('booked', 'pending', 'arrived')
             and t.sort_start < $4::timestamptz and t.end_at > $3::timestamptz and t.id is distinct from $5::uuid
             and (t.practitioner_id = any($2::uuid[]) or t.id in (
               select appointment_id from appointment_participants where tenant_id = $1 and party_id = any($2::uuid[])))
           limit 1`,
    values: [tenantId, practitionerIds, start, end, except],
  });
  return rows.length > 0;
}

/** Whether a record of the tenant has the caller's id, another one than `except`. */
export async function hasExternalId(
  query: Query,
  tenantId: string,
  { resource, externalId, except }: { resource: ResourceName; externalId: string; except: string | null },
): Promise<boolean> {
  const rows = await query({
    text: `select 1 from ${resource} where tenant_id = $1 and external_id = $2 and id is distinct from $3::uuid`,
    values: [tenantId, externalId, except],
  });
  return rows.length > 0;
}
