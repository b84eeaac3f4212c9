import { secretsOf, type Auth } from './auth';
import { kindOf, VendorError } from './error';
import { parseJson } from './json';
import type { ForwardedAnswer, HttpPolicy } from './policy';
import { redactor, type Redactor } from './redact';
import { retryAfterMs } from './retry-after';
import type { Proof } from './sent';

/** An answer as it came in: any status, bytes. */
export interface RawAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, unknown>>;
  readonly data: Buffer;
}

/** The vendor answered, and it was no success: what decides about another try is an error, what the caller gets is the answer. */
export class Answered extends VendorError {
  constructor(
    readonly answer: ForwardedAnswer,
    { errors }: HttpPolicy,
    retryAfter: number | null,
  ) {
    const { status } = answer;
    super(kindOf(errors, status, null), `The vendor answered ${String(status)}`, {
      operation: 'passthrough',
      status,
      code: null,
      retryAfterMs: retryAfter,
      outcome: status >= 400 && status < 500 ? 'not_done' : 'unknown',
    });
  }
}

/** An answer as a caller may see it; Answered where it is a refusal. */
export function answerOf(raw: RawAnswer, policy: HttpPolicy, proof: Proof): ForwardedAnswer {
  const redact = redactorOf(policy.auth, proof);
  const headers = Object.fromEntries(
    Object.entries(raw.headers).map(([name, value]) => [name.toLowerCase(), String(value)]),
  );
  const answer = {
    status: raw.status,
    headers: Object.fromEntries(
      Object.entries(headers)
        .filter(([name]) => mayPass(name, headers['connection']))
        .map(([name, value]) => [redact.text(name), redact.text(value)]),
    ),
    ...bodyOf(raw.data, headers['content-type'], redact),
  };
  if (raw.status < 400) return answer;
  throw new Answered(answer, policy, retryAfterMs(headers, Date.now()));
}

function redactorOf(auth: Auth, { authorization }: Proof): Redactor {
  const proven = authorization?.split(' ')[1];
  return redactor({
    secrets: [...secretsOf(auth), ...(proven === undefined ? [] : [proven])],
    names: auth.kind === 'query' ? Object.keys(auth.parameters) : [],
  });
}

/** Of one connection between two machines, or no longer true of what was decoded here. */
const OF_THE_HOP = new Set([
  'connection',
  'keep-alive',
  'proxy-connection',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
  'content-length',
  'content-encoding',
]);
/** What proves who somebody is, or asks for it: cookies, challenges, tokens. */
const CREDENTIAL = /cookie|auth|token|secret|session|api-?key|password/;

function mayPass(name: string, connection = ''): boolean {
  const named = connection.toLowerCase().split(/\s*,\s*/);
  return !OF_THE_HOP.has(name) && !CREDENTIAL.test(name) && !named.includes(name);
}

/** JSON as it is (integers beyond 2^53 as strings, digit for digit), anything else base64; null where nothing came. */
function bodyOf(
  data: Buffer,
  type = '',
  redact: Redactor,
): Pick<ForwardedAnswer, 'body'> & Partial<Pick<ForwardedAnswer, 'encoding'>> {
  if (data.length === 0) return { body: null };
  const json = parsed(data, type);
  if (json) return { body: redact.json(json.value) };
  // One character for each byte, so that what is no text comes out as it went in.
  const bytes = Buffer.from(redact.text(data.toString('latin1')), 'latin1');
  return { body: bytes.toString('base64'), encoding: 'base64' };
}

function parsed(data: Buffer, type: string): { readonly value: unknown } | null {
  try {
    const text = new TextDecoder('utf-8', { fatal: true }).decode(data);
    // A bare number or word counts as JSON only where the vendor says so: a file may hold one, too.
    return /\bjson\b/i.test(type) || /^\s*[[{]/.test(text) ? { value: parseJson(text) } : null;
  } catch {
    return null;
  }
}
