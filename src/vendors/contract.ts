import type { AppointmentStatus, CancellationReason } from '../canonical/appointment';
import type { ResourceName, Resources } from '../canonical/index';
import type { RemoteRef } from '../canonical/ids';
import type { Slot } from '../canonical/slot';
import type { Instant } from '../canonical/values';
import type { CommonSettings } from './kit/config';
import type { HttpPolicy, VendorHttp } from './kit/policy';
import type { Warning } from './kit/words';

/** What an adapter can do with a resource. `incremental`: its list honours `updatedSince`. */
export const OPERATIONS = ['list', 'get', 'create', 'update', 'delete', 'cancel', 'incremental'] as const;
export type Capability = (typeof OPERATIONS)[number];

/** How a deletion is noticed: `flag` records carry its time, `list` the vendor lists what is gone, `full_scan` a complete read lacks it. */
export const DELETION_SIGNS = ['flag', 'list', 'full_scan'] as const;
export type DeletionSign = (typeof DELETION_SIGNS)[number];

/**
 * What a resource supports, as data: the matrix of `GET /v1/vendors`. What it does not promise is refused before the vendor
 * is asked. Fields below others are named by their path (`address.city`).
 */
export interface ResourceCapabilities {
  readonly operations: readonly Capability[];
  /** The canonical fields that a write reaches, `notifyClient` among them where the vendor tells the client itself. */
  readonly writableFields: readonly string[];
  /** Those of them that only a create reaches, and those that only a change does. */
  readonly onlyOnCreate?: readonly string[];
  readonly onlyOnUpdate?: readonly string[];
  /** Without which the vendor makes no record. */
  readonly requiredFields?: readonly string[];
  /** Those that can be written and are never read back (a note that no answer shows, say). */
  readonly writeOnlyFields?: readonly string[];
  /** The words that `status` can be set to, and those from which there is no way back. */
  readonly statuses?: readonly AppointmentStatus[];
  readonly finalStatuses?: readonly AppointmentStatus[];
  /** Operations and statuses that are offered only where this setting of the connection is true. */
  readonly onlyWith?: Readonly<Record<string, string>>;
  readonly deletions: DeletionSign;
}
export type Capabilities = { readonly [R in ResourceName]?: ResourceCapabilities };

/** A vendor's record in our words. It points at other records by the vendor's ids. */
export type Remote<R extends ResourceName> = Resources<RemoteRef>[R];

/** What a mapper makes of one record. */
export interface Mapped<R extends ResourceName> {
  readonly ref: RemoteRef;
  /** What the vendor's field for a caller's id holds; null where empty, or where there is none. */
  readonly mark: string | null;
  readonly createdAt: Instant | null;
  readonly updatedAt: Instant | null;
  /** When the vendor deleted or archived the record; null while it stands. */
  readonly deletedAt: Instant | null;
  readonly record: Remote<R>;
  /** Words that no table knew. */
  readonly warnings: readonly Warning[];
}

/** What a write asks for, in our words. An absent field stays as it is (or takes the vendor's default), null clears it. */
export type Draft<R extends ResourceName> = Partial<Remote<R>>;

/**
 * Vendor shape to canonical shape and back: pure (no clock, no network, no ids of ours). `toCanonical` is one object
 * literal that lists every canonical field and throws InvalidRecord where the record cannot be read. `toVendor` gives the
 * body of a request with what the draft names and nothing else, or throws Refusal where the vendor cannot hold a value.
 */
export interface Mapper<R extends ResourceName, Wire, Settings> {
  toCanonical(wire: Wire, settings: Settings): Mapped<R>;
  toVendor?(draft: Draft<R>, settings: Settings): unknown;
}

/** A mapped record with the vendor's own, as stored for `include=remote` (secrets are dropped before). */
export interface Seen<R extends ResourceName> extends Mapped<R> {
  readonly raw: unknown;
}
/** A record that could not be read; the rest of its page goes on. */
export interface SetAside {
  readonly remoteId: string | null;
  readonly code: 'invalid_record';
  readonly message: string;
}
/** A part of a list. `next` resumes after it (`ListQuery.resumeAt`), null at the end. */
export interface Page<R extends ResourceName> {
  readonly items: readonly Seen<R>[];
  readonly setAside: readonly SetAside[];
  readonly next: string | null;
}

