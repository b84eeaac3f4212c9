import type { Agent as HttpAgent } from 'node:http';
import type { Agent as HttpsAgent } from 'node:https';
import type { Auth, TokenStore } from './auth';
import type { Circuit } from './circuit';
import type { VendorClock } from './clock';
import type { ErrorRow, FieldFault } from './error';
import type { LimitGate, Limits } from './limits';
import type { Query } from './url';

/** How to call a vendor for one connection: facts alone, the kit does the calling. */
export interface HttpPolicy {
  /** The API root, without a slash at its end. */
  readonly baseUrl: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly auth: Auth;
  /** Parameters in which the vendor takes credentials, whichever way ours go: no caller may send his own. */
  readonly credentialParameters?: readonly string[];
  readonly limits: Limits;
  /** The vendor's own rows, before the common ones by status. */
  readonly errors: readonly ErrorRow[];
  /** Reads the vendor's code and words out of a refusal's body. */
  readonly explain: (body: unknown) => Explanation;
}
/** What a refusal's body says. `fields` are the canonical fields that it names, each with the vendor's words. */
export interface Explanation {
  readonly code: string | null;
  readonly message: string | null;
  readonly fields?: readonly FieldFault[];
}

/** One call. `operation` names it in errors, logs and metrics: `list clients`. */
export interface VendorRequest {
  readonly operation: string;
  readonly method?: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
  /** Below the base URL, built with path`…`. */
  readonly path: string;
  readonly query?: Query;
  readonly headers?: Readonly<Record<string, string>>;
  readonly json?: unknown;
  /** The request writes, but only what would be the same if written twice, and is not the deed itself: it may be sent again. */
  readonly isRepeatable?: boolean;
}
export interface VendorAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  /** The parsed JSON; null where the vendor sent no body. */
  readonly body: unknown;
}
/** A vendor's API as one connection may use it. Every failure is a VendorError. */
export interface VendorHttp {
  readonly baseUrl: string;
  request(request: VendorRequest): Promise<VendorAnswer>;
}

/** What a caller may send to any endpoint of the vendor. */
export const FORWARDED_METHODS = ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE'] as const;
/** Whether a request changes nothing by its method: it may be sent again. */
export const isRead = ({ method }: { readonly method: string }): boolean =>
  method === 'GET' || method === 'HEAD';
/** A request that a caller wrote himself. Its path begins with a slash and is in its normal form. */
export interface ForwardedRequest {
  readonly method: (typeof FORWARDED_METHODS)[number];
  readonly path: string;
  readonly query: Query;
  readonly headers: Readonly<Record<string, string>>;
  /** As it goes out; null where there is none. */
  readonly body: string | null;
}
/** What the vendor answered, whatever its status, without our credentials. A body that is no JSON is base64. */
export interface ForwardedAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: unknown;
  readonly encoding?: 'base64';
}
/** A vendor's API as a whole, for callers who go past the canonical model. */
export interface ForwardingHttp extends VendorHttp {
  /** Parameters in which the vendor takes credentials: no caller may send his own. */
  readonly ownParameters: readonly string[];
  /** VendorError where no whole answer came. A read may be sent again, anything else never is. */
  forward(request: ForwardedRequest): Promise<ForwardedAnswer>;
}

/** What one call cost, for metrics, logs and Server-Timing. It holds no URL. */
export interface CallReport {
  readonly operation: string;
  readonly status: number | null;
  readonly durationMs: number;
}
/**
 * How long a call may take, until the answer begins and until it is whole, and the first pause before it is tried again.
 * The way there is the agents' matter.
 */
export interface Times {
  readonly firstByteMs: number;
  readonly readMs: number;
  readonly writeMs: number;
  readonly firstPauseMs: number;
}
/** The usual ones. */
export const TIMES: Times = { firstByteMs: 10_000, readMs: 30_000, writeMs: 20_000, firstPauseMs: 250 };
/** The ways out to a URL. They decide which addresses may be connected to, and how long connecting may take. */
export type Agents = (url: string) => { readonly httpAgent: HttpAgent; readonly httpsAgent: HttpsAgent };
/** What the process lends to every call. */
export interface HttpEnvironment {
  readonly tokens: TokenStore;
  readonly gate: LimitGate;
  readonly circuit: Circuit;
  readonly agents: Agents;
  /** Other limits than the usual ones. */
  readonly times?: Times | undefined;
  /** How long a call may wait for a vendor that says "later"; past it the caller is told when. */
  readonly patienceMs: number;
  readonly traceparent: () => string | undefined;
  readonly report: (call: CallReport) => void;
  /** Hears when the vendor says that it is. */
  readonly clock?: VendorClock;
  /** Hears of each request that writes: when it is about to leave, and when the vendor has said yes to it. */
  readonly wrote?: (phase: 'sent' | 'applied') => void;
}
