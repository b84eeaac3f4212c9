import { hash } from 'node:crypto';
import type { GatewayId } from '../canonical/ids';
import { mapReferences, NOTHING_KNOWN, type ResourceName, type Resources } from '../canonical/index';
import type { Instant } from '../canonical/values';
import type { Owner, RemoteName, Resolved } from '../identity/identity.service';
import type { Seen } from '../vendors/contract';
import { TABLES, type Column } from './tables';

/** A record as the mirror keeps it. */
export interface Row {
  readonly id: GatewayId;
  readonly values: readonly unknown[];
  readonly doc: string;
  readonly hash: Buffer;
  readonly deletedAt: Instant | null;
  /** The vendor put it away, and may not say when. */
  readonly isArchived: boolean;
  /** The vendor tells when it changed: where it does not, fields of the vendor's own may change unseen. */
  readonly isDated: boolean;
  /** What the vendor's field for a caller's id holds. */
  readonly mark: string | null;
  /** The vendor's own record. */
  readonly raw: unknown;
  /** Who takes part besides the primary ones, where the record is an appointment. */
  readonly others: readonly GatewayId[];
}

/** What a record points at. */
export function referencesOf<R extends ResourceName>(resource: R, { record }: Seen<R>): RemoteName[] {
  const names: RemoteName[] = [];
  mapReferences[resource](record, (to, ref) => {
    names.push({ resource: to, ref });
    return ref;
  });
  return names;
}

/** The document as it will be sent: what changes by itself (version, times of ours) is added on the way out. */
function render<R extends ResourceName>(
  { connectionId, vendor }: Owner,
  { id, remoteId }: { readonly id: GatewayId; readonly remoteId: string },
  record: Resources<GatewayId>[R],
  { createdAt, updatedAt }: Pick<Seen<R>, 'createdAt' | 'updatedAt'>,
): string {
  return JSON.stringify({ id, connectionId, vendor, remoteId, ...record, createdAt, updatedAt });
}

/** What tells a record from the same with other content. */
export const contentHash = (doc: string, deletedAt: Instant | null): Buffer =>
  hash('sha256', doc + (deletedAt ?? ''), 'buffer').subarray(0, 16);

/** A seen record as a row, its references translated. */
export function rowOf<R extends ResourceName>(
  resource: R,
  seen: Seen<R>,
  resolved: Resolved,
  owner: Owner,
): Row {
  const id = resolved.id(resource, seen.ref);
  const record: Resources<GatewayId>[R] = mapReferences[resource](seen.record, (to, ref) =>
    resolved.id(to, ref),
  );
  const doc = render(owner, { id, remoteId: seen.ref.id }, record, seen);
  const columns = TABLES[resource].columns;
  return {
    id,
    doc,
    hash: contentHash(doc, seen.deletedAt),
    deletedAt: seen.deletedAt,
    isArchived: 'status' in record && record.status === 'archived',
    isDated: seen.updatedAt !== null,
    values: columns.map((column) => column.of(record)),
    mark: seen.mark,
    raw: seen.raw,
    others: othersOf(record),
  };
}

/** Who takes part besides the primary practitioner and client. */
function othersOf(record: Resources<GatewayId>[ResourceName]): readonly GatewayId[] {
  if (!('attendees' in record)) return [];
  const all = [...record.practitionerIds, ...record.attendees.map(({ clientId }) => clientId)];
  return [...new Set(all)].filter((id) => id !== record.practitionerId && id !== record.clientId);
}

/** The row of a record that only another one mentions: it holds its id and nothing else. */
export function stub(resource: ResourceName, id: GatewayId, remoteId: string, owner: Owner): Row {
  const record = NOTHING_KNOWN[resource];
  const doc = render(owner, { id, remoteId }, record, { createdAt: null, updatedAt: null });
  const columns = TABLES[resource].columns as readonly Column<unknown>[];
  return {
    id,
    doc,
    hash: Buffer.alloc(0),
    deletedAt: null,
    isArchived: false,
    isDated: false,
    values: columns.map((column) => column.of(record)),
    mark: null,
    raw: null,
    others: [],
  };
}