/** What to list. `window` bounds appointments alone; `updatedSince` is heeded where `incremental` is promised. */
export interface ListQuery {
  readonly window: { readonly from: Instant; readonly to: Instant };
  readonly updatedSince: Instant | null;
  readonly resumeAt: string | null;
}

/** What the gateway knows of a record that a write names. */
export interface KnownRecord {
  /** Our id: what is written into the vendor's field for a caller's id. */
  readonly id: string;
  /** What that field held when the record was last seen; null where it was empty, or where there is none. */
  readonly mark: string | null;
  /** When the record was last seen at the vendor; null where only another record mentions it. */
  readonly seenAt: Instant | null;
}
/** What goes with a write, besides its content. */
export interface WriteCall {
  /** Our id of the record that is made or changed. */
  readonly id: string;
  /** When the gateway took the write on; for `find` by the vendor's clock. What a lost create made is no older. */
  readonly since: Instant;
  /** Whether the vendor shall tell the client. */
  readonly notifyClient: boolean;
  /** Where a new client belongs, at a vendor that keeps clients by location; null where the caller did not say. */
  readonly location: RemoteRef | null;
  /** What is known of a record that the write names; null for a reference of the vendor's own. */
  known(resource: ResourceName, ref: RemoteRef): KnownRecord | null;
  /** Notes that a record's field for a caller's id was filled, or found filled, with `mark`. */
  marked(resource: ResourceName, ref: RemoteRef, mark: string): void;
}
/** Why an appointment is cancelled. What the vendor cannot hold of it is not the adapter's to keep. */
export type CancelReason = Readonly<{ reason: CancellationReason | null; note: string | null }>;
/** One write of several that go out together. */
export type BulkItem<R extends ResourceName> =
  | { readonly op: 'create'; readonly draft: Draft<R>; readonly call: WriteCall }
  | { readonly op: 'update'; readonly ref: RemoteRef; readonly patch: Draft<R>; readonly call: WriteCall }
  | { readonly op: 'cancel'; readonly ref: RemoteRef; readonly why: CancelReason; readonly call: WriteCall };

/**
 * The operations of a resource. A write gives back what the vendor holds after it. It sends the one request that does the
 * deed once (a step that may be repeated says so, `VendorRequest.isRepeatable`), and throws: Refusal before anything was
 * sent, VendorError afterwards.
 */
export interface Port<R extends ResourceName> {
  /** The list may lack a record that stands, as only the vendor's count proves it whole: who is missing is asked for. */
  readonly mayMiss?: true;
  list(query: ListQuery): AsyncIterable<Page<R>>;
  /** The record as the vendor has it now, deleted ones too where the vendor shows them; null where it has none. */
  get(ref: RemoteRef): Promise<Seen<R> | null>;
  create(draft: Draft<R>, call: WriteCall): Promise<Seen<R>>;
  update(ref: RemoteRef, patch: Draft<R>, call: WriteCall): Promise<Seen<R>>;
  /** What the vendor still shows of the record; null where nothing. */
  delete(ref: RemoteRef, call: WriteCall): Promise<Seen<R> | null>;
  cancel(ref: RemoteRef, why: CancelReason, call: WriteCall): Promise<Seen<R>>;
  /**
   * Looks for what a create whose answer was lost may have made: by the vendor's field for a caller's id, else every
   * record made since then that equals the draft. It changes nothing.
   */
  find(draft: Draft<R>, call: WriteCall): Promise<readonly Seen<R>[]>;
  /** Several writes in as few requests as the vendor allows; one outcome for each item, in their order. */
  bulk(items: readonly BulkItem<R>[]): Promise<readonly (Seen<R> | Error)[]>;
}
type Operation = keyof Port<ResourceName>;
type Promised<O extends Capability> = Extract<O, Operation> | ('create' extends O ? 'find' : never);

/** Exactly the operations that the capabilities promise (a create can be looked for, too): a promise not kept does not compile. */
export type PortsFor<C extends Capabilities> = {
  readonly [R in keyof C & ResourceName]: Pick<Port<R>, Promised<NonNullable<C[R]>['operations'][number]>> &
    Partial<Pick<Port<R>, 'bulk' | 'mayMiss'>>;
};
/** The same with every operation optional: what the rest of the gateway holds. */
export type Ports = { readonly [R in ResourceName]?: Partial<Port<R>> };

