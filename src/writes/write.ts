import type { RemoteRef } from '../canonical/ids';
import type { ResourceName } from '../canonical/index';
import type { Instant } from '../canonical/values';
import type { CancelReason, Draft, KnownRecord, WriteCall } from '../vendors/contract';

/** The resources that can be written through the gateway. */
export type WritableResource = Extract<ResourceName, 'appointments' | 'clients'>;
export type WriteOperation = 'create' | 'update' | 'delete' | 'cancel';

/** Who asks, and where: what an answer that is kept for later must repeat. */
export interface Asker {
  readonly tenantId: string;
  readonly apiKeyId: string;
  readonly requestId: string;
  /** The path of the request, for a problem's `instance`. */
  readonly instance: string;
}
/** The key under which a request happens once, with what tells it from another request. */
export interface Key {
  readonly key: string;
  /** Which operation of a batch; -1 is the request as a whole. */
  readonly part: number;
  readonly hash: Buffer;
}

/** What a caller wants of a record, its values checked; references are our ids. */
export interface Wish {
  readonly op: WriteOperation;
  readonly resource: WritableResource;
  /** The record; null where it is to be made. */
  readonly id: string | null;
  readonly connectionId: string | null;
  /** The canonical fields that the caller named; null clears. */
  readonly fields: Readonly<Record<string, unknown>>;
  readonly externalId?: string | null | undefined;
  readonly notifyClient: boolean;
  readonly conflictPolicy: 'vendor' | 'reject';
  readonly why: CancelReason;
  /** Throws where the caller has seen another version than the one that stands. */
  readonly requireVersion: (version: number) => void;
}

/** A write as it is kept from before its first byte leaves: all that is needed to look for its outcome later. */
export interface WriteRequest {
  readonly asker: Asker;
  readonly vendor: string;
  readonly notifyClient: boolean;
  readonly location: RemoteRef | null;
  /** Null where the record is to be made. */
  readonly ref: RemoteRef | null;
  readonly draft: Draft<WritableResource>;
  readonly why: CancelReason;
  readonly externalId?: string | null | undefined;
  readonly known: readonly (KnownRecord & { readonly resource: ResourceName; readonly ref: RemoteRef })[];
  /** The vendor's time of the record's last change before the write; null where it gives none. */
  readonly updatedAt: Instant | null;
}
/** A write that was begun. */
export interface Write {
  readonly tenantId: string;
  readonly id: string;
  readonly connectionId: string;
  readonly resource: WritableResource;
  readonly op: WriteOperation;
  readonly recordId: string;
  readonly request: WriteRequest;
  readonly key: Pick<Key, 'key' | 'part'> | null;
  readonly createdAt: Instant;
  /** How often it was looked for. */
  readonly looks: number;
}

/** An answer as it is sent, and kept under its key to be sent again, byte for byte. */
export interface Answer {
  readonly status: number;
  readonly body: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly isReplay?: boolean;
}

/** How many writes of its kind a session has sent, and how many the vendor said yes to. */
export interface Trace {
  sent: number;
  applied: number;
  /** Until when, in milliseconds since 1970, nobody else looks for the write; null before its intent is kept. */
  heldUntil: number | null;
}

/** What goes with a write to the vendor. `marks` collects what fields for a caller's id were found or filled with. */
export function callOf({ recordId, createdAt, request }: Write, marks: Map<string, string>): WriteCall {
  const find = (resource: ResourceName, ref: RemoteRef): (typeof request.known)[number] | undefined =>
    request.known.find(
      (one) => one.resource === resource && one.ref.id === ref.id && one.ref.scope === ref.scope,
    );
  return {
    id: recordId,
    since: createdAt,
    notifyClient: request.notifyClient,
    location: request.location,
    known: (resource, ref) => find(resource, ref) ?? null,
    marked: (resource, ref, mark) => {
      const record = find(resource, ref);
      if (record) marks.set(record.id, mark);
    },
  };
}
