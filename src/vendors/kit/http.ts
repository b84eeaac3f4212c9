import { Agent as HttpAgent } from 'node:http';
import { Agent as HttpsAgent } from 'node:https';
import axios, { AxiosError, type AxiosInstance, type AxiosResponse } from 'axios';
import { DelegateBackoff, handleWhen, retry } from 'cockatiel';
import { serves, type Auth, type IssuedToken, type LoginRequest, type TokenStore } from './auth';
import { kindOf, VendorError, type ErrorRow } from './error';
import { parseJson } from './json';
import type { LimitGate, Limits } from './limits';
import { pauseMs, retryAfterMs } from './retry-after';
import { queryString, type Query } from './url';

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

const FIRST_BYTE_MS = 10_000;
const WHOLE_READ_MS = 30_000;
const WHOLE_WRITE_MS = 20_000;
const MAX_BYTES = 8 * 1024 * 1024;
const RETRIES = 2;

const agents = {
  httpAgent: new HttpAgent({ keepAlive: true, maxSockets: 64 }),
  httpsAgent: new HttpsAgent({ keepAlive: true, maxSockets: 64 }),
};

/** One client for all connections: no redirects, no proxy, text in, any status out. Credentials are added to each call. */
const client: AxiosInstance = axios.create({
  ...agents,
  maxRedirects: 0,
  proxy: false,
  timeout: FIRST_BYTE_MS,
  maxContentLength: MAX_BYTES,
  maxBodyLength: MAX_BYTES,
  responseType: 'text',
  transformResponse: (body: unknown) => body,
  validateStatus: () => true,
});

/** Ends idle connections to vendors, so that a process can stop. */
export function closeVendorConnections(): void {
  agents.httpAgent.destroy();
  agents.httpsAgent.destroy();
}

interface Sent {
  readonly operation: string;
  readonly method: string;
  readonly url: string;
  readonly headers: Record<string, string>;
  readonly data?: string;
}

/** Sends once and reads the answer; refusals and silence become VendorError. */
async function send(
  sent: Sent,
  policy: HttpPolicy,
  report: HttpEnvironment['report'],
): Promise<VendorAnswer> {
  const started = performance.now();
  const isRead = sent.method === 'GET';
  let response: AxiosResponse<string> | null = null;
  try {
    response = await client.request<string>({
      method: sent.method,
      url: sent.url,
      headers: sent.headers,
      data: sent.data,
      signal: AbortSignal.timeout(isRead ? WHOLE_READ_MS : WHOLE_WRITE_MS),
    });
  } catch (error) {
    throw silence(error, sent);
  } finally {
    report({
      operation: sent.operation,
      status: response?.status ?? null,
      durationMs: performance.now() - started,
    });
  }
  return read(response, sent, policy);
}

const NEVER_SENT = new Set(['ECONNREFUSED', 'ENOTFOUND', 'EAI_AGAIN', 'EHOSTUNREACH', 'ENETUNREACH']);
const TIMED_OUT = new Set(['ECONNABORTED', 'ETIMEDOUT', 'ERR_CANCELED']);

/** No whole answer came: it could not be reached, it was too slow, or it broke off. */
function silence(error: unknown, { operation }: Sent): VendorError {
  const code = error instanceof AxiosError ? (error.code ?? '') : '';
  const outcome = NEVER_SENT.has(code) ? 'not_done' : 'unknown';
  const at = { operation, status: null, code: null, retryAfterMs: null, outcome } as const;
  if (TIMED_OUT.has(code)) return new VendorError('timeout', 'The vendor did not answer in time', at);
  if (code === 'ERR_BAD_RESPONSE')
    return new VendorError('invalid_response', 'The answer broke off or is too large', at);
  return new VendorError(
    'unavailable',
    `The vendor cannot be reached (${code === '' ? 'connection failed' : code})`,
    at,
  );
}

function read(
  response: AxiosResponse<string>,
  { operation, method }: Sent,
  policy: HttpPolicy,
): VendorAnswer {
  const { status } = response;
  const headers = Object.fromEntries(
    Object.entries(response.headers).map(([name, value]) => [name, String(value)]),
  );
  const isSuccess = status >= 200 && status < 300;
  const body = parseBody(response.data);
  const isAnswer = body !== undefined && (body !== null || method !== 'GET');
  if (isSuccess && isAnswer) return { status, headers, body };
  const { code, message } = isSuccess || !isAnswer ? { code: null, message: null } : policy.explain(body);
  const kind = isSuccess ? 'invalid_response' : kindOf(policy.errors, status, code);
  const outcome = status >= 400 && status < 500 ? 'not_done' : 'unknown';
  const said = isSuccess ? 'The answer holds no JSON' : (message ?? `The vendor answered ${String(status)}`);
  throw new VendorError(kind, said, {
    operation,
    status,
    code,
    retryAfterMs: retryAfterMs(headers, Date.now()),
    outcome,
  });
}

