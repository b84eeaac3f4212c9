import { scrubbed } from './auth';
import { kindOf, VendorError } from './error';
import type { RawAnswer } from './forward';
import { parseJson } from './json';
import type { HttpPolicy, VendorAnswer } from './policy';
import { retryAfterMs } from './retry-after';
import type { Sent } from './sent';

/** Reads an answer: JSON on a success, VendorError on anything else. */
export function read(
  { status, headers: given, data }: RawAnswer,
  sent: Sent,
  policy: HttpPolicy,
): VendorAnswer {
  const headers = Object.fromEntries(Object.entries(given).map(([name, value]) => [name, String(value)]));
  const body = parseBody(data);
  const isSuccess = status >= 200 && status < 300;
  // A read that brings nothing is no answer; a write may have nothing to say.
  const isNonsense = body === undefined || (body === null && sent.method === 'GET');
  if (isSuccess && !isNonsense) return { status, headers, body };
  const at = { operation: sent.operation, status, retryAfterMs: retryAfterMs(headers, Date.now()) };
  if (isSuccess) {
    throw new VendorError('invalid_response', 'The answer holds no JSON', {
      ...at,
      code: null,
      outcome: 'unknown',
    });
  }
  const { code, message, fields = [] } = isNonsense ? { code: null, message: null } : policy.explain(body);
  const outcome = status >= 400 && status < 500 ? 'not_done' : 'unknown';
  const said = scrubbed(message, policy.auth) ?? `The vendor answered ${String(status)}`;
  const faults = fields.map((one) => ({ ...one, message: scrubbed(one.message, policy.auth) ?? '' }));
  throw new VendorError(kindOf(policy.errors, status, code), said, { ...at, code, outcome, fields: faults });
}

/** The parsed body, null for an empty one, undefined for what is no JSON. */
function parseBody(data: Buffer): unknown {
  const text = data.toString('utf8').replace(/^\uFEFF/, '');
  if (text.trim() === '') return null;
  try {
    return parseJson(text);
  } catch {
    return undefined;
  }
}

const NEVER_SENT = new Set([
  'ECONNREFUSED',
  'ENOTFOUND',
  'EAI_AGAIN',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'EFORBIDDEN',
  'ECONNECTTIMEOUT',
]);
const TLS = /CERT|_TLS_|SELF_SIGNED|VERIFY/;
const TIMED_OUT = new Set(['ECONNABORTED', 'ETIMEDOUT', 'ERR_CANCELED']);

/** How far an exchange was when it ended without a whole answer. */
export interface BrokenOff {
  readonly operation: string;
  /** The status that was read; null where not even that came. */
  readonly status: number | null;
  readonly isLate: boolean;
}

/** No whole answer came: the vendor could not be reached, was too slow, or broke off. */
export function silence(error: unknown, { operation, status, isLate }: BrokenOff): VendorError {
  const code = (error as { code?: string }).code ?? '';
  const outcome = status === null && wasNeverSent(error, code) ? 'not_done' : 'unknown';
  const at = { operation, status, code: null, retryAfterMs: null, outcome } as const;
  if (isLate || (TIMED_OUT.has(code) && outcome === 'unknown'))
    return new VendorError('timeout', 'The vendor did not answer in time', at);
  if (status !== null || code.startsWith('HPE_'))
    return new VendorError('invalid_response', 'The answer broke off, is too large or cannot be read', at);
  const why = code === '' ? 'connection failed' : code;
  return new VendorError('unavailable', `The vendor cannot be reached (${why})`, at);
}

/** Whether the connection did not even come about. */
const wasNeverSent = (error: unknown, code: string): boolean =>
  NEVER_SENT.has(code) ||
  TLS.test(code) ||
  (error as { cause?: { syscall?: string } }).cause?.syscall === 'connect';
