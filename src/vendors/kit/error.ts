/** What kind of failure a vendor's answer, or its silence, is. */
export const VENDOR_ERROR_KINDS = [
  'auth',
  'forbidden',
  'not_found',
  'conflict',
  'rejected',
  'rate_limited',
  'unavailable',
  'timeout',
  'vendor_error',
  'invalid_response',
] as const;
export type VendorErrorKind = (typeof VENDOR_ERROR_KINDS)[number];

/** A field that a refusal names: ours by its path, with the vendor's words. */
export interface FieldFault {
  readonly field: string;
  readonly message: string;
}

/** Where and how a call failed. `outcome` says whether a write may have been applied: `unknown` must be looked into, never repeated. */
export interface VendorFailure {
  /** What was being done, in words: `list appointments`. */
  readonly operation: string;
  /** The vendor's HTTP status; null where it did not answer. */
  readonly status: number | null;
  /** The vendor's own error code, where it gives one. */
  readonly code: string | null;
  readonly retryAfterMs: number | null;
  readonly outcome: 'not_done' | 'unknown';
  readonly fields?: readonly FieldFault[];
}

/** The one error that leaves an adapter. Its message is safe to show: it holds no URL, no header and no body of the call. */
export class VendorError extends Error {
  constructor(
    readonly kind: VendorErrorKind,
    message: string,
    readonly at: VendorFailure,
  ) {
    // PostgreSQL keeps neither NUL nor half a surrogate pair.
    super(message.replace(/\p{Cs}/gu, '\ufffd').replaceAll('\u0000', ''));
    this.name = 'VendorError';
  }
}

/** The whereabouts of a call that was not made: no vendor was asked. */
export const notAsked = (operation: string, retryAfterMs: number | null = null): VendorFailure => ({
  operation,
  status: null,
  code: null,
  retryAfterMs,
  outcome: 'not_done',
});

/** A row of a vendor's error table: an answer with this status (and code) is of this kind. The first row that fits wins. */
export interface ErrorRow {
  readonly status?: number;
  readonly code?: string;
  readonly kind: VendorErrorKind;
}

/** What the HTTP standard makes of a status, for every vendor that says nothing more precise. */
export const ROWS_BY_STATUS: readonly ErrorRow[] = [
  { status: 401, kind: 'auth' },
  { status: 403, kind: 'forbidden' },
  { status: 404, kind: 'not_found' },
  { status: 408, kind: 'timeout' },
  { status: 409, kind: 'conflict' },
  { status: 410, kind: 'not_found' },
  { status: 429, kind: 'rate_limited' },
  { status: 502, kind: 'unavailable' },
  { status: 503, kind: 'unavailable' },
  { status: 504, kind: 'unavailable' },
];

/** The kind of an answer that is no success: the vendor's rows first, then the common ones, then 4xx and everything else. */
export function kindOf(rows: readonly ErrorRow[], status: number, code: string | null): VendorErrorKind {
  const fits = (row: ErrorRow): boolean =>
    (row.status === undefined || row.status === status) && (row.code === undefined || row.code === code);
  const row = rows.find(fits) ?? ROWS_BY_STATUS.find(fits);
  if (row) return row.kind;
  return status >= 400 && status < 500 ? 'rejected' : status >= 500 ? 'vendor_error' : 'invalid_response';
}
