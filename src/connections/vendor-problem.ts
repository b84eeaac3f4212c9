import type { VendorError, VendorErrorKind } from '../vendors/kit/error';
import { Problem, type ProblemCode } from '../platform/http/problems';

/** What a caller sees of each kind of a vendor's failure. */
const CODES: Record<VendorErrorKind, ProblemCode> = {
  auth: 'vendor_auth_failed',
  forbidden: 'vendor_forbidden',
  not_found: 'vendor_gone',
  conflict: 'conflict',
  rejected: 'vendor_rejected',
  rate_limited: 'vendor_rate_limited',
  unavailable: 'vendor_unavailable',
  timeout: 'vendor_timeout',
  vendor_error: 'vendor_error',
  invalid_response: 'vendor_invalid_response',
};
const DEFAULT_RETRY_SECONDS = 5;

/** The code that a vendor's failure is shown under. */
export const codeOf = (error: VendorError): ProblemCode => CODES[error.kind];

/** A vendor's failure as the caller's problem. */
export function vendorProblem(error: VendorError, vendor: string, staleAvailable?: boolean): Problem {
  const code = codeOf(error);
  const { status, code: vendorCode, retryAfterMs } = error.at;
  const asksToWait = code === 'vendor_unavailable' || code === 'vendor_rate_limited';
  const wait = retryAfterMs === null ? DEFAULT_RETRY_SECONDS : Math.max(1, Math.ceil(retryAfterMs / 1000));
  return new Problem(code, `${error.message} (${error.at.operation})`, {
    vendor: { name: vendor, status, code: vendorCode, message: error.message },
    ...(asksToWait ? { retryAfterSeconds: wait } : {}),
    ...(staleAvailable === undefined ? {} : { staleAvailable }),
  });
}
