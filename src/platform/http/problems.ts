/** Every code that an answer can carry, with its HTTP status, its title, and whether trying again later may help. */
export const PROBLEMS = {
  validation_failed: { status: 400, title: 'The request is not valid', retryable: false },
  cursor_invalid: { status: 400, title: 'The cursor does not belong to this list', retryable: false },
  malformed_request: { status: 400, title: 'The request cannot be read', retryable: false },
  malformed_json: { status: 400, title: 'The body is no readable JSON', retryable: false },
  unauthenticated: { status: 401, title: 'No valid API key was given', retryable: false },
  forbidden: { status: 403, title: 'The API key does not allow this', retryable: false },
  not_found: { status: 404, title: 'There is no such thing here', retryable: false },
  vendor_gone: { status: 404, title: 'The vendor no longer has the record', retryable: false },
  method_not_allowed: { status: 405, title: 'The method is not offered here', retryable: false },
  not_acceptable: { status: 406, title: 'Only JSON can be answered', retryable: false },
  request_timeout: { status: 408, title: 'The request did not arrive in time', retryable: true },
  conflict: { status: 409, title: 'The state of the record forbids this', retryable: false },
  slot_conflict: { status: 409, title: 'The practitioner is booked already then', retryable: false },
  idempotency_in_progress: {
    status: 409,
    title: 'The first request with this key has no outcome yet',
    retryable: true,
  },
  connection_disabled: { status: 409, title: 'The connection is disabled', retryable: false },
  version_mismatch: { status: 412, title: 'The record has changed since it was read', retryable: false },
  payload_too_large: { status: 413, title: 'The body is too large', retryable: false },
  unsupported_media_type: { status: 415, title: 'Only JSON is taken', retryable: false },
  capability_not_supported: { status: 422, title: 'The vendor cannot do that', retryable: false },
  idempotency_key_reused: {
    status: 422,
    title: 'The key was used for another request',
    retryable: false,
  },
  transition_not_allowed: {
    status: 422,
    title: 'The status cannot be reached from where the record stands',
    retryable: false,
  },
  vendor_rejected: { status: 422, title: 'The vendor refused the content', retryable: false },
  vendor_auth_failed: {
    status: 424,
    title: "The vendor refuses the connection's credentials",
    retryable: false,
  },
  vendor_forbidden: { status: 424, title: 'The vendor does not allow the connection this', retryable: false },
  request_too_long: { status: 431, title: 'The request line and headers are too long', retryable: false },
  rate_limited: { status: 429, title: 'Too many requests', retryable: true },
  internal_error: { status: 500, title: 'The gateway failed', retryable: true },
  vendor_error: { status: 502, title: 'The vendor failed', retryable: true },
  vendor_invalid_response: { status: 502, title: 'The vendor answered nonsense', retryable: true },
  unavailable: { status: 503, title: 'The gateway cannot serve requests now', retryable: true },
  vendor_unavailable: { status: 503, title: 'The vendor cannot be reached', retryable: true },
  vendor_rate_limited: { status: 503, title: "The vendor's limit is spent", retryable: true },
  vendor_timeout: { status: 504, title: 'The vendor did not answer in time', retryable: true },
} as const satisfies Record<string, { status: number; title: string; retryable: boolean }>;
export type ProblemCode = keyof typeof PROBLEMS;

/** One wrong part of a request: `pointer` into the body, or the name of a query or path `parameter`. */
export interface FieldError {
  readonly pointer?: string;
  readonly parameter?: string;
  readonly code: string;
  readonly message: string;
}

/** What a problem may tell beyond its code. Nothing of it may hold a secret or a client's data. */
export interface ProblemExtras {
  readonly errors?: readonly FieldError[];
  readonly retryAfterSeconds?: number;
  readonly vendor?: {
    readonly name: string;
    readonly status: number | null;
    readonly code: string | null;
    readonly message: string;
  };
  readonly staleAvailable?: boolean;
  /** The vendor may have applied what was sent: nobody knows. */
  readonly outcome?: 'unknown';
  readonly headers?: Readonly<Record<string, string>>;
}

/** An answer that is no success: thrown anywhere, written as RFC 9457 problem+json by the filter. */
export class Problem extends Error {
  constructor(
    readonly code: ProblemCode,
    detail: string,
    readonly extras: ProblemExtras = {},
  ) {
    super(detail);
    this.name = 'Problem';
  }
}

/** One wrong parameter of the query or the path. */
export const wrongParameter = (
  parameter: string,
  message: string,
  code: ProblemCode = 'validation_failed',
): Problem => new Problem(code, message, { errors: [{ parameter, code: 'invalid', message }] });

/** One wrong member of the body, named by its JSON pointer. */
export const wrongField = (pointer: string, message: string): Problem =>
  new Problem('validation_failed', message, { errors: [{ pointer, code: 'invalid', message }] });

/** The record is not there, or not the caller's: the two look the same. */
export const notFound = (): Problem => new Problem('not_found', 'No such record exists, or it is not yours');

/** The body of a problem as it is sent. */
export function problemBody(
  problem: Problem,
  { instance, requestId }: { instance: string; requestId: string },
): object {
  const { status, title, retryable } = PROBLEMS[problem.code];
  const { errors, retryAfterSeconds, vendor, staleAvailable, outcome } = problem.extras;
  return {
    type: `/problems/${problem.code}`,
    title,
    status,
    detail: problem.message,
    instance,
    code: problem.code,
    requestId,
    origin: vendor ? 'vendor' : 'gateway',
    retryable,
    ...(errors ? { errors } : {}),
    ...(retryAfterSeconds === undefined ? {} : { retryAfterSeconds }),
    ...(vendor ? { vendor } : {}),
    ...(staleAvailable === undefined ? {} : { staleAvailable }),
    ...(outcome === undefined ? {} : { outcome }),
  };
}
