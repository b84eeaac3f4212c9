import { newId } from '../platform/ids';

export const AUDIT_ACTORS = ['api_key', 'sync', 'operator'] as const;
/** `unknown`: it may have been done at the vendor, and nobody knows. */
export const AUDIT_OUTCOMES = ['done', 'refused', 'unknown'] as const;

/** Who did it: a tenant's key, a sync by itself, or the operator. */
export interface AuditActor {
  readonly kind: (typeof AUDIT_ACTORS)[number];
  /** Of the key, or of the sync; the operator has none. */
  readonly id: string | null;
}
/** One operation on clients' data. Nothing of it may hold such data: ids, words of ours and numbers only. */
export interface AuditEntry {
  readonly tenantId: string;
  readonly actor: AuditActor;
  /** The record's kind and what was done: `client.read`, `appointment.updated`. */
  readonly action: string;
  readonly resource: string;
  /** The records that were read or changed. */
  readonly resourceIds: readonly string[];
  /** The clients whom those records are about, where they are no clients themselves. */
  readonly clientIds?: readonly string[];
  readonly connectionId: string | null;
  readonly outcome: (typeof AUDIT_OUTCOMES)[number];
  /** The HTTP status that the caller got; null where nobody waited for one. */
  readonly status: number | null;
  /** Of the request that is being served, if left out. */
  readonly requestId?: string | null;
  readonly detail?: AuditDetail;
}
export type AuditDetail = Readonly<Record<string, string | number | boolean | null | readonly string[]>>;

/** What is stored: rows of audit_events, and of audit_subjects, each as JSON. */
export interface AuditRows {
  readonly events: readonly string[];
  readonly subjects: readonly string[];
}

const HOUR_MS = 3_600_000;

/** The moment that an id of version 7 holds. */
export const millisecondsOf = (id: string): number => Number.parseInt(id.slice(0, 8) + id.slice(9, 13), 16);

/** The hour of a moment: how records are found again, see audit_subjects. */
export const hourOf = (milliseconds: number): number => Math.floor(milliseconds / HOUR_MS);

/** An entry as a row, made now. It is a text of its own, and holds on to none that its ids were cut out of. */
export function eventOf(entry: AuditEntry, requestId: string | null): { row: string; hour: number } {
  const id = newId();
  const at = millisecondsOf(id);
  const row = JSON.stringify({
    tenant_id: entry.tenantId,
    id,
    at: new Date(at).toISOString(),
    actor_kind: entry.actor.kind,
    actor_id: entry.actor.id,
    action: entry.action,
    resource: entry.resource,
    resource_ids: entry.resourceIds,
    client_ids: entry.clientIds ?? [],
    connection_id: entry.connectionId,
    outcome: entry.outcome,
    status: entry.status,
    request_id: entry.requestId === undefined ? requestId : entry.requestId,
    detail: entry.detail ?? {},
  });
  return { row, hour: hourOf(at) };
}

/** A record that appears in the audit in that hour, as a row. */
export const subjectOf = (tenantId: string, id: string, hour: number): string =>
  `{"tenant_id":"${tenantId}","subject_id":"${id}","hour":${String(hour)}}`;