/** What availability is asked for; ids are the vendor's. `from` and `to` bound slots half-open. */
export interface AvailabilityQuery {
  readonly practitioner: RemoteRef | null;
  readonly service: RemoteRef | null;
  readonly location: RemoteRef | null;
  readonly from: Instant;
  readonly to: Instant;
}
export interface Availability {
  readonly slots: readonly Slot<RemoteRef>[];
  /** What the vendor does not offer online, said in words. */
  readonly warnings: readonly string[];
}
/** Answers what can be booked. `needs` are the ids without which the vendor cannot be asked. */
export interface AvailabilityPort {
  find(query: AvailabilityQuery): Promise<Availability>;
}
export type AvailabilityNeed = 'practitioner' | 'service' | 'location';

/** A connection's credentials and settings, validated by the vendor's classes. */
export interface Configured<Credentials, Settings> {
  readonly credentials: Credentials;
  readonly settings: Settings;
}

/** All that the gateway knows of a vendor. Made by `defineVendor` in the vendor's `index.ts`, found by the registry. */
export interface VendorDefinition<
  C extends Capabilities,
  Credentials extends object,
  Settings extends CommonSettings,
> {
  /** The folder's name; `vendor` in every answer. */
  readonly name: string;
  readonly title: string;
  /** The vendor's public documentation. */
  readonly docs: string;
  /** Made-up credentials and settings of the right form. */
  readonly example: { readonly credentials: object; readonly settings: object };
  /** The vendor's own hosts, whole (anchored) expressions over `host[:port]`; others only by the operator's allowlist. */
  readonly hosts: readonly RegExp[];
  /** class-validator classes: validation and JSON Schema come from them. */
  readonly credentials: new () => Credentials;
  readonly settings: new () => Settings;
  /** Completes what the caller left out, from the rest (a base URL from a part of the key, say). Runs before validation. */
  readonly complete?: (given: {
    credentials: Record<string, unknown>;
    settings: Record<string, unknown>;
  }) => Record<string, unknown>;
  readonly capabilities: C;
  readonly mappers: { readonly [R in keyof C & ResourceName]: Mapper<R, never, Settings> };
  /** Fields that the vendor should not hand out (tokens, card numbers): dropped wherever they stand, before anything is stored. */
  readonly secretFields: readonly string[];
  /** Every base URL that the connection will call: checked before it is stored and before each call. */
  urls(connection: Configured<Credentials, Settings>): readonly string[];
  http(connection: Configured<Credentials, Settings>): HttpPolicy;
  /** Calls the vendor with the credentials; `account` is what they belong to, in the vendor's words. */
  check(http: VendorHttp, settings: Settings): Promise<{ readonly account: string | null }>;
  ports(http: VendorHttp, settings: Settings): PortsFor<C>;
  readonly availability?: {
    readonly needs: readonly AvailabilityNeed[];
    port(http: VendorHttp, settings: Settings): AvailabilityPort;
  };
}

/** A vendor whose types are forgotten: what the registry hands out. */
export interface Vendor extends Omit<
  VendorDefinition<Capabilities, object, CommonSettings>,
  'mappers' | 'ports' | 'credentials' | 'settings' | 'urls' | 'http' | 'check' | 'availability'
> {
  readonly credentials: new () => object;
  readonly settings: new () => CommonSettings;
  readonly mappers: { readonly [R in ResourceName]?: Mapper<R, never, never> };
  urls(connection: Configured<object, CommonSettings>): readonly string[];
  http(connection: Configured<object, CommonSettings>): HttpPolicy;
  check(http: VendorHttp, settings: CommonSettings): Promise<{ readonly account: string | null }>;
  ports(http: VendorHttp, settings: CommonSettings): Ports;
  readonly availability?: {
    readonly needs: readonly AvailabilityNeed[];
    port(http: VendorHttp, settings: CommonSettings): AvailabilityPort;
  };
}

/** Declares a vendor; the compiler holds its ports to its capabilities. */
export const defineVendor = <const C extends Capabilities, Cr extends object, S extends CommonSettings>(
  vendor: VendorDefinition<C, Cr, S>,
): Vendor => vendor;