/** The parsed body, null for an empty one, undefined for what is no JSON. */
function parseBody(text: string): unknown {
  if (text.trim() === '') return null;
  try {
    return parseJson(text);
  } catch {
    return undefined;
  }
}

const RETRYABLE = new Set(['rate_limited', 'unavailable', 'timeout', 'vendor_error', 'invalid_response']);

/** Reads are tried again, with the pauses that the vendor asks for; a write never is once it may have left. */
function patiently<T>(method: string, patienceMs: number, attempt: () => Promise<T>): Promise<T> {
  const again = (error: Error): boolean =>
    error instanceof VendorError &&
    RETRYABLE.has(error.kind) &&
    (method === 'GET' || error.at.outcome === 'not_done') &&
    (error.at.retryAfterMs ?? 0) <= patienceMs;
  const backoff = new DelegateBackoff<{ attempt: number; result: unknown }>(({ attempt: nth, result }) => {
    const asked =
      result !== null &&
      typeof result === 'object' &&
      'error' in result &&
      result.error instanceof VendorError
        ? result.error.at.retryAfterMs
        : null;
    return pauseMs(nth, asked);
  });
  return retry(handleWhen(again), { maxAttempts: RETRIES, backoff }).execute(attempt);
}

/** Makes the client of one connection: authenticates, waits for the vendor's limits, retries what may be repeated. */
export function vendorHttp(policy: HttpPolicy, environment: HttpEnvironment): VendorHttp {
  const { tokens, gate, patienceMs, report } = environment;

  const login = (auth: Extract<Auth, { kind: 'login' }>): Promise<IssuedToken> =>
    auth.login(async ({ url, json, form }: LoginRequest) => {
      const absolute = url.startsWith('/') ? policy.baseUrl + url : url;
      const contentType = form ? 'application/x-www-form-urlencoded' : 'application/json';
      const headers = { accept: 'application/json', 'content-type': contentType };
      const data = form ? queryString(form) : JSON.stringify(json);
      const sent = { operation: 'log in', method: 'POST', url: absolute, headers, data };
      return (await gate.run(policy.limits, () => send(sent, policy, report))).body;
    });

  const tokenFor = async (auth: Extract<Auth, { kind: 'login' }>): Promise<IssuedToken> => {
    const held = await tokens.current();
    return held !== null && serves(held, Date.now()) ? held : tokens.renew(held, () => login(auth));
  };

  const attempt = async (request: VendorRequest, token: IssuedToken | null): Promise<VendorAnswer> => {
    const { auth } = policy;
    const query = queryString({ ...request.query, ...(auth.kind === 'query' ? auth.parameters : {}) });
    const traceparent = environment.traceparent();
    const headers: Record<string, string> = {
      accept: 'application/json',
      ...(request.json === undefined ? {} : { 'content-type': 'application/json' }),
      ...policy.headers,
      ...request.headers,
      ...(traceparent === undefined ? {} : { traceparent }),
      ...authorization(auth, token),
    };
    const url = `${policy.baseUrl}${request.path}${query === '' ? '' : `${request.path.includes('?') ? '&' : '?'}${query}`}`;
    const data = request.json === undefined ? {} : { data: JSON.stringify(request.json) };
    const sent: Sent = {
      operation: request.operation,
      method: request.method ?? 'GET',
      url,
      headers,
      ...data,
    };
    return gate.run(policy.limits, () => send(sent, policy, report));
  };

  const authenticated = async (request: VendorRequest): Promise<VendorAnswer> => {
    const { auth } = policy;
    if (auth.kind !== 'login') return attempt(request, null);
    const token = await tokenFor(auth);
    try {
      return await attempt(request, token);
    } catch (error) {
      if (!(error instanceof VendorError) || error.kind !== 'auth') throw error;
      return attempt(request, await tokens.renew(token, () => login(auth)));
    }
  };

  return {
    baseUrl: policy.baseUrl,
    request: (request) => patiently(request.method ?? 'GET', patienceMs, () => authenticated(request)),
  };
}

function authorization(auth: Auth, token: IssuedToken | null): Record<string, string> {
  switch (auth.kind) {
    case 'basic':
      return { authorization: `Basic ${Buffer.from(`${auth.user}:${auth.password}`).toString('base64')}` };
    case 'bearer':
      return { authorization: `Bearer ${auth.token}` };
    case 'login':
      return { authorization: `Bearer ${token?.token ?? ''}` };
    case 'query':
      return {};
  }
}
