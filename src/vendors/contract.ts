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

/**
 * How a deletion at the vendor is noticed: `flag` the records carry a time of deletion, `list` the vendor lists what was
 * deleted, `full_scan` only by a complete read in which the record is missing.
 */
export const DELETION_SIGNS = ['flag', 'list', 'full_scan'] as const;
export type DeletionSign = (typeof DELETION_SIGNS)[number];

/** What one resource of a vendor supports, as data: the matrix of `GET /v1/vendors` is this. */
export interface ResourceCapabilities {
  readonly operations: readonly Capability[];
  /** The canonical fields that a write reaches. */
  readonly writableFields: readonly string[];
  readonly deletions: DeletionSign;
}
export type Capabilities = { readonly [R in ResourceName]?: ResourceCapabilities };

/** A vendor's record in our words. It points at other records by the vendor's ids. */
export type Remote<R extends ResourceName> = Resources<RemoteRef>[R];

/** What a mapper makes of one record. */
export interface Mapped<R extends ResourceName> {
  readonly ref: RemoteRef;
  /** What the vendor's field for a caller's id holds (Progenda `remote_id`); null where empty, or where there is none. */
  readonly mark: string | null;
  readonly createdAt: Instant | null;
  readonly updatedAt: Instant | null;
  /** When the vendor deleted or archived the record; null while it stands. */
  readonly deletedAt: Instant | null;
  readonly record: Remote<R>;
  /** Words that no table knew. */
  readonly warnings: readonly Warning[];
}

/**
 * Vendor shape to canonical shape: pure (no clock, no network, no ids of ours), one object literal that lists every
 * canonical field. Throws InvalidRecord where the record cannot be read; never drops anything silently.
 */
export interface Mapper<R extends ResourceName, Wire, Settings> {
  toCanonical(wire: Wire, settings: Settings): Mapped<R>;
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

/** The operations of a resource. */
export interface Port<R extends ResourceName> {
  list(query: ListQuery): AsyncIterable<Page<R>>;
  /** The record as the vendor has it now, deleted ones too where the vendor shows them; null where it has none. */
  get(ref: RemoteRef): Promise<Seen<R> | null>;
}
type Operation = keyof Port<ResourceName>;

/** Exactly the operations that the capabilities promise: a promise not kept does not compile. */
export type PortsFor<C extends Capabilities> = {
  readonly [R in keyof C & ResourceName]: Pick<
    Port<R>,
    Extract<NonNullable<C[R]>['operations'][number], Operation>
  >;
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
  /** Completes what the caller left out, from the rest (Cliniko's base URL from the key's shard). Runs before validation. */
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
