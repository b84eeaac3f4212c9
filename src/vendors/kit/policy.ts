import type { Auth, TokenStore } from './auth';
import type { ErrorRow } from './error';
import type { LimitGate, Limits } from './limits';
import type { Query } from './url';

/** How to call a vendor for one connection: facts alone, the kit does the calling. */
export interface HttpPolicy {
  /** The API root, without a slash at its end. */
  readonly baseUrl: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly auth: Auth;
  readonly limits: Limits;
  /** The vendor's own rows, before the common ones by status. */
  readonly errors: readonly ErrorRow[];
  /** Reads the vendor's code and words out of a refusal's body. */
  readonly explain: (body: unknown) => { readonly code: string | null; readonly message: string | null };
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

/** What one call cost, for metrics, logs and Server-Timing. It holds no URL. */
export interface CallReport {
  readonly operation: string;
  readonly status: number | null;
  readonly durationMs: number;
}
/** What the process lends to every call. */
export interface HttpEnvironment {
  readonly tokens: TokenStore;
  readonly gate: LimitGate;
  /** How long a call may wait for a vendor that says "later"; past it the caller is told when. */
  readonly patienceMs: number;
  readonly traceparent: () => string | undefined;
  readonly report: (call: CallReport) => void;
}
